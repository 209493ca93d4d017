"""Who sees which image: labelled and unlabelled training, validation, test."""

import dataclasses
import hashlib
import logging

import numpy as np

from aae_keras.data.defaults import TEST_FRACTION, VALIDATION_SIZE
from aae_keras.data.source import DataError, Source
from aae_keras.data.streaming import StreamedImages

log = logging.getLogger(__name__)

MAX_VALIDATION_SHARE = 0.2


@dataclasses.dataclass(frozen=True)
class Split:
    """The training part of a data set by rows, and its test part.

    Attributes:
        images, labels: The training part, uint8 (or `StreamedImages`) and int64; rows below
            index them.
        labeled_rows: Rows whose labels training may see.
        unlabeled_rows: Rows whose images training may see.
        validation_rows: Rows that training sees nothing of.
        test_images, test_labels: Held out for `evaluate`.
        class_names: One string per class.
    """

    images: np.ndarray
    labels: np.ndarray
    labeled_rows: np.ndarray
    unlabeled_rows: np.ndarray
    validation_rows: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    class_names: tuple

    def fingerprint(self):
        """Sixteen hexadecimal digits of the training part's content and of who sees what."""
        digest = hashlib.sha256(repr((self.images.shape, self.class_names)).encode())
        streamed = isinstance(self.images, StreamedImages)
        images = self.images.fingerprint() if streamed else self.images
        for content in (images, self.labels, self.labeled_rows, self.validation_rows):
            digest.update(content if isinstance(content, bytes) else np.ascontiguousarray(content))
        return digest.hexdigest()[:16]


def split_source(
    source,
    num_labeled=0,
    validation_size=VALIDATION_SIZE,
    test_fraction=TEST_FRACTION,
    seed=0,
    split_seed=0,
    use_labels=True,
):
    """Split a data set.

    Labelled rows go to training first, then to validation; the rest is unlabelled training data.
    With `num_labeled=0` training takes every label but validation's share.

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
        DataError: If there are fewer labels than asked for, in all or of one class.
    """
    if source.test_images is None:
        source = _hold_out_test(source, test_fraction, split_seed)
    random = np.random.default_rng([seed, 1])
    known = random.permutation(np.flatnonzero(source.labels >= 0))
    if use_labels and not len(known):
        raise DataError("The training part has no labels, and this setting needs some.")
    num_validation = _validation_count(validation_size, len(source.labels))
    if not use_labels:
        labeled = known[:0]
        if num_labeled:
            log.warning("This setting learns without labels: num_labeled is not used.")
    elif num_labeled:
        labeled = _balanced(source, known, num_labeled, random)
    else:
        labeled = known[min(num_validation, int(MAX_VALIDATION_SHARE * len(known))) :]
    labeled = np.sort(labeled)
    spare = np.setdiff1d(known, labeled)
    if use_labels and not len(spare) and num_validation:
        spare = np.flatnonzero(source.labels < 0)
        log.warning(
            "No labels are left for validation: it has no error rate, and %d images.",
            min(len(spare), num_validation),
        )
    elif use_labels and len(spare) < num_validation:
        log.warning(
            "Only %d labelled images are left for validation, %d were asked for.",
            len(spare),
            num_validation,
        )
    validation = random.permutation(spare)[:num_validation]
    if not use_labels:
        others = random.permutation(np.flatnonzero(source.labels < 0))
        validation = np.concatenate([validation, others[: num_validation - len(validation)]])
    taken = np.concatenate([labeled, validation])
    unlabeled = np.setdiff1d(np.arange(len(source.labels)), taken)
    if len(unlabeled) < len(labeled):
        # An epoch is a pass over them: a few would make it a few steps.
        if len(unlabeled):
            reason = f"{len(unlabeled)} training images have no label, fewer than have one"
        else:
            reason = "Every training image is labelled"
        log.warning("%s: these serve as unlabelled ones too.", reason)
        unlabeled = np.union1d(unlabeled, labeled)
    return Split(
        source.images,
        source.labels,
        labeled,
        unlabeled,
        np.sort(validation),
        source.test_images,
        source.test_labels,
        source.class_names,
    )


def _hold_out_test(source, test_fraction, split_seed):
    """Move `test_fraction` of each class (of all images if there are no labels) to a test part."""
    random = np.random.default_rng([split_seed, 2])
    test = []
    for label in range(len(source.class_names)):
        rows = random.permutation(np.flatnonzero(source.labels == label))
        test.append(rows[: round(test_fraction * len(rows))])
    if (source.labels < 0).all():
        rows = random.permutation(len(source.labels))
        test = [rows[: round(test_fraction * len(rows))]]
    test = np.sort(np.concatenate(test))
    if not len(test):
        log.warning("There are too few labelled images to hold any out for test.")
    train = np.setdiff1d(np.arange(len(source.labels)), test)
    streamed = isinstance(source.images, StreamedImages)
    return Source(
        source.images.subset(train) if streamed else source.images[train],
        source.labels[train],
        source.class_names,
        source.images[test],
        source.labels[test],
    )


def _validation_count(validation_size, num_images):
    count = validation_size if validation_size >= 1 else validation_size * num_images
    limit = MAX_VALIDATION_SHARE * num_images
    if count > limit:
        log.warning("Validation is at most a fifth of the training part: %d images.", limit)
    return int(min(count, limit))


def _balanced(source, known, num_labeled, random):
    """Draw `num_labeled` of the shuffled rows `known`, as equally from the classes as can be."""
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
