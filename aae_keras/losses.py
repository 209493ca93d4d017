"""The terms of the objective, one pure function each.

A loss per example maps a batch of n rows to n values, in nats or half squared pixels. Summing them
and dividing by the global batch size is the model's affair, so that replicas add up. Three give one
value: `marginal_divergence` of a batch as a whole, `mode_distance_loss` and `head_distance_loss` of
the networks alone.

Discriminators call prior samples real (1) and codes fake (0). Everything is computed from logits:
exact where `log(D + epsilon)` is not.

Reference: Makhzani et al., arXiv:1511.05644; section numbers below are the paper's.
"""

import tensorflow as tf
from keras import ops

# Mean squared difference of two modes' pixels at which they count as apart.
MODE_SCALE = 0.1


def half_squared_error(images: tf.Tensor, image_logits: tf.Tensor) -> tf.Tensor:
    """`1/2 ||x - sigmoid(logits)||^2`, summed over the pixels (section 2.1 and appendix A).

    A mean over the pixels would divide the gradient by their number (784 for MNIST) while the
    paper's rates stay: the commonest reason for not reaching its figures.

    Args:
        images: The clean images in [0, 1], shape (batch, height, width, channels).
        image_logits: The decoder's output before the sigmoid, same shape.

    Returns:
        Shape (batch,), in half squared pixel units, at least 0.
    """
    _check_same_shape("images", images, "image_logits", image_logits)
    error = ops.square(images - ops.sigmoid(image_logits))
    return 0.5 * ops.sum(error, axis=tuple(range(1, len(error.shape))))


def binary_cross_entropy(images: tf.Tensor, image_logits: tf.Tensor) -> tf.Tensor:
    """`-x log sigmoid(l) - (1 - x) log sigmoid(-l)`, summed over the pixels.

    Args:
        images: The clean images in [0, 1], shape (batch, height, width, channels).
        image_logits: The decoder's output before the sigmoid, same shape.

    Returns:
        Shape (batch,), in nats; its minimum is the images' own pixel entropy, not 0.
    """
    _check_same_shape("images", images, "image_logits", image_logits)
    # softplus(l) - x l  =  -x log sigmoid(l) - (1 - x) log sigmoid(-l)
    nats = ops.softplus(image_logits) - images * image_logits
    return ops.sum(nats, axis=tuple(range(1, len(nats.shape))))


RECONSTRUCTION = {
    "squared-error": half_squared_error,
    "cross-entropy": binary_cross_entropy,
}


def discriminator_loss(prior_logits: tf.Tensor, code_logits: tf.Tensor) -> tf.Tensor:
    """`-log D(prior sample) - log(1 - D(code))`, minimised by D (section 2, regularization).

    Args:
        prior_logits: Log-odds of "real" that D gives prior samples, shape (batch, 1).
        code_logits: Log-odds that it gives the encoder's codes, same shape.

    Returns:
        Shape (batch,), in nats; 2 log 2 where D cannot tell the two apart.

    Raises:
        ValueError: If an input does not hold exactly one logit per code.

    >>> undecided = ops.zeros((4, 1))
    >>> [round(float(loss), 4) for loss in discriminator_loss(undecided, undecided)]
    [1.3863, 1.3863, 1.3863, 1.3863]
    """
    real = _one_logit_per_code("prior_logits", prior_logits)
    fake = _one_logit_per_code("code_logits", code_logits)
    return ops.softplus(-real) + ops.softplus(fake)


def generator_loss(code_logits: tf.Tensor) -> tf.Tensor:
    """`-log D(code)`, minimised by the encoder: the non-saturating form of fooling D.

    Args:
        code_logits: Log-odds of "real" that D gives the encoder's codes, shape (batch, 1).

    Returns:
        Shape (batch,), in nats; log 2 where D is undecided.

    Raises:
        ValueError: If the input does not hold exactly one logit per code.
    """
    return ops.softplus(-_one_logit_per_code("code_logits", code_logits))


def classification_loss(labels: tf.Tensor, y_logits: tf.Tensor) -> tf.Tensor:
    """`-log q(y = label given x)`, from logits (section 5, semi-supervised phase).

    Args:
        labels: Class indices in [0, num_classes), shape (batch,).
        y_logits: The encoder's latent y before the softmax, shape (batch, num_classes).

    Returns:
        Shape (batch,), in nats; log(num_classes) for uniform logits.
    """
    log_y = ops.log_softmax(y_logits, axis=-1)
    return -ops.take_along_axis(log_y, ops.expand_dims(labels, -1), axis=-1)[:, 0]


def conditional_entropy(y_logits: tf.Tensor) -> tf.Tensor:
    """`H(y | x) = -sum_k q(y = k given x) log q(y = k given x)`, from logits.

    Args:
        y_logits: The encoder's latent y before the softmax, shape (batch, categories).

    Returns:
        Shape (batch,), in nats; from 0 where the encoder is sure to log(categories) where it has
        no idea.
    """
    log_y = ops.log_softmax(y_logits, axis=-1)
    return -ops.sum(ops.exp(log_y) * log_y, axis=-1)


def divergence(p_logits: tf.Tensor, q_logits: tf.Tensor) -> tf.Tensor:
    """`KL(p || q) = sum_k p_k (log p_k - log q_k)` of two categorical distributions, from logits.

    Args:
        p_logits, q_logits: Before the softmax, shape (batch, categories).

    Returns:
        Shape (batch,), in nats, at least 0.
    """
    log_p, log_q = ops.log_softmax(p_logits, axis=-1), ops.log_softmax(q_logits, axis=-1)
    return ops.sum(ops.exp(log_p) * (log_p - log_q), axis=-1)


def marginal_divergence(mean_y: tf.Tensor, shares: tf.Tensor, slack: float) -> tf.Tensor:
    """`max(KL(mean of y || p(y)), slack)`; for a uniform p(y), KL is log K - H(mean of y).

    Args:
        mean_y: Mean of q(y given x) over images, shape (categories,).
        shares: p(y), shape (categories,), which sum to 1.
        slack: Nats below which the two count as equal.

    Returns:
        Scalar, in nats.
    """
    log_mean = ops.log(ops.maximum(mean_y, 1e-12))
    return ops.maximum(ops.sum(mean_y * (log_mean - ops.log(shares))), slack)


def half_squared_length(z: tf.Tensor) -> tf.Tensor:
    """`1/2 ||z||^2`, the L2 penalty on z that clustering may add.

    Args:
        z: Shape (batch, latent_dim).

    Returns:
        Shape (batch,).
    """
    return 0.5 * ops.sum(ops.square(z), axis=-1)


def cyclic_loss(code: dict[str, tf.Tensor], code_again: dict[str, tf.Tensor]) -> tf.Tensor:
    """How far the code of a decoded image is from the code that it was decoded of.

    Cross-entropy of y, plus a tenth of the squared error of z.

    Args:
        code: Dict of `y`, probabilities (batch, categories), and `z` (batch, latent_dim).
        code_again: Dict of `y_logits` and `z`, of the decoded image.

    Returns:
        Shape (batch,); at least the entropy of `y`.
    """
    nats = -ops.sum(code["y"] * ops.log_softmax(code_again["y_logits"]), axis=-1)
    return nats + 0.1 * ops.sum(ops.square(code["z"] - code_again["z"]), axis=-1)


def mode_distance_loss(modes: tf.Tensor) -> tf.Tensor:
    """How alike the modes are: exp(-d / `MODE_SCALE`), d the mean squared difference of two.

    The reverse of a distance, bounded: 1 for identical modes, 0 for those far apart.

    Args:
        modes: Images in [0, 1], shape (categories, height, width, channels).

    Returns:
        Scalar: the mean over every pair of two modes.
    """
    flat = ops.reshape(modes, (modes.shape[0], -1))
    distance = ops.mean(ops.square(flat[:, None] - flat[None]), axis=-1)
    others = 1.0 - ops.eye(flat.shape[0])
    pairs = flat.shape[0] * (flat.shape[0] - 1)
    return ops.sum(others * ops.exp(-distance / MODE_SCALE)) / max(pairs, 1)


def head_distance_loss(heads: tf.Tensor, threshold: float) -> tf.Tensor:
    """How much closer than a threshold the cluster heads are to each other (section 7).

    Args:
        heads: The rows of W_C, shape (categories, latent_dim).
        threshold: Euclidean distance, above 0.

    Returns:
        Scalar: for a head the sum over the others of max(0, threshold - distance), averaged over
        the heads.
    """
    squared = ops.sum(ops.square(heads[:, None] - heads[None]), axis=-1)
    # The gradient of a root is infinite at 0, where a head meets itself.
    distance = ops.sqrt(squared + 1e-12)
    others = 1.0 - ops.eye(heads.shape[0])
    return ops.sum(others * ops.relu(threshold - distance)) / heads.shape[0]


def _one_logit_per_code(name, logits):
    shape = tuple(logits.shape)
    if len(shape) != 2 or shape[1] != 1:
        raise ValueError(
            f"`{name}` must hold one logit per code, shape (batch, 1). End the discriminator "
            "with `layers.Dense(1)` and pass its output on unchanged, without a sigmoid. "
            f"Received: {name}.shape={shape}"
        )
    return logits[:, 0]


def _check_same_shape(name, value, other_name, other):
    if tuple(value.shape)[1:] != tuple(other.shape)[1:]:
        raise ValueError(
            f"`{name}` and `{other_name}` must have the same shape, since broadcasting would "
            "compare every pixel with every other. "
            f"Received: {name}.shape={tuple(value.shape)}, {other_name}.shape={tuple(other.shape)}"
        )
