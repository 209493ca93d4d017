"""Exact copies among images: of training images in the parts that score, and within training."""

import hashlib
import pathlib
from collections.abc import Sequence

import numpy as np

DIGEST_BYTES = 16


def describe(
    pixels: np.ndarray,
    labels: np.ndarray,
    parts: Sequence[str],
    files: Sequence[pathlib.Path | str],
) -> list[str]:
    """A line for each kind of copy that there is: how many, and the first of them.

    Args:
        pixels: uint8, shape (n, height, width, channels): the images as a network sees them.
        labels: Class indices, shape (n,), -1 where there is none.
        parts: The part of each image, in the order in which parts may see images: an image is a
            copy of the first that equals it.
        files: The file of each image.
    """
    first: dict[bytes, int] = {}
    across, within, contradicting = [], [], []
    for row, image in enumerate(pixels):
        digest = hashlib.blake2b(image.tobytes(), digest_size=DIGEST_BYTES).digest()
        pair = row, first.setdefault(digest, row)
        if pair[0] == pair[1]:
            continue
        if parts[pair[0]] != parts[pair[1]]:
            across.append(pair)
        elif parts[row] == parts[0]:
            within.append(pair)
        if labels[pair[0]] != labels[pair[1]] and min(labels[list(pair)]) >= 0:
            contradicting.append(pair)
    return [
        f"{told}: {len(pairs)}, such as {files[pairs[0][0]]}, which is {files[pairs[0][1]]}"
        for pairs, told in (
            (across, "Images for scoring that were seen before, which flatters scores"),
            (within, "Images for training that are exact copies of others"),
            (contradicting, "Exact copies of images of another class"),
        )
        if pairs
    ]
