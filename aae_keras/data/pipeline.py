"""From images to tf.data: batches in an order that is a function of (seed, epoch) alone.

A data set that shuffles itself would start anew when a run resumes. Here the order of an epoch is
computed from its number, held in a variable that counts epochs and that a resumed run sets.
"""

import functools
import math

import tensorflow as tf

from aae_keras import noise
from aae_keras.data.streaming import StreamedImages

EVALUATION_BATCH = 500
# Of images that lie on disk, so many bytes may be held in memory: the labelled ones, as a rule.
HELD_BYTES = 256 * 2**20


def training_set(
    images, labels, unlabeled_rows, labeled_rows, batch_size, labeled_batch_size, seed
):
    """One epoch a pass over the unlabelled images, the labelled ones cycled within it.

    Every batch is full: the images that are left over, others in each epoch, wait for the next.

    Args:
        images: uint8, shape (n, height, width, channels): an array or `StreamedImages`.
        labels: int64, shape (n,).
        unlabeled_rows, labeled_rows: Which of them.
        batch_size, labeled_batch_size: Rows of each kind in a step.
        seed: With the epoch it decides the order.

    Returns:
        The data set, of elements `({"unlabeled": images, "labeled": images}, labels)`, or of
        `({"unlabeled": images},)` if there are no labelled rows, and the scalar `tf.Variable` with
        the number of the epoch that the next iteration will give.
    """
    steps = len(unlabeled_rows) // batch_size
    unlabeled_batches = batches_of(images, unlabeled_rows)
    has_labels = len(labeled_rows) > 0
    labeled_batches = batches_of(images, labeled_rows, HELD_BYTES) if has_labels else None
    labels = tf.constant(labels)
    next_epoch = tf.Variable(0, dtype="int64", trainable=False, name="next_epoch")

    def epoch(_):
        epoch = next_epoch.read_value()
        next_epoch.assign_add(1)
        unlabeled = unlabeled_batches(batch_size, steps, [seed, 2 * epoch])
        if not has_labels:
            return tf.data.Dataset.zip((unlabeled,))
        labeled = labeled_batches(labeled_batch_size, steps, [seed, 2 * epoch + 1])
        return tf.data.Dataset.zip(unlabeled, labeled)

    def element(unlabeled, labeled=None):
        if labeled is None:
            return ({"unlabeled": unlabeled[1]},)
        inputs = {"unlabeled": unlabeled[1], "labeled": labeled[1]}
        return inputs, tf.gather(labels, labeled[0])

    dataset = tf.data.Dataset.from_tensors(0).flat_map(epoch).map(element)
    dataset = dataset.apply(tf.data.experimental.assert_cardinality(steps))
    return dataset.prefetch(tf.data.AUTOTUNE), next_epoch


def batches_of(images, rows, held_bytes=0):
    """A function of (batch_size, steps, seed) that gives a data set of `(rows, images)`.

    Args:
        images: Array of them all, or `StreamedImages`.
        rows: Which of them, an array.
        held_bytes: Of streamed images, up to so many bytes are read into memory once.
    """
    if not isinstance(images, StreamedImages):
        return functools.partial(held_batches, lambda chosen: images[rows[chosen]], images, rows)
    if len(rows) * math.prod(images.shape[1:]) > held_bytes:
        return functools.partial(images.batches, rows)
    held = images[rows]
    return functools.partial(held_batches, held.__getitem__, held, rows)


def held_batches(read, images, rows, batch_size, steps, seed):
    """As `StreamedImages.batches`, of images in memory: `read` takes their ranks in `rows`."""
    order = tf.reshape(epoch_order(len(rows), steps * batch_size, seed), [steps, batch_size])

    def gather(chosen):
        # Not by `tf.gather`: it needs a tensor, and making one holds the images three times over.
        gathered = tf.numpy_function(read, [chosen], tf.uint8)
        gathered = tf.ensure_shape(gathered, [batch_size, *images.shape[1:]])
        return tf.gather(tf.constant(rows, tf.int64), chosen), gathered

    return tf.data.Dataset.from_tensor_slices(order).map(gather)


def epoch_order(num_rows, count, seed):
    """`count` numbers below `num_rows`: as many whole passes as needed, each in random order."""
    passes = math.ceil(count / num_rows)
    return tf.reshape(noise.order([passes, num_rows], tf.stack(seed)), [-1])[:count]


def evaluation_set(images, labels):
    """Batches in the order given: `(images, labels)`, or `(images,)` where there are no labels."""
    labelled = labels is not None and (labels >= 0).all()
    arrays = (images, labels) if labelled else (images,)
    return tf.data.Dataset.from_tensor_slices(arrays).batch(EVALUATION_BATCH)
