"""The methods of a Keras model that people pass arrays and data sets to; what they pass is checked.

What is checked of what stands in `passed`. A step itself checks no values.
"""

import pathlib
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from aae_keras.errors import UserError, first_line
from aae_keras.extras import how_to_install
from aae_keras.models import callbacks as callbacks_module
from aae_keras.models.passed import Passed, plain_errors
from aae_keras.networks import input_shapes


class CheckedModel(keras.Model):
    """`fit`, `evaluate`, `predict` and `export` of a `PhasedModel`."""

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: str | int = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool | None = None,
        class_weight: Mapping[int, float] | None = None,
        sample_weight: Any = None,
        **kwargs: Any,
    ) -> keras.callbacks.History:
        """`keras.Model.fit`.

        Args:
            x: A tf.data set or generator of training elements (see `models.elements`); or arrays:
                `{"unlabeled": images, "labeled": images}`, of equal lengths. Images are uint8, or
                float in [0, 1]: shape (n, height, width, channels), (n, height, width) of grey
                ones, or flat.
            y: Class numbers from 0, shape (n,) or (n, 1), if `x` is arrays; -1 means no label.
            validation_data: `(images, labels)`, or `(images,)` without labels, or a set of such.
            shuffle: None shuffles arrays, and leaves the order of a set to the set. That of arrays
                is Keras's (`keras.utils.set_random_seed`), not of the model's seed: a set of
                `data.from_arrays` has an order of (seed, epoch), which a resumed run repeats.
            callbacks: Keras callbacks. One that changes the rate of `model.optimizer` changes those
                of all phases, by the same factor.
            class_weight: Dict by class of the factor of `classification_loss`; 1 where not given.
            sample_weight: The same for each label, shape (n,), if `x` is arrays; a set has them as
                a third part of its elements. Metrics and `error_rate` count every label once.
            validation_split: Not supported: `data.from_arrays(validation_size=...)` splits.
            batch_size, epochs, verbose, **kwargs: As in `keras.Model.fit`.

        Raises:
            DataError: If images or labels are not as they should be.
            ValueError: If an argument cannot be followed, the model is not compiled, or its rates
                have fallen to 0.
        """
        self._check_compiled("fit")
        if kwargs.get("initial_epoch", 0) < epochs:
            self._check_rates()
        if validation_split:
            raise ValueError(
                "`validation_split` is not supported: labelled and unlabelled images are split "
                "each in its own way. Use `aae_keras.data.from_arrays(x, y, validation_size=0.1)`, "
                "or pass `validation_data=(images, labels)`. "
                f"Received: {validation_split=}"
            )
        passed = Passed(self, training=True, class_weight=class_weight)
        x, y, sample_weight = passed.checked(x, y, sample_weight)
        if self.distribute_strategy.num_replicas_in_sync > 1:
            rows = 32 if batch_size is None else batch_size
            x, y, sample_weight = passed.whole_batches(x, y, sample_weight, rows)
        if shuffle is None:
            shuffle = isinstance(x, dict | np.ndarray)
        if validation_data is not None:
            validation_data = self._validation(validation_data)
        with plain_errors():
            return super().fit(
                x,
                y,
                batch_size,
                epochs,
                verbose,
                callbacks_module.prepared(self, callbacks),
                validation_data=validation_data,
                shuffle=shuffle,
                sample_weight=sample_weight,
                **kwargs,
            )

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: str | int = "auto",
        sample_weight: Any = None,
        **kwargs: Any,
    ) -> Any:
        """`keras.Model.evaluate` on `(images, labels)`, in the forms that `fit` takes.

        Images of label -1 count in the losses that need no label alone. Without any label there is
        no `error_rate`; where a set turns out to have none it is NaN.

        Raises:
            DataError: If images or labels are not as they should be.
        """
        self._check_compiled("evaluate")
        if not kwargs.get("_use_cached_eval_dataset"):  # Keras's own call: `fit` has checked it
            x, y, sample_weight = self._evaluated(x, y, sample_weight)
        with plain_errors():
            return super().evaluate(x, y, batch_size, verbose, sample_weight, **kwargs)

    def predict(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        """`keras.Model.predict` of images, in the forms that `fit` takes: float32 (n, categories).

        That is latent y, the probability of each category; latent z, (n, latent_dim), in a setting
        whose encoder finds no y.

        Raises:
            DataError: If the images are not as they should be.
        """
        x, _, _ = Passed(self).checked(x)
        with plain_errors():
            return super().predict(x, *args, **kwargs)

    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Any = None,
        **kwargs: Any,
    ) -> Any:
        """`keras.Model.train_on_batch`, of what `fit` takes."""
        self._check_compiled("train_on_batch")
        passed = Passed(self, training=True, class_weight=class_weight)
        x, y, sample_weight = passed.checked(x, y, sample_weight)
        return super().train_on_batch(x, y, sample_weight, **kwargs)

    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, **kwargs: Any) -> Any:
        """`keras.Model.test_on_batch`, of what `evaluate` takes."""
        self._check_compiled("test_on_batch")
        return super().test_on_batch(*self._evaluated(x, y, sample_weight), **kwargs)

    def predict_on_batch(self, x: Any) -> Any:
        """`keras.Model.predict_on_batch`, of what `predict` takes."""
        x, _, _ = Passed(self).checked(x)
        return super().predict_on_batch(x)

    def export(
        self,
        filepath: pathlib.Path | str,
        format: str = "tf_saved_model",
        verbose: bool | None = None,
        input_signature: Any = None,
        **kwargs: Any,
    ) -> None:
        """`keras.Model.export`: images float32 in [0, 1] to what `predict` returns.

        `python -m tools.export` of a run does more: labels by name, image files, a check that the
        file answers like the model. Here nothing checks the range of pixels.

        Args:
            filepath, format, verbose, **kwargs: As in `keras.Model.export`.
            input_signature: None for one input `image`, float32 of any batch.

        Raises:
            UserError: If the format needs a package that is missing.
        """
        if input_signature is None:
            shape = input_shapes(self.encoder)["image"]
            input_signature = [keras.InputSpec(shape=shape, dtype="float32", name="image")]
        try:
            super().export(filepath, format, verbose, input_signature, **kwargs)
        except ImportError as error:
            raise UserError(
                f"The format {format} needs a package that is not installed: "
                f"{how_to_install('onnx')} for onnx. "
                f"Received: {first_line(error)}"
            ) from error

    def _maybe_symbolic_build(self, iterator: Any = None, data_batch: Any = None) -> None:
        """Of Keras: nothing is left to build, and replicas' odd batches cannot be added up."""

    def _get_metrics_result_or_logs(self, logs: Any) -> Any:
        """Of Keras: the reports of all replicas, which each of them has of its own images."""
        if self.distribute_strategy.num_replicas_in_sync == 1:
            return logs
        results = self.get_metrics_result()
        return {name: results[name] for name in logs}

    def _evaluated(self, x, y, sample_weight):
        """What `evaluate` is to pass on; refused where it cannot be evaluated."""
        x, y, sample_weight = Passed(self).checked(x, y, sample_weight)
        if isinstance(x, tf.data.Dataset):
            with_labels = keras.utils.unpack_x_y_sample_weight(x.element_spec)[1] is not None
        elif isinstance(x, np.ndarray):
            with_labels = y is not None
        else:
            return x, y, sample_weight
        self.validated_terms(with_labels)
        if with_labels and not all(getattr(metric, "built", True) for metric in self.metrics):
            # Metrics make variables when first fed, which a function traced without labels cannot.
            self.test_function = None
        return x, y, sample_weight

    def _validation(self, data):
        """`validation_data` of `fit`, checked; a generator goes through as it is."""
        return keras.utils.pack_x_y_sample_weight(
            *self._evaluated(*keras.utils.unpack_x_y_sample_weight(data))
        )

    def _check_rates(self):
        """A model read back has the rates of its last step: 0, where they fell to the end."""
        over = [
            optimizer.name
            for optimizer in self.optimizers
            if isinstance(optimizer.get_config()["learning_rate"], dict)  # of a schedule
            and int(optimizer.iterations)  # a warm-up begins with 0
            and not float(optimizer.learning_rate)
        ]
        if over and len(over) == len(self.optimizers):
            raise ValueError(
                f"`fit` would change nothing: by their schedules the rates of {', '.join(over)} "
                "have fallen to 0. To train on, `compile` with other optimizers, or start a new "
                "run from this one: python -m tools.train --resume_from=RUN"
            )

    def _check_compiled(self, method):
        if not self.compiled:
            raise ValueError(f"Call `compile` before `{method}`.")
