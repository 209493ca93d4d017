"""Log-likelihood of images under a Parzen window of generated ones (section 3 of the paper).

The density is the mean of Gaussians of one width around the generated images. The estimate says
little about likelihood in hundreds of dimensions, but the paper's table is made of it.
"""

import math
from collections.abc import Callable, Iterable

import numpy as np
from scipy.special import logsumexp

# Images and samples that are compared at once, which bounds the memory.
BLOCK = 1000
# Widths that are tried between the best one's neighbours: in 784 dimensions a width that is a tenth
# too large costs 8 nats.
FINE = 11


def log_densities(
    images: np.ndarray, samples: Iterable[np.ndarray], widths: Iterable[float]
) -> tuple[np.ndarray, int]:
    """Log-density of images, for several kernel widths, from one pass over the samples.

    Args:
        images: Images in [0, 1], shape (n, pixels).
        samples: Iterable of arrays (m, pixels), which need not be in memory together.
        widths: Standard deviations of the kernel, each above 0.

    Returns:
        float64 array of shape (widths, n), in nats, and the number of samples.
    """
    widths = np.asarray(widths, "float64")
    totals = np.full((len(widths), len(images)), -np.inf)
    count = 0
    for block in samples:
        block = np.asarray(block, "float64")
        count += len(block)
        block_squares = np.sum(block**2, axis=1)
        for start in range(0, len(images), BLOCK):
            rows = slice(start, start + BLOCK)
            # ||x - s||^2 = x.x - 2 x.s + s.s; rounding may take it below 0
            some = np.asarray(images[rows], "float64")
            squares = np.sum(some**2, axis=1, keepdims=True)
            distances = squares - 2 * some @ block.T + block_squares
            distances = np.maximum(distances, 0)
            for rank, width in enumerate(widths):
                log_sum = logsumexp(distances / (-2 * width**2), axis=1)
                totals[rank, rows] = np.logaddexp(totals[rank, rows], log_sum)
    norm = math.log(count) + 0.5 * images.shape[1] * np.log(2 * math.pi * widths**2)
    return totals - norm[:, None], count


def log_likelihood(
    validation: np.ndarray,
    test: np.ndarray,
    samples: Callable[[], Iterable[np.ndarray]],
    widths: np.ndarray,
) -> dict[str, float]:
    """Mean log-density of test images, at the kernel width that is best for validation images.

    Args:
        validation: Images in [0, 1], shape (n, pixels).
        test: Images in [0, 1], shape (m, pixels), m at least 2.
        samples: Function that returns an iterable of arrays (m, pixels), the same each time.
        widths: Standard deviations to choose from, growing; `FINE` more are tried about the best.

    Returns:
        Dict of `log_likelihood` and its `log_likelihood_stderr`, in nats, `parzen_width` and
        `parzen_samples`.

    Raises:
        ValueError: If the best width is the first or the last one: the grid must be wider.
    """
    on_validation, _ = log_densities(validation, samples(), widths)
    best = int(on_validation.mean(axis=1).argmax())
    if best in (0, len(widths) - 1):
        raise ValueError(
            "The best kernel width lies on the edge of the grid: widen it. "
            f"Received: widths from {widths[0]:.3g} to {widths[-1]:.3g}, best {widths[best]:.3g}"
        )
    fine = np.geomspace(widths[best - 1], widths[best + 1], FINE)
    on_validation, _ = log_densities(validation, samples(), fine)
    width = float(fine[on_validation.mean(axis=1).argmax()])
    (density,), count = log_densities(test, samples(), [width])
    return {
        "log_likelihood": float(density.mean()),
        "log_likelihood_stderr": float(density.std(ddof=1) / math.sqrt(len(density))),
        "parzen_width": width,
        "parzen_samples": count,
    }
