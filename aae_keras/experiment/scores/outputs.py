"""What a model makes of images: codes, reconstructions' errors, and the whole code in one row."""

import dataclasses

import numpy as np
import tensorflow as tf

from aae_keras.images import to_unit_range
from aae_keras.losses import half_squared_error
from aae_keras.models import AdversarialModel, LatentY
from aae_keras.models.inference import in_batches


@dataclasses.dataclass(frozen=True)
class Outputs:
    """Images and what a model makes of them.

    Attributes:
        images: uint8, shape (n, height, width, channels).
        labels: Class indices, shape (n,), -1 where not known.
        code: Dict of float32 arrays, one row per image: `z`, and `y` and others where there are.
        sampled_z: z drawn from its posterior, shape (n, latent_dim), as the discriminator is given
            it; equal to `code["z"]` where the posterior has no noise.
        errors: Half the squared error of each reconstruction, summed over the pixels, shape (n,);
            NaN where the decoder needs a label that is not known; None without a decoder.
    """

    images: np.ndarray
    labels: np.ndarray
    code: dict[str, np.ndarray]
    sampled_z: np.ndarray
    errors: np.ndarray | None

    @property
    def whole_code(self) -> np.ndarray:
        """The representation of each image where there is one, else y and z in one row.

        y is stretched until two labels are as far apart as two styles are on average, or else a
        z of many dimensions would be all that tells images apart.
        """
        if "representation" in self.code:
            return self.code["representation"]
        z = self.code["z"]
        if "y" not in self.code:
            return z
        # Squared distances: 2 between two labels, twice the variance of z between two styles.
        stretch = np.sqrt(z.var(axis=0).sum()) or 1.0
        return np.concatenate([stretch * self.code["y"], z], axis=1).astype("float32")

    def labelled(self) -> "Outputs":
        """The rows whose label is known."""
        return self._rows(self.labels >= 0)

    def first(self, count: int) -> "Outputs":
        """The first rows, at most `count`."""
        return self._rows(slice(count))

    def _rows(self, rows):
        return Outputs(
            self.images[rows],
            self.labels[rows],
            {name: values[rows] for name, values in self.code.items()},
            self.sampled_z[rows],
            None if self.errors is None else self.errors[rows],
        )

    def __len__(self) -> int:
        return len(self.images)


def apply_model(model: AdversarialModel, images: np.ndarray, labels: np.ndarray) -> Outputs | None:
    """Encode images, and decode the codes.

    Args:
        model: A model of this project.
        images: uint8 array, shape (n, height, width, channels).
        labels: Class indices, shape (n,), -1 where not known.

    Returns:
        The `Outputs` of the model; None if there are no images.
    """
    if not len(images):
        return None
    needs_label = model.latent_y == LatentY.GIVEN
    noise_dim = model.posterior.noise_dim

    def encode_and_decode(batch: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        images = to_unit_range(batch["images"])
        code = model.encode(images)
        sampled_z = model.encode(images, noise=batch["noise"])["z"] if noise_dim else code["z"]
        if not hasattr(model, "decoder"):
            return code | {"sampled_z": sampled_z}
        given_y = {"y": tf.one_hot(batch["labels"], model.categories)} if needs_label else {}
        errors = half_squared_error(images, model.decode(code | given_y))
        return code | {"sampled_z": sampled_z, "errors": errors}

    noise = np.random.default_rng(model.seed).normal(size=(len(images), noise_dim))
    inputs = {"images": images, "labels": labels, "noise": noise.astype("float32")}
    code = in_batches(encode_and_decode, inputs)
    errors, sampled_z = code.pop("errors", None), code.pop("sampled_z")
    if needs_label and errors is not None:
        errors = np.where(labels >= 0, errors, np.nan)
    return Outputs(images, labels, code, sampled_z, errors)
