"""Training images that a file is made with, and which number of them makes it agree."""

from collections.abc import Callable
from typing import TypeVar

import numpy as np

from aae_keras import interrupts
from aae_keras.data.splits import Split
from aae_keras.errors import ExportError
from aae_keras.images import to_unit_range

Found = TypeVar("Found")

# Training images that set the ranges of int8. More find wider ranges and coarser steps, fewer cut
# off what is rare: the first number that keeps enough of the held-out labels is taken.
NUM_REPRESENTATIVE = (100, 50, 200, 400, 25)


def training_order(split: Split) -> np.ndarray:
    """The rows of the training images in a random order, the same in every export."""
    return np.random.default_rng(0).permutation(split.unlabeled_rows)


def training_images(split: Split, count: int) -> np.ndarray:
    """The first so many of `training_order`, uint8, as they stand in the data."""
    return split.images[np.sort(training_order(split)[:count])]


def first_that_agrees(
    attempt: Callable[[np.ndarray], Found], split: Split, *, whole_numbers: bool
) -> Found:
    """What an attempt returns, once it raises no `ExportError`.

    Args:
        attempt: Takes float32 images in [0, 1], shape (n, height, width, channels); writes a file
            and compares it.
        split: Whose training images it gets.
        whole_numbers: Whether images set ranges, so that each of `NUM_REPRESENTATIVE` is tried;
            else the first alone.
    """
    counts = NUM_REPRESENTATIVE if whole_numbers else NUM_REPRESENTATIVE[:1]
    for count in counts[:-1]:
        interrupts.check()  # each takes as long as a whole file
        try:
            return attempt(to_unit_range(training_images(split, count)))
        except ExportError:
            continue
    return attempt(to_unit_range(training_images(split, counts[-1])))
