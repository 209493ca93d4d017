"""From arrays to tf.data: batches in an order that is a function of (seed, epoch) alone.

A data set that shuffles itself would start anew when a run resumes. Here the order of an epoch is
computed from its number, held in a variable that counts epochs and that a resumed run sets.
"""

import math

import tensorflow as tf

from aae_keras import noise

EVALUATION_BATCH = 500


def training_set(
    images, labels, unlabeled_rows, labeled_rows, batch_size, labeled_batch_size, seed
):
    """One epoch a pass over the unlabelled images, the labelled ones cycled within it.

    Every batch is full: the images that are left over, others in each epoch, wait for the next.

    Args:
        images: uint8, shape (n, height, width, channels).
        labels: int64, shape (n,).
        unlabeled_rows, labeled_rows: Which of them.
        batch_size, labeled_batch_size: Rows of each kind in a step.
        seed: With the epoch it decides the order.

    Returns:
        The data set, of elements `({"unlabeled": images, "labeled": images}, labels)`, and the
        scalar `tf.Variable` with the number of the epoch that the next iteration will give.
    """
    images, labels = tf.constant(images), tf.constant(labels)
    unlabeled_rows = tf.constant(unlabeled_rows, "int64")
    labeled_rows = tf.constant(labeled_rows, "int64")
    steps = len(unlabeled_rows) // batch_size
    next_epoch = tf.Variable(0, dtype="int64", trainable=False, name="next_epoch")

    def rows_of_epoch(_):
        epoch = next_epoch.read_value()
        next_epoch.assign_add(1)
        unlabeled = epoch_order(unlabeled_rows, steps * batch_size, [seed, 2 * epoch])
        labeled = epoch_order(labeled_rows, steps * labeled_batch_size, [seed, 2 * epoch + 1])
        return tf.data.Dataset.from_tensor_slices(
            (
                tf.reshape(unlabeled, [steps, batch_size]),
                tf.reshape(labeled, [steps, labeled_batch_size]),
            )
        )

    def gather(unlabeled, labeled):
        inputs = {"unlabeled": tf.gather(images, unlabeled), "labeled": tf.gather(images, labeled)}
        return inputs, tf.gather(labels, labeled)

    dataset = tf.data.Dataset.from_tensors(0).flat_map(rows_of_epoch).map(gather)
    dataset = dataset.apply(tf.data.experimental.assert_cardinality(steps))
    return dataset.prefetch(tf.data.AUTOTUNE), next_epoch


def epoch_order(rows, count, seed):
    """`count` of the rows: as many whole passes as needed, each in a fresh random order."""
    num_rows = len(rows)
    passes = math.ceil(count / num_rows)
    keys = noise.uniform([passes, num_rows], tf.stack(seed))
    order = tf.reshape(tf.argsort(keys, axis=1), [-1])[:count]
    return tf.gather(rows, order)


def evaluation_set(images, labels):
    """Batches in the order given: `(images, labels)`, or `(images,)` where there are no labels."""
    labelled = labels is not None and (labels >= 0).all()
    arrays = (images, labels) if labelled else (images,)
    return tf.data.Dataset.from_tensor_slices(arrays).batch(EVALUATION_BATCH)
