"""Smoothness: q(y given x) must not change where x changes to what shows the same thing.

Two changes ship: the worst small one, and a shift by a few pixels.

Reference: Miyato, Maeda, Koyama, Ishii: Virtual Adversarial Training, arXiv:1704.03976. The radius
of an image by its neighbours is from Hu et al., arXiv:1702.08720.
"""

import abc
from collections.abc import Callable
from typing import Any, ClassVar

import keras
import tensorflow as tf
from keras import ops

from aae_keras import losses, noise
from aae_keras.models.aae import AdversarialModel, Forward
from aae_keras.models.objective import Term
from aae_keras.models.terms.regularizers import Regularizer, check_has_y
from aae_keras.networks import input_shapes, upstream_variables


class Smoothness(Regularizer):
    """KL(q(y|x) || q(y|x')): y of the changed image x' is to be that of the image.

    q(y|x) is the target and gets no gradient. Batch normalisation takes the statistics of each
    batch, and its moving averages do not see the changed images.

    The term is of the reconstruction phase, whose optimizer it shares; it moves what y depends on.
    """

    name: ClassVar[str]

    def terms(self, model: AdversarialModel) -> list[Term]:
        """See `Regularizer.terms`."""
        check_has_y(self, model)
        return [
            Term(
                self.name,
                phase="reconstruction",
                loss=self.loss,
                variables=upstream_variables(model.encoder, ["y_logits"]),
                weight=self.weight,
            )
        ]

    @abc.abstractmethod
    def changed(self, forward: Forward, target: tf.Tensor) -> tf.Tensor:
        """The changed images x', of the shape of `forward.batch.corrupted`.

        Args:
            forward: Of the step.
            target: Logits of q(y|x), shape (batch, categories), without gradient.
        """

    def loss(self, forward: Forward) -> tf.Tensor:
        """The divergence of each image, shape (batch,), in nats."""
        target = tf.stop_gradient(forward.code["y_logits"])
        return losses.divergence(target, self._y_logits(forward, self.changed(forward, target)))

    def _y_logits(self, forward, images):
        # In a scope of its own, whose updates of moving averages are dropped.
        with keras.StatelessScope():
            code = forward.model.encode(images, forward.training, forward.batch.noise)
        return code["y_logits"]


@keras.saving.register_keras_serializable(package="aae_keras")
class VirtualAdversarial(Smoothness):
    """x' = x + r, where r is the change of a given length that y minds most.

    r = radius g / |g|, g the gradient of KL(q(y|x) || q(y|x + xi d)) with respect to a random
    direction d: one power iteration.

    Args:
        weight: Number or function of the step.
        radius: Length of r: in distances to the image's tenth nearest neighbour, or in pixel units.
        relative: Whether the radius is in distances to neighbours, which the data then must bring
            (`Data.with_distances`).
        xi: Length of the first, random step, in pixel units. It is no small one: of a ReLU network
            the second derivative is seen from far alone.
        confidence: The term counts for images alone whose most probable category has more than
            this; in [0, 1).

    Raises:
        ValueError: If a number is out of range.
    """

    name = "vat"

    def __init__(
        self,
        weight: float | Callable = 1.0,
        radius: float = 0.25,
        relative: bool = True,
        xi: float = 5.0,
        confidence: float = 0.0,
    ):
        super().__init__(weight)
        if not (radius > 0 and xi > 0):
            raise ValueError(
                f"`radius` and `xi` must be above 0. Received: radius={radius}, xi={xi}"
            )
        if not 0 <= confidence < 1:
            raise ValueError(f"`confidence` must lie in [0, 1). Received: confidence={confidence}")
        self.radius, self.relative = float(radius), bool(relative)
        self.xi, self.confidence = float(xi), float(confidence)

    def changed(self, forward: Forward, target: tf.Tensor) -> tf.Tensor:
        """See `Smoothness.changed`."""
        images = forward.batch.corrupted
        seed = forward.model.stream("vat")
        first = self.xi * unit(noise.normal(tf.shape(images), seed))
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(first)
            tried = self._y_logits(forward, images + first)
            distance = ops.sum(losses.divergence(target, tried))
        worst = tf.stop_gradient(unit(tape.gradient(distance, first)))
        return images + self.radius * self._lengths(forward) * worst

    def loss(self, forward: Forward) -> tf.Tensor:
        """See `Smoothness.loss`; 0 for an image that y is not sure enough of."""
        sure = ops.max(ops.softmax(forward.code["y_logits"]), axis=-1) > self.confidence
        divergence = super().loss(forward)
        return divergence * ops.cast(sure, divergence.dtype)

    def _lengths(self, forward):
        """The unit of each image's radius, shape (batch, 1, ...), with as many sides as images."""
        distances = forward.batch.distances
        if not self.relative:
            return 1.0
        if distances is None:
            raise ValueError(
                "The radius is in distances to neighbours, which this data does not bring. Pass "
                "`data.with_distances().train` to `fit`, or set `relative=False` for a radius in "
                "pixel units."
            )
        return ops.reshape(distances, (-1, *(1,) * (len(forward.batch.corrupted.shape) - 1)))

    def get_config(self) -> dict[str, Any]:
        """See `Regularizer.get_config`."""
        return {
            **super().get_config(),
            "radius": self.radius,
            "relative": self.relative,
            "xi": self.xi,
            "confidence": self.confidence,
        }


@keras.saving.register_keras_serializable(package="aae_keras")
class Shift(Smoothness):
    """x' = x, shifted by whole pixels, up or down and to a side; edges are continued.

    Each image and step has a shift of its own. It is for pixels that form an image, not for
    vectors: the one term that knows so.

    Args:
        weight: Number or function of the step.
        share: The most that an image is shifted by, each way, of its height and its width, but at
            least a pixel; in (0, 0.5].

    Raises:
        ValueError: If a number is out of range.
    """

    name = "shift"

    def __init__(self, weight: float | Callable = 1.0, share: float = 0.07):
        super().__init__(weight)
        if not 0 < share <= 0.5:
            raise ValueError(f"`share` must lie in (0, 0.5]. Received: share={share}")
        self.share = float(share)

    def terms(self, model: AdversarialModel) -> list[Term]:
        """See `Regularizer.terms`."""
        shape = input_shapes(model.encoder)["image"][1:]
        if not self.suits(shape):
            raise ValueError(
                "`Shift` is for pixels that form an image, not for vectors. Leave it out. "
                f"Received: images of shape {shape}"
            )
        return super().terms(model)

    @staticmethod
    def suits(image_shape: tuple[int, ...]) -> bool:
        """Whether images have (height, width, channels), and more than one row and column."""
        return len(image_shape) == 3 and 1 not in image_shape[:2]

    def changed(self, forward: Forward, target: tf.Tensor) -> tf.Tensor:
        """See `Smoothness.changed`."""
        images = forward.batch.corrupted
        seed = forward.model.stream("shift")
        by = []
        for axis in (1, 2):
            most = max(1, round(self.share * images.shape[axis]))
            draw = noise.integers(tf.shape(images)[:1], noise.fold_in(seed, axis), 2 * most + 1)
            by.append(draw - most)
        return shifted(images, *by)

    def get_config(self) -> dict[str, Any]:
        """See `Regularizer.get_config`."""
        return {**super().get_config(), "share": self.share}


def shifted(images: tf.Tensor, down: tf.Tensor, right: tf.Tensor) -> tf.Tensor:
    """Images, each shifted by its own numbers of pixels; the edge fills what comes in.

    Args:
        images: Shape (batch, height, width, channels).
        down, right: int32, shape (batch,); negative for up and left.
    """
    for axis, steps in ((1, down), (2, right)):
        length = images.shape[axis]
        places = tf.clip_by_value(tf.range(length) - steps[:, None], 0, length - 1)
        images = tf.gather(images, places, axis=axis, batch_dims=1)
    return images


def unit(changes: tf.Tensor) -> tf.Tensor:
    """Changes of images, each scaled to the length 1; one of length 0 stays.

    Args:
        changes: Shape (batch, height, width, channels), or another that images have.
    """
    sides = tuple(range(1, len(changes.shape)))
    # By the largest value first: squares of a gradient of 1e-20 would leave float32's range.
    largest = ops.max(ops.abs(changes), axis=sides, keepdims=True)
    changes = changes / ops.maximum(largest, 1e-30)
    length = ops.sqrt(ops.sum(ops.square(changes), axis=sides, keepdims=True))
    return changes / ops.maximum(length, 1e-12)
