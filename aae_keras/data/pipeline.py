"""From images to tf.data: batches in an order that is a function of (seed, epoch) alone.

A data set that shuffles itself would start anew when a run resumes. Here the order of an epoch is
computed from its number, held in a variable that counts epochs and that a resumed run sets.
"""

import numpy as np
import tensorflow as tf

from aae_keras.data.images import Images

EVALUATION_BATCH = 500
AHEAD = 2  # batches of training that are made while the step before runs
# Of images that lie on disk, so many bytes may be held in memory: the labelled ones, as a rule.
HELD_BYTES = 256 * 2**20


def training_set(
    images: Images,
    labels: np.ndarray,
    unlabeled_rows: np.ndarray,
    labeled_rows: np.ndarray,
    batch_size: int,
    labeled_batch_size: int,
    seed: int,
    distances: np.ndarray | None = None,
) -> tuple[tf.data.Dataset, tf.Variable]:
    """One epoch a pass over the unlabelled images, the labelled ones cycled within it.

    Every batch is full: the images that are left over, others in each epoch, wait for the next.

    Args:
        images: The training part.
        labels: int64, shape (n,): class numbers; -1, no label, in unlabelled rows alone.
        unlabeled_rows, labeled_rows: Which of the images are used as which kind.
        batch_size, labeled_batch_size: Images of each kind in a step.
        seed: With the epoch it decides the order.
        distances: float32, shape (number of unlabelled rows,): how far each image is from its
            neighbours; None leaves them out.

    Returns:
        The data set, of elements `({"unlabeled": images, "labeled": images}, labels)`, or of
        `({"unlabeled": images},)` if there are no labelled rows, with `distances` (batch,) beside
        the images where they are given; and the scalar `tf.Variable` with
        the number of the epoch that the next iteration will give.
    """
    steps = len(unlabeled_rows) // batch_size
    has_labels = len(labeled_rows) > 0
    largest_label = labels[labeled_rows].max(initial=-1)
    labels = tf.constant(labels[labeled_rows])
    labeled_images, labeled_rows = images.loaded(labeled_rows, HELD_BYTES)
    next_epoch = tf.Variable(0, dtype="int64", trainable=False, name="next_epoch")

    def epoch(_: tf.Tensor) -> tf.data.Dataset:
        epoch = next_epoch.read_value()
        next_epoch.assign_add(1)
        unlabeled = images.batches(unlabeled_rows, batch_size, steps, [seed, 2 * epoch])
        if not has_labels:
            return tf.data.Dataset.zip((unlabeled,))
        labeled = labeled_images.batches(
            labeled_rows, labeled_batch_size, steps, [seed, 2 * epoch + 1]
        )
        return tf.data.Dataset.zip(unlabeled, labeled)

    def element(unlabeled: tuple, labeled: tuple | None = None) -> tuple:
        places, unlabeled_images = unlabeled
        inputs = {"unlabeled": unlabeled_images}
        if distances is not None:
            inputs["distances"] = tf.gather(distances, places)
        if labeled is None:
            return (inputs,)
        places, labeled_images = labeled
        return inputs | {"labeled": labeled_images}, tf.gather(labels, places)

    dataset = tf.data.Dataset.from_tensors(0).flat_map(epoch).map(element)
    dataset = dataset.apply(tf.data.experimental.assert_cardinality(steps))
    return _finished(dataset.prefetch(AHEAD), largest_label), next_epoch


def evaluation_set(images: np.ndarray, labels: np.ndarray | None) -> tf.data.Dataset:
    """Batches in the order given: `(images, labels)`, or `(images,)` where there are no labels."""
    if labels is not None and not (labels >= 0).all():
        labels = None
    arrays = (images,) if labels is None else (images, labels)
    dataset = tf.data.Dataset.from_tensor_slices(arrays).batch(EVALUATION_BATCH)
    return _finished(dataset, -1 if labels is None else labels.max(initial=-1))


def _finished(dataset, largest_label):
    """A data set as `fit` and `evaluate` take it.

    Without autotuning: its thread looks again after twice the time of its last look, and an
    iterator waits for it at its end, of an epoch say: up to as long as the epoch took.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    dataset = dataset.with_options(options)
    # These labels have been checked: who is given the set does not look again.
    dataset.largest_label = int(largest_label)
    return dataset
