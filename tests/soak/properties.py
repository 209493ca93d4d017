"""What holds of every case: hypothesis draws them, and shows the smallest that fails.

Each is a module with a `case(random)` and a `check(case)`, which says what came of it.
"""

import collections
import importlib

import hypothesis
from hypothesis import strategies

# How many cases `make soak` tries of each; `make test` tries a few.
COUNTS = {
    "configurations": 50_000,
    "splits": 50_000,
    "image_bytes": 100_000,
    "answers": 200,
    "damage": 10_000,
}
PART = 500  # of a seed: as many as take seconds, so that a campaign may end between two

# Slow cases are for the reader of the table to judge; nothing is kept from one time to another.
SETTINGS = hypothesis.settings(
    deadline=None,
    database=None,
    phases=[hypothesis.Phase.generate, hypothesis.Phase.shrink],
    suppress_health_check=list(hypothesis.HealthCheck),
)


def explored(name, count, seed):
    """Try so many cases of a property, the same ones for the same seed; a count of what came."""
    module = importlib.import_module(f"tests.soak.{name}")
    found = collections.Counter()

    @hypothesis.seed(seed)
    @hypothesis.settings(SETTINGS, max_examples=count)
    @hypothesis.given(strategies.randoms(use_true_random=False))
    def holds(random):
        case = module.case(random)
        hypothesis.note(case)
        found[module.check(case)] += 1

    holds()
    return found
