"""A run that is killed between two epochs and resumed, beside one that is left alone."""

import numpy as np
import pytest

from aae_keras import models
from aae_keras.experiment import outcomes, training


class StopAfter(training.EpochClock):
    """Ends a run like a kill, once an epoch of it is whole."""

    def __init__(self, epochs):
        super().__init__()
        self.epochs = epochs

    def on_epoch_begin(self, epoch, logs=None):
        super().on_epoch_begin(epoch, logs)
        if epoch == self.epochs:
            raise KeyboardInterrupt


def check_resumes_exactly(config, folder, monkeypatch, killed_after):
    """Both end with the same weights and the same history, bit for bit."""
    whole = training.train(config, folder / "whole", verbose=0)
    original = training.EpochClock
    monkeypatch.setattr(training, "EpochClock", lambda: StopAfter(killed_after))
    with pytest.raises(KeyboardInterrupt):
        training.train(config, folder / "killed", verbose=0)
    monkeypatch.setattr(training, "EpochClock", original)
    resumed = training.train(config, folder / "killed", resume=True, verbose=0)
    one, other = (models.load_model(run.model_file) for run in (whole, resumed))
    for a, b in zip(one.weights, other.weights, strict=True):
        np.testing.assert_array_equal(a, b)
    rows = [outcomes.read_history(run) for run in (whole, resumed)]
    for row, again in zip(*rows, strict=True):
        assert {k: v for k, v in row.items() if k != "seconds"} == {
            k: v for k, v in again.items() if k != "seconds"
        }
