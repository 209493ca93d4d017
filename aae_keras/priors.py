"""Priors: what the codes of the encoder are to be distributed like.

A prior is a small object with one duty, `sample(batch_size, seed)`, stateless in the seed:
the same seed gives the same samples, so a resumed run draws what an uninterrupted one does.
To write one of your own, subclass `Prior`, and give `get_config` if you want to save models.
"""

import abc
import contextlib
import math
import operator
from collections.abc import Sequence
from typing import Any, Self

import keras
import tensorflow as tf

from aae_keras import noise


def _whole(name, value):
    """A whole number of at least 1, NumPy's too, as int."""
    with contextlib.suppress(TypeError):
        if (number := operator.index(value)) >= 1:
            return number
    raise ValueError(f"`{name}` must be a whole number of at least 1. Received: {name}={value!r}")


class Prior(abc.ABC):
    """A distribution over codes of `dim` dimensions.

    Args:
        dim: Number of dimensions of a code, at least 1.
    """

    def __init__(self, dim: int):
        self.dim = _whole("dim", dim)

    @abc.abstractmethod
    def sample(self, batch_size: int | tf.Tensor, seed: noise.Seed) -> tf.Tensor:
        """Draw codes.

        Args:
            batch_size: How many, an int or scalar tensor.
            seed: Integer tensor of shape (2,): equal seeds give equal samples.

        Returns:
            float32 tensor of shape (batch_size, dim).
        """

    def distance(self, code: tf.Tensor) -> tf.Tensor:
        """How far codes lie from where the prior draws any.

        Here the squared distance from the nearest of 1000 samples, which says most in few
        dimensions.

        Args:
            code: float32 tensor of shape (batch_size, dim).

        Returns:
            float32 tensor of shape (batch_size,), at least 0.
        """
        samples = self.sample(1000, [0, 0])
        squared = (
            tf.reduce_sum(tf.square(code), axis=1, keepdims=True)
            + tf.reduce_sum(tf.square(samples), axis=1)
            - 2 * tf.matmul(code, samples, transpose_b=True)
        )
        return tf.maximum(tf.reduce_min(squared, axis=1), 0.0)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, for saving inside a model."""
        return {"dim": self.dim}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """The prior that `get_config` describes."""
        return cls(**config)


def samples_of(prior: Prior, count: int | tf.Tensor, seed: noise.Seed) -> tf.Tensor:
    """Codes that a prior draws, float32 of shape (count, prior.dim), whoever wrote it.

    Args:
        prior: The prior; one of your own may draw another type.
        count, seed: As of `Prior.sample`.

    Raises:
        ValueError: If they are of another width than it says.
    """
    samples = tf.cast(prior.sample(count, seed), "float32")
    if samples.shape.rank != 2 or samples.shape[-1] not in (None, prior.dim):
        raise ValueError(
            f"{type(prior).__name__}.sample must return codes of shape (batch_size, {prior.dim}), "
            f"as its `dim` says. Received: {samples.shape}"
        )
    return samples


@keras.saving.register_keras_serializable(package="aae_keras")
class CategoricalPrior(Prior):
    """p(y): one-hot vectors, each of the `dim` categories equally likely (section 5), or as stated.

    Args:
        dim: Number of categories.
        shares: How often each category is drawn, `dim` numbers above 0, up to a factor; None for
            equally often.
    """

    def __init__(self, dim: int, shares: Sequence[float] | None = None):
        super().__init__(dim)
        if shares is not None:
            if len(shares) != dim or not all(share > 0 for share in shares):
                raise ValueError(
                    f"`shares` must be {dim} numbers above 0, one for each category. "
                    f"Received: shares={shares!r}"
                )
            shares = [float(share) / sum(shares) for share in shares]
        self.shares = shares

    def sample(
        self, batch_size: int | tf.Tensor, seed: noise.Seed, weights: tf.Tensor | None = None
    ) -> tf.Tensor:
        """See `Prior.sample`: one-hot rows.

        Args:
            weights: Above 0, shape (dim,): how often to draw each category, up to a factor; None
                for as often as the prior states.
        """
        if weights is None and self.shares is not None:
            weights = tf.constant(self.shares)
        if weights is None:
            return tf.one_hot(noise.integers([batch_size], seed, below=self.dim), self.dim)
        edges = tf.cumsum(weights / tf.reduce_sum(weights))[:-1]
        # A category takes the share of (0, 1) that ends at its edge; the last all that is left.
        draws = noise.uniform([batch_size, 1], seed)
        return tf.one_hot(tf.reduce_sum(tf.cast(draws > edges, tf.int32), axis=1), self.dim)

    def get_config(self) -> dict[str, Any]:
        """See `Prior.get_config`."""
        return {**super().get_config(), "shares": self.shares}


@keras.saving.register_keras_serializable(package="aae_keras")
class GaussianPrior(Prior):
    """p(z) = N(0, stddev^2 I).

    Args:
        dim: Dimensions of z.
        stddev: Standard deviation of each, above 0: 1 in the semi-supervised experiments, 5 in
            the 2-D pictures and the likelihood experiment (sections 2.3 and 3).
    """

    def __init__(self, dim: int, stddev: float = 1.0):
        super().__init__(dim)
        self.stddev = _positive("stddev", stddev)

    def sample(self, batch_size: int | tf.Tensor, seed: noise.Seed) -> tf.Tensor:
        """See `Prior.sample`."""
        return self.stddev * noise.normal([batch_size, self.dim], seed)

    def distance(self, code: tf.Tensor) -> tf.Tensor:
        """See `Prior.distance`: the squared length in standard deviations, `dim` on average."""
        return tf.reduce_sum(tf.square(code / self.stddev), axis=1)

    def get_config(self) -> dict[str, Any]:
        """See `Prior.get_config`."""
        return {"dim": self.dim, "stddev": self.stddev}


class MixturePrior(Prior):
    """A prior of equally likely components: what label information steers (section 2.3).

    Args:
        dim: Dimensions of z.
        num_components: At least 1; component k is that of class k.
    """

    def __init__(self, dim: int, num_components: int):
        super().__init__(dim)
        self.num_components = _whole("num_components", num_components)

    @abc.abstractmethod
    def sample_component(self, components: tf.Tensor, seed: noise.Seed) -> tf.Tensor:
        """Draw one code of each component named.

        Args:
            components: int tensor of shape (batch_size,), from 0 to `num_components` - 1.
            seed: As in `sample`.

        Returns:
            float32 tensor of shape (batch_size, dim).
        """

    def sample(self, batch_size: int | tf.Tensor, seed: noise.Seed) -> tf.Tensor:
        """See `Prior.sample`: of the whole mixture."""
        components = noise.integers([batch_size], noise.fold_in(seed, 1), below=self.num_components)
        return self.sample_component(components, seed)


@keras.saving.register_keras_serializable(package="aae_keras")
class GaussianMixturePrior(MixturePrior):
    """A ring of elongated 2-D Gaussians that point away from the centre (figure 4 of the paper).

    Args:
        num_components: At least 1.
        scale: Factor of all lengths: at 1 the means lie at a radius of 11, with standard
            deviations of 3 along it and 0.6 across, so that codes reach to about 20.
    """

    RADIUS, ALONG, ACROSS = 11.0, 3.0, 0.6

    def __init__(self, num_components: int = 10, scale: float = 1.0):
        super().__init__(2, num_components)
        self.scale = _positive("scale", scale)

    def sample_component(self, components: tf.Tensor, seed: noise.Seed) -> tf.Tensor:
        """See `MixturePrior.sample_component`."""
        normal = noise.normal([tf.shape(components)[0], 2], seed)
        along = self.scale * (self.RADIUS + self.ALONG * normal[:, 0])
        across = self.scale * self.ACROSS * normal[:, 1]
        angle = 2 * math.pi / self.num_components * tf.cast(components, tf.float32)
        cos, sin = tf.cos(angle), tf.sin(angle)
        return tf.stack([along * cos - across * sin, along * sin + across * cos], axis=1)

    def get_config(self) -> dict[str, Any]:
        """See `Prior.get_config`."""
        return {"num_components": self.num_components, "scale": self.scale}


@keras.saving.register_keras_serializable(package="aae_keras")
class SwissRollPrior(MixturePrior):
    """A 2-D spiral, t (cos t, sin t) for t from 1.5 pi to 4.5 pi (figure 4 of the paper).

    A component is an equal share of its length.

    Args:
        num_components: At least 1.
        scale: Factor of all lengths: at 1 the roll reaches to 14 and its arms are 6.3 apart.
        thickness: Standard deviation of the distance from the spiral, before scaling.
    """

    FROM, TO = 1.5 * math.pi, 4.5 * math.pi

    def __init__(self, num_components: int = 10, scale: float = 1.0, thickness: float = 0.25):
        super().__init__(2, num_components)
        self.scale = _positive("scale", scale)
        self.thickness = _positive("thickness", thickness)

    def sample_component(self, components: tf.Tensor, seed: noise.Seed) -> tf.Tensor:
        """See `MixturePrior.sample_component`."""
        count = tf.shape(components)[0]
        place = noise.uniform([count], noise.fold_in(seed, 2))
        place = (tf.cast(components, tf.float32) + place) / self.num_components
        # The length up to t grows almost as t^2 / 2.
        t = tf.sqrt(self.FROM**2 + place * (self.TO**2 - self.FROM**2))
        spiral = t[:, None] * tf.stack([tf.cos(t), tf.sin(t)], axis=1)
        return self.scale * (spiral + self.thickness * noise.normal([count, 2], seed))

    def get_config(self) -> dict[str, Any]:
        """See `Prior.get_config`."""
        return {
            "num_components": self.num_components,
            "scale": self.scale,
            "thickness": self.thickness,
        }


# Those of several components, by the names they have in a configuration (`vocabulary.MIXTURES`).
MIXTURES = {"gaussian-mixture": GaussianMixturePrior, "swiss-roll": SwissRollPrior}


def _positive(name, value):
    if not (math.isfinite(value) and value > 0):
        raise ValueError(f"`{name}` must be finite and above 0. Received: {name}={value!r}")
    return float(value)
