"""How the encoder's outputs become latent z: the three posteriors q(z given x) of section 2."""

import keras
import tensorflow as tf
from keras import ops

from aae_keras import noise as random
from aae_keras.models.objective import Named
from aae_keras.networks import check_network, input_shapes, output_shapes


class Posterior:
    """The kind of q(z given x) that an encoder's inputs and outputs say.

    | kind | inputs | outputs | z |
    |---|---|---|---|
    | deterministic | `image` | `z` | that |
    | Gaussian | `image` | `z_mean`, `z_log_var` | z_mean + exp(z_log_var / 2) noise |
    | universal approximator | `image`, `noise` | `z` | that |

    The noise is N(0, I), drawn by the step; outside training it is zero, so that a code is a
    function of its image.

    Args:
        encoder: Functional model.
        with_y: Whether it must have the output `y_logits` too.

    Attributes:
        outputs: Names of the encoder's outputs that z depends on.
        noise_dim: Dimensions of the noise; 0 if it has none.
        z_dim: Dimensions of z.

    Raises:
        TypeError: If the encoder is no functional model.
        ValueError: If its inputs and outputs are none of the above.
    """

    def __init__(self, encoder: keras.Model, with_y: bool):
        check_network("encoder", encoder)
        found, needed = output_shapes(encoder), input_shapes(encoder)
        self.is_gaussian = "z_mean" in found or "z_log_var" in found
        self.takes_noise = "noise" in needed and not self.is_gaussian
        self.outputs = ["z_mean", "z_log_var"] if self.is_gaussian else ["z"]
        check_network(
            "encoder",
            encoder,
            ["image", "noise"] if self.takes_noise else ["image"],
            [*(["y_logits"] if with_y else []), *self.outputs],
        )
        self.z_dim = found[self.outputs[0]][-1]
        self.noise_dim = 0
        if self.is_gaussian:
            self.noise_dim = self.z_dim
        elif self.takes_noise:
            self.noise_dim = needed["noise"][-1]

    def draw(self, images: tf.Tensor | None, seed: random.Seed) -> tf.Tensor | None:
        """Noise for the codes of images, N(0, I), shape (batch, noise_dim); None if it takes none.

        Args:
            images: Shape (batch, height, width, channels); None gives None.
            seed: Shape (2,).
        """
        if images is None or not self.noise_dim:
            return None
        return random.normal([ops.shape(images)[0], self.noise_dim], seed)

    def inputs(self, images: tf.Tensor, noise: tf.Tensor | None) -> Named:
        """The encoder's inputs by name; `noise` (batch, noise_dim), or None for zero."""
        if not self.takes_noise:
            return {"image": images}
        if noise is None:
            noise = ops.zeros((ops.shape(images)[0], self.noise_dim))
        return {"image": images, "noise": noise}

    def z(self, outputs: Named, noise: tf.Tensor | None) -> tf.Tensor:
        """Latent z of the encoder's outputs, shape (batch, z_dim)."""
        if not self.is_gaussian:
            return outputs["z"]
        if noise is None:
            return outputs["z_mean"]
        # z ~ N(z_mean, exp(z_log_var)), reparametrised
        return outputs["z_mean"] + ops.exp(0.5 * outputs["z_log_var"]) * noise
