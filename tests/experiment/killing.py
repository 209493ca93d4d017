"""A run that is killed and resumed, beside one that is left alone."""

import shutil

import keras
import numpy as np

from aae_keras import models
from aae_keras.experiment.learning import training
from aae_keras.experiment.run_folder import outcomes


class CopyAt(keras.callbacks.Callback):
    """Copies a run folder while it is trained: what kill -9 would leave of it at that moment.

    Args:
        folder: The run folder.
        copy: Where it is copied to.
        epoch, batch: The moment, both counted from 0; a batch within an execution waits for its
            end.
    """

    def __init__(self, folder, copy, epoch, batch=0):
        super().__init__()
        self.folder, self.copy, self.at = folder, copy, (epoch, batch)

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_begin(self, batch, logs=None):
        if (self.epoch, batch) >= self.at and not self.copy.exists():
            shutil.copytree(self.folder, self.copy)


def check_resumes_exactly(config, folder, epoch, batch=0, build=None):
    """Both end with the same weights, optimizers and history, bit for bit; the resumed `Run`."""
    whole, killed = folder / "whole", folder / "killed"
    copy = CopyAt(whole, killed, epoch, batch)
    keras.utils.set_random_seed(1)
    alone = training.train(config, whole, build=build, callbacks=[copy], verbose=0)
    assert not (killed / "model.keras").exists()
    keras.utils.set_random_seed(99)  # a new process has another state
    resumed = training.train(config, killed, resume=True, build=build, verbose=0)
    assert_same_weights(saved_weights(alone), saved_weights(resumed))
    rows, others = (outcomes.read_history(run) for run in (alone, resumed))
    assert [row["epoch"] for row in others] == list(range(1, len(rows) + 1))
    for row, other in zip(rows, others, strict=True):
        assert row | {"seconds": 0} == other | {"seconds": 0}
    return resumed


def saved_weights(run):
    """Weights of a run's model and of its optimizers, by number."""
    model = models.load_model(run.model_file)
    optimizers = [v for optimizer in model.optimizers for v in optimizer.variables]
    return dict(enumerate(v.numpy() for v in model.weights + optimizers))


def assert_same_weights(first, second):
    """Two results of `saved_weights` are the same to the bit."""
    assert first.keys() == second.keys()
    for name in first:
        np.testing.assert_array_equal(first[name], second[name], err_msg=str(name))
