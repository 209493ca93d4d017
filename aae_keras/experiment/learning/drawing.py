"""Pictures of a run while it trains."""

import contextlib
import logging
from typing import Any

import keras
import tensorflow as tf

from aae_keras.data import Data
from aae_keras.errors import first_line
from aae_keras.experiment.learning.callbacks import Backup
from aae_keras.experiment.pictures import figures
from aae_keras.experiment.run_folder import runs

log = logging.getLogger(__name__)


class DrawFigures(keras.callbacks.Callback):
    """Draws a run's pictures while it trains, all but the layout by t-SNE.

    Args:
        data: The `Data` it is trained on.
        run: The `Run`.
        backup: Its `Backup`, for the history so far.
    """

    def __init__(self, data: Data, run: runs.Run, backup: Backup):
        super().__init__()
        self.data = data
        self.run = run
        self.backup = backup

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Draw, if it is time; a picture that fails is no reason to lose a training."""
        if (epoch + 1) % self.run.config.draw_every:
            return
        try:
            self.draw(epoch)
        except (OSError, ValueError, MemoryError) as error:
            log.warning("The pictures of epoch %d failed: %s", epoch + 1, first_line(error))

    def draw(self, epoch: int) -> None:
        """Write the pictures of an epoch into `figures/` and TensorBoard."""
        drawn = {"learning_curves": figures.learning_curves(self.run, self.backup.history)}
        drawn |= figures.figures_of(self.model, self.data, with_tsne=False)
        writer = tf.summary.create_file_writer(str(self.run.logs / "figures"))
        with contextlib.closing(writer), writer.as_default():
            for name, figure in drawn.items():
                figures.save(self.run, name, figure)
                tf.summary.image(name, figures.pixels(figure)[None], step=epoch + 1)
