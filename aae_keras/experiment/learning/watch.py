"""Training that goes wrong without an error: its signs, each said once, with what to change."""

import logging
import math
from collections import Counter
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from aae_keras.data import Data
from aae_keras.metrics import distributions
from aae_keras.models.inference import encode

log = logging.getLogger(__name__)

# What a discriminator pays that cannot tell codes from samples of the prior.
UNDECIDED = 2 * math.log(2)
# Epochs in a row that show a sign before it is said: the first ones show many that pass.
PATIENCE = 3
# A discriminator's loss below which it has won, and how near to undecided it is undecided.
WON, NEAR = 0.1, 0.02
# Kolmogorov-Smirnov statistic above which codes are far from their prior.
FAR = 0.3
# Share of the categories that may be unused, and validation images for each without which nobody
# can tell.
UNUSED, IMAGES_EACH = 0.1, 20
# Validation images that are looked at.
IMAGES = 1000


def has_won(loss: float) -> bool:
    """Whether a discriminator's loss says that it tells every code from a sample of the prior."""
    return loss < WON


def is_blind(loss: float, codes: np.ndarray, samples: np.ndarray) -> bool:
    """Whether a discriminator is undecided although codes are far from samples of the prior.

    Args:
        loss: The discriminator's, the sum over both kinds.
        codes, samples: Shape (n, dim) each.
    """
    if abs(loss - UNDECIDED) > NEAR:
        return False
    return distributions.largest_ks(codes, samples) > FAR


def unused(y: np.ndarray) -> int:
    """How many categories no image is of, if that is too many for their number; else 0.

    Args:
        y: Probabilities, shape (n, categories).
    """
    count, categories = y.shape
    without = categories - len(np.unique(y.argmax(axis=1)))
    return without if count >= IMAGES_EACH * categories and without > UNUSED * categories else 0


class Watch(keras.callbacks.Callback):
    """Looks, after each epoch, at the discriminators' losses and at codes of validation images.

    Args:
        data: The `Data`; at most `IMAGES` of its validation images are looked at.
        start, stop: The epochs of the stage, as of `fit`. What categories are used is looked at in
            their second half, since in the first they come and go.
    """

    def __init__(self, data: Data, start: int, stop: int):
        super().__init__()
        split = data.split
        self.images = split.images[np.sort(split.shuffled_validation_rows()[:IMAGES])]
        self.half = (start + stop) / 2
        self.seen: Counter[str] = Counter()
        self.said: set[str] = set()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Say what has shown itself for `PATIENCE` epochs in a row."""
        found = self.signs(epoch, logs or {})
        self.seen = Counter({kind: self.seen[kind] + 1 for kind in found})
        for kind, message in found.items():
            if self.seen[kind] >= PATIENCE and kind not in self.said:
                self.said.add(kind)
                log.warning("%s", message)

    def signs(self, epoch: int, logs: Mapping[str, Any]) -> dict[str, str]:
        """What is wrong after an epoch: messages by kind."""
        found = {}
        for name, loss in logs.items():
            if name.startswith("discriminator_") and has_won(loss):
                found[name] = (
                    f"{name} has been below {WON} for {PATIENCE} epochs; an undecided "
                    f"discriminator pays {UNDECIDED:.2f}. This one has won, and the encoder no "
                    "longer learns the prior from it. Lower --discriminator_rate, raise "
                    "--generator_rate, or give --discriminator_units fewer units."
                )
        if not len(self.images) or epoch < self.half:
            return found
        codes = encode(self.model, self.images)
        if "y" in codes and (count := unused(np.asarray(codes["y"]))):
            found["unused"] = (
                f"{count} of {codes['y'].shape[1]} categories have had no validation image for "
                f"{PATIENCE} epochs. Add marginal_entropy to --extra_terms, pass --balanced_prior "
                "with --setting=clustering, ask for fewer of them, or try another --seed."
            )
        return found | self._blind(codes, logs)

    def _blind(self, codes: Mapping[str, Any], logs: Mapping[str, Any]) -> dict[str, str]:
        loss = logs.get("discriminator_gauss_loss")
        if loss is None or self.model.posterior.noise_dim:  # whose means alone are no samples
            return {}
        z = np.asarray(codes["z"])
        samples = self.model.priors["z"].sample(len(z), [self.model.seed, 0]).numpy()
        if not is_blind(loss, z, samples):
            return {}
        return {
            "blind": f"discriminator_gauss_loss has been {UNDECIDED:.2f} for {PATIENCE} epochs, as "
            "if codes were samples of the prior, and they are far from it. Raise "
            "--discriminator_rate, or give --discriminator_units more units."
        }
