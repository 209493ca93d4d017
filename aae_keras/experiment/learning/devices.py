"""Training on more than one device: what `--distribute` starts, and what workers tell each other.

Under `mirrored` one process has a replica on each of its devices. Under `multiworker` each process
is a worker with a model of its own (`models.replicas`); the first, the chief, alone knows the run
folder. It says what is trained, and every epoch begins with its variables in all workers. So what
the chief's checkpoint holds is the whole state, and a run resumes exactly whoever else has died.
"""

import atexit
import contextlib
import functools
import json
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from aae_keras.data import Data
from aae_keras.errors import UserError, first_line
from aae_keras.experiment.configuration.config import Config
from aae_keras.experiment.learning.callbacks import state
from aae_keras.experiment.learning.tf_config import Place, check_way, place_of
from aae_keras.models import AdversarialModel, replicas
from aae_keras.networks import all_layers

log = logging.getLogger(__name__)

# How TensorFlow says that another process, or the way to it, is gone.
_LOST = (
    tf.errors.UnavailableError,
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
    tf.errors.InternalError,
)


class Group:
    """The replicas that train together: one, if nothing else is said.

    Args:
        strategy: That of `mirrored`, or of the workers; None for one device.
        place: Of this process among workers; None where there are none.
    """

    def __init__(self, strategy: Any = None, place: Place | None = None):
        self.strategy, self.place = strategy, place
        self.count = strategy.num_replicas_in_sync if strategy else 1

    @property
    def is_chief(self) -> bool:
        """Whether this process writes the run folder."""
        return self.place is None or self.place.rank == 0

    def scope(self) -> contextlib.AbstractContextManager:
        """Where the model is to be built and compiled."""
        if self.strategy is None or self.place:
            return contextlib.nullcontext()
        return self.strategy.scope()

    def check(self, config: Config, data: Data) -> None:
        """Refuse what several replicas cannot do.

        Raises:
            UserError: If an option or the data's batches do not allow it.
        """
        if self.count == 1:
            return
        if config.jit_compile == "step" or (config.jit_compile == "updates" and not self.place):
            raise UserError(
                f"On {self.count} devices replicas add up what they computed, which XLA has no way "
                f"to do: leave --jit_compile out. Received: jit_compile={config.jit_compile!r}"
            )
        for name, size in data.batch_sizes.items():
            if size % self.count:
                raise UserError(
                    f"`{name}` is of all {self.count} devices together, and must be a multiple of "
                    f"their number. Received: {name}={size}"
                )

    def check_model(self, model: AdversarialModel) -> None:
        """Refuse a model of the user's that workers could not keep equal.

        Raises:
            UserError: If its metrics or layers would speak of one worker alone.
        """
        if self.place is None:
            return
        if model.has_metrics:
            raise UserError(
                "Workers add up the setting's own reports alone. Compile without `metrics`, and "
                "compute them of the trained model."
            )
        for network in model.get_config().values():
            for layer in all_layers(network) if isinstance(network, keras.Model) else []:
                if getattr(layer, "synchronized", False):
                    raise UserError(
                        "Workers normalise over their own images. Build the layer with "
                        f"`synchronized=False`. Received: the layer {layer.name}"
                    )

    def share(self, dataset: tf.data.Dataset) -> tf.data.Dataset:
        """A data set of this worker's rows of each batch; the set itself without workers."""
        if self.place is None:
            return dataset
        rank, count = self.place.rank, self.place.count
        mine = dataset.map(
            lambda *parts: tf.nest.map_structure(lambda part: part[rank::count], parts),
            num_parallel_calls=tf.data.AUTOTUNE,
        ).prefetch(tf.data.AUTOTUNE)
        mine.largest_label = dataset.largest_label
        return mine

    def tell(self, message: dict[str, Any] | None = None) -> dict[str, Any]:
        """What the chief says to all workers, once all have come to hear it.

        Args:
            message: The chief's, as JSON has it; the others pass none.

        Returns:
            It, in each.
        """
        if self.place is None:
            return message or {}
        text = np.frombuffer(json.dumps(message).encode(), "uint8").astype("int32")
        (length,) = self._of_chief([np.int32(len(text))])
        if not self.is_chief:
            text = np.zeros(int(length), "int32")
        (said,) = self._of_chief([text])
        return json.loads(np.asarray(said).astype("uint8").tobytes())

    def take_over(self, variables: Sequence[Any]) -> None:
        """Give all workers the chief's values of variables."""
        if self.place is None:
            return
        # Collectives take no unsigned numbers, as generators of random numbers have.
        numbers = [tf.cast(v.value, "int64") if _is_unsigned(v) else v.value for v in variables]
        values = self._of_chief(numbers)
        if not self.is_chief:
            for variable, value in zip(variables, values, strict=True):
                variable.assign(tf.cast(value, variable.dtype))

    def _of_chief(self, tensors):
        """The chief's tensors: the sum of them and of nothing from the others."""
        if not self.is_chief:
            tensors = [tf.zeros_like(tensor) for tensor in tensors]
        return replicas.summed(tensors)


def _is_unsigned(variable):
    return tf.as_dtype(variable.dtype).is_unsigned


@contextlib.contextmanager
def started(way: str) -> Iterator[Group]:
    """The replicas of `--distribute`, until the end of the block.

    Args:
        way: One of `tf_config.WAYS`.

    Raises:
        UserError: If the devices or TF_CONFIG do not allow it, or another worker ends.
    """
    check_way(way)
    if way == "mirrored":
        strategy = _mirrored()
        log.info("Training on %d devices.", strategy.num_replicas_in_sync)
        if strategy.num_replicas_in_sync == 1:
            log.warning("--distribute=mirrored has found one device, as if it had been left out.")
        yield Group(strategy)
    elif way == "multiworker":
        with _workers(place_of(os.environ.get("TF_CONFIG"))) as group:
            yield group
    else:
        yield Group()


@contextlib.contextmanager
def _workers(place):
    if len(gpus := tf.config.list_physical_devices("GPU")) > 1:
        raise UserError(
            "A worker computes on one device. Start one for each GPU, with CUDA_VISIBLE_DEVICES. "
            f"Received: {len(gpus)} GPUs"
        )
    if place.count == 1:
        log.warning("TF_CONFIG names one worker, as if --distribute had been left out.")
        yield Group()
        return
    log.info("Worker %d of %d waits for the others.", place.rank + 1, place.count)
    strategy = _met()
    try:
        with replicas.joined(strategy, place.rank):
            yield Group(strategy, place)
    except _LOST as error:
        atexit.register(_end_at_once)
        raise UserError(
            "Another worker has ended, or cannot be reached, so this one ends too. Start all of "
            "them again with --resume, and look for what the first to end said. "
            f"Received: {type(error).__name__}"
        ) from error
    except BaseException:
        atexit.register(_end_at_once)
        raise


def _end_at_once():
    """End this process, which has failed: TensorFlow would have it wait a minute for the others.

    And these see that it is gone when it has ended.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(1)


@functools.cache
def _mirrored():
    """The strategy of this machine's devices; a second one would get in the way of its sums."""
    devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    return tf.distribute.MirroredStrategy([device.name for device in devices])


@functools.cache
def _met():
    """The strategy of the workers, who meet once in the life of a process."""
    try:
        return tf.distribute.MultiWorkerMirroredStrategy()
    except RuntimeError as error:
        raise UserError(
            "Workers must find each other before TensorFlow computes anything: call `train` "
            f"first. TensorFlow said: {first_line(error)}"
        ) from error


class TakeOver(keras.callbacks.Callback):
    """Begins each epoch with the chief's variables, and with the images in their order for it.

    Args:
        group: The workers.
        data: The `Data`.
    """

    def __init__(self, group: Group, data: Data):
        super().__init__()
        self.group, self.data = group, data

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Take over."""
        self.data.next_epoch.assign(epoch)
        self.group.take_over(list(state(self.model).values()))
