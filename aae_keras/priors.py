"""Priors: what the codes of the encoder are to be distributed like.

A prior is a small object with one duty, `sample(batch_size, seed)`, stateless in the seed:
the same seed gives the same samples, so a resumed run draws what an uninterrupted one does.
To write one of your own, subclass `Prior`, and give `get_config` if you want to save models.
"""

import abc
import math

import keras
import numpy as np
import tensorflow as tf

from aae_keras import noise


class Prior(abc.ABC):
    """A distribution over codes of `dim` dimensions.

    Args:
        dim: Number of dimensions of a code, at least 1.
    """

    def __init__(self, dim):
        if not isinstance(dim, int) or dim < 1:
            raise ValueError(f"`dim` must be a whole number of at least 1. Received: dim={dim!r}")
        self.dim = dim

    @abc.abstractmethod
    def sample(self, batch_size, seed):
        """Draw codes.

        Args:
            batch_size: How many, an int or scalar tensor.
            seed: Integer tensor of shape (2,): equal seeds give equal samples.

        Returns:
            float32 tensor of shape (batch_size, dim).
        """

    def get_config(self):
        """Constructor arguments, for saving inside a model."""
        return {"dim": self.dim}

    @classmethod
    def from_config(cls, config):
        """The prior that `get_config` describes."""
        return cls(**config)


@keras.saving.register_keras_serializable(package="aae_keras")
class CategoricalPrior(Prior):
    """p(y): one-hot vectors, each of the `dim` categories equally likely (section 5)."""

    def sample(self, batch_size, seed):
        """See `Prior.sample`: one-hot rows."""
        return tf.one_hot(noise.integers([batch_size], seed, below=self.dim), self.dim)


@keras.saving.register_keras_serializable(package="aae_keras")
class GaussianPrior(Prior):
    """p(z) = N(0, stddev^2 I).

    Args:
        dim: Dimensions of z.
        stddev: Standard deviation of each, above 0: 1 in the semi-supervised experiments, 5 in
            the 2-D pictures and the likelihood experiment (sections 2.3 and 3).
    """

    def __init__(self, dim, stddev=1.0):
        super().__init__(dim)
        if not (math.isfinite(stddev) and stddev > 0):
            raise ValueError(f"`stddev` must be finite and above 0. Received: stddev={stddev!r}")
        self.stddev = float(stddev)

    def sample(self, batch_size, seed):
        """See `Prior.sample`."""
        return self.stddev * noise.normal([batch_size, self.dim], seed)

    def marginal_density(self, values):
        """Density of a single dimension of z at `values`, a NumPy array."""
        standard = np.asarray(values) / self.stddev
        return np.exp(-0.5 * standard**2) / (self.stddev * math.sqrt(2 * math.pi))

    def get_config(self):
        """See `Prior.get_config`."""
        return {"dim": self.dim, "stddev": self.stddev}
