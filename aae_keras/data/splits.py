"""Who sees which image: labelled and unlabelled training, validation, test."""

import dataclasses
import hashlib
import logging

import numpy as np

from aae_keras.data.defaults import TEST_FRACTION, VALIDATION_SIZE
from aae_keras.data.images import Images
from aae_keras.data.memory import as_images
from aae_keras.data.names import check_classes
from aae_keras.data.source import DataError, Source

log = logging.getLogger(__name__)

MAX_VALIDATION_SHARE = 0.2
# Of the classes that no label teaches, so many are named.
NAMED = 5


@dataclasses.dataclass(frozen=True)
class Split:
    """The training part of a data set by rows, and its test part.

    Attributes:
        images, labels: The training part, `Images` and int64; rows below index them.
        labeled_rows: Rows whose labels training may see.
        unlabeled_rows: Rows whose images training may see.
        validation_rows: Rows that training sees nothing of.
        test_images, test_labels: Held out for `evaluate`: uint8 and int64 arrays.
        class_names: One string per class.
        names: What a table of labels calls each image of the training part: paths below the data's
            folder, or int64 row numbers before any test part was held out.
    """

    images: Images
    labels: np.ndarray
    labeled_rows: np.ndarray
    unlabeled_rows: np.ndarray
    validation_rows: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    class_names: tuple[str, ...]
    names: np.ndarray

    @property
    def names_are_paths(self) -> bool:
        """Whether the images are files of their own, not rows."""
        return not np.issubdtype(self.names.dtype, np.integer)

    def shuffled_validation_rows(self) -> np.ndarray:
        """The same order always, for who looks at parts: those of a folder stand class by class."""
        return np.random.default_rng(0).permutation(self.validation_rows)

    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits of the training part's content and of who sees what."""
        digest = hashlib.sha256(repr((self.images.shape, self.class_names)).encode())
        digest.update(self.images.content())
        for content in (self.labels, self.labeled_rows, self.validation_rows):
            digest.update(np.ascontiguousarray(content).data)
        return digest.hexdigest()[:16]


def split_source(
    source: Source,
    num_labeled: int = 0,
    validation_size: float = VALIDATION_SIZE,
    test_fraction: float = TEST_FRACTION,
    seed: int = 0,
    split_seed: int = 0,
    use_labels: bool = True,
) -> Split:
    """Split a data set.

    Labelled rows go to training first, then to validation; the rest is unlabelled training data.
    With `num_labeled=0` training takes every label but validation's share. A source that sets rows
    apart for validation has these for it, whatever `validation_size` is.

    Args:
        source: A `Source`.
        num_labeled: Labels for training, balanced over the classes; 0: all.
        validation_size: A count, or below 1 a fraction of the training part; at most a fifth.
        test_fraction: Share of each class held out where the source has no test part.
        seed: Decides which rows are labelled and which validate.
        split_seed: Decides the hold-out of `test_fraction`.
        use_labels: Whether training needs labels. If not, it sees images only, all but those for
            validation, which are labelled ones as far as there are any.

    Raises:
        DataError: If a class's name cannot be used, see `names.check_classes`; if labels are needed
            and there is one class, or there are fewer labels than asked for, in all or of one.
    """
    check_classes(source.class_names)
    if use_labels and len(source.class_names) == 1:
        raise DataError(
            f"There is one class alone, {source.class_names[0]!r}: whatever a model learns of it, "
            "it would never be wrong. Add the images of another class, with a folder or number of "
            "its own, or choose a setting without labels, such as --setting=clustering."
        )
    if source.names is None:
        source = dataclasses.replace(source, names=np.arange(len(source.labels)))
    if source.test_images is None or source.test_labels is None:
        source, test_images, test_labels = _hold_out_test(source, test_fraction, split_seed)
    else:
        test_images, test_labels = source.test_images, source.test_labels
    if num_labeled and not use_labels:
        log.warning("This setting learns without labels: num_labeled is not used.")
    random = np.random.default_rng([seed, 1])
    labeled, validation = _who_sees(source, num_labeled, validation_size, use_labels, random)
    if use_labels:
        _name_untaught(source, labeled)
    return Split(
        images=as_images(source.images),
        labels=source.labels,
        labeled_rows=labeled,
        unlabeled_rows=_unlabeled_rows(len(source.labels), labeled, validation),
        validation_rows=validation,
        test_images=test_images,
        test_labels=test_labels,
        class_names=source.class_names,
        names=np.asarray(source.names),
    )


def _who_sees(source, num_labeled, validation_size, use_labels, random):
    """Rows whose labels training sees, and rows that validate."""
    own = source.validation_rows
    if own is not None:
        rest = _without_labels(source, own)
        return (_labeled_rows(rest, num_labeled, 0, random) if use_labels else np.arange(0)), own
    count = _validation_count(validation_size, len(source.labels))
    if not use_labels:
        return np.arange(0), _validation_rows_without_labels(source.labels, count, random)
    labeled = _labeled_rows(source, num_labeled, count, random)
    return labeled, _validation_rows(source.labels, labeled, count, random)


def _without_labels(source, rows):
    """The source with the labels of some rows unknown."""
    labels = source.labels.copy()
    labels[rows] = -1
    return dataclasses.replace(source, labels=labels)


def _labeled_rows(source, num_labeled, num_validation, random):
    """Who is labelled: `num_labeled` rows of balanced classes, or all but validation's share."""
    known = random.permutation(np.flatnonzero(source.labels >= 0))
    if not len(known):
        raise DataError("The training part has no labels, and this setting needs some.")
    if num_labeled:
        return np.sort(_balanced(source, known, num_labeled, random))
    share = min(num_validation, int(MAX_VALIDATION_SHARE * len(known)))
    spared, taught = known[:share], known[share:]
    # A class whose labels all fell to validation keeps one: what it is, nothing else could say.
    of_others = ~np.isin(source.labels[spared], source.labels[taught])
    firsts = np.unique(source.labels[spared[of_others]], return_index=True)[1]
    return np.sort(np.concatenate([taught, spared[of_others][firsts]]))


def _name_untaught(source, labeled):
    """Name the classes that training sees no label of."""
    numbers = np.setdiff1d(np.arange(len(source.class_names)), source.labels[labeled])
    if len(numbers):
        names = ", ".join(source.class_names[number] for number in numbers[:NAMED])
        more = f" and {len(numbers) - NAMED} more" if len(numbers) > NAMED else ""
        log.warning("Classes that no label teaches: %s%s.", names, more)


def _validation_rows(labels, labeled, num_validation, random):
    """Who validates: rows with a label that training does not take, others if there are none."""
    spare = np.setdiff1d(np.flatnonzero(labels >= 0), labeled)
    if not len(spare) and num_validation:
        spare = np.flatnonzero(labels < 0)
        log.warning(
            "No labels are left for validation: it has %d images without, and no error rate.",
            min(len(spare), num_validation),
        )
    elif len(spare) < num_validation:
        log.warning(
            "Only %d labelled images are left for validation, in place of %d.",
            len(spare),
            num_validation,
        )
    return np.sort(random.permutation(spare)[:num_validation])


def _validation_rows_without_labels(labels, num_validation, random):
    """Who validates where training needs no labels: rows with a label first, then others."""
    known, others = np.flatnonzero(labels >= 0), np.flatnonzero(labels < 0)
    # Not used, but published splits were made with this permutation before the one that counts.
    random.permutation(known)
    scored = random.permutation(known)[:num_validation]
    unscored = random.permutation(others)[: num_validation - len(scored)]
    return np.sort(np.concatenate([scored, unscored]))


def _unlabeled_rows(num_rows, labeled, validation):
    """Who is unlabelled: the rest; the labelled rows too where they outnumber it."""
    rest = np.setdiff1d(np.arange(num_rows), np.concatenate([labeled, validation]))
    if len(rest) >= len(labeled):
        return rest
    # An epoch is a pass over them: a few would make it a few steps.
    if len(rest):
        reason = f"{len(rest)} training images have no label, fewer than have one"
    else:
        reason = "Every training image is labelled"
    log.warning("%s: these serve as unlabelled ones too.", reason)
    return np.union1d(rest, labeled)


def _share(fraction, count):
    """How many of so many are held out: one at least is left to train on."""
    return max(min(round(fraction * count), count - 1), 0)


def _hold_out_test(source, test_fraction, split_seed):
    """Take `test_fraction` of each class (of all images if there are no labels) for test.

    Returns:
        The `Source` that is left, the test images and their labels.
    """
    random = np.random.default_rng([split_seed, 2])
    reserved = np.arange(0) if source.validation_rows is None else source.validation_rows
    free = np.setdiff1d(np.arange(len(source.labels)), reserved)
    test = []
    for label in range(len(source.class_names)):
        rows = random.permutation(free[source.labels[free] == label])
        test.append(rows[: _share(test_fraction, len(rows))])
    if (source.labels[free] < 0).all():
        rows = random.permutation(free)
        test = [rows[: _share(test_fraction, len(rows))]]
    test = np.sort(np.concatenate(test))
    if not len(test):
        log.warning("There are too few labelled images to hold any out for test.")
    train = np.setdiff1d(np.arange(len(source.labels)), test)
    images = as_images(source.images)
    rest = dataclasses.replace(
        source,
        images=images.subset(train),
        labels=source.labels[train],
        names=source.names[train],
        validation_rows=np.searchsorted(train, reserved) if len(reserved) else None,
    )
    return rest, images[test], source.labels[test]


def _validation_count(validation_size, num_images):
    count = validation_size if validation_size >= 1 else validation_size * num_images
    limit = MAX_VALIDATION_SHARE * num_images
    if count > limit:
        log.warning("Validation is at most a fifth of the training part: %d images.", limit)
    return int(min(count, limit))


def _balanced(source, known, num_labeled, random):
    """`num_labeled` of the shuffled rows `known`, as equally from the classes as can be."""
    if num_labeled > len(known):
        raise DataError(
            f"Asked for {num_labeled} labels, but the training part has {len(known)}. Lower "
            "--num_labeled; 0 takes them all."
        )
    num_classes = len(source.class_names)
    share, rest = divmod(num_labeled, num_classes)
    extra = set(random.permutation(num_classes)[:rest])
    chosen = []
    for label, name in enumerate(source.class_names):
        wanted = share + (label in extra)
        rows = known[source.labels[known] == label]
        if len(rows) < wanted:
            raise DataError(
                f"Class {name!r} has {len(rows)} labelled training images, but {num_labeled} "
                f"labels over {num_classes} classes ask for {wanted} of it. Lower --num_labeled; "
                "0 takes every label there is, balanced or not."
            )
        chosen.append(rows[:wanted])
    return np.concatenate(chosen)
