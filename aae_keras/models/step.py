"""The step of training and that of validation, each written once, for every learning setting.

A setting is a list of `Term`s: a loss, the phase it belongs to, and the variables it moves. A step
takes the phases in the groups of a schedule, and lowers the sum of each phase's terms with the
phase's optimizer.
"""

import keras
from keras import ops

from aae_keras.images import to_unit_range
from aae_keras.models.latent_y import LatentY
from aae_keras.models.phased import PhasedModel
from aae_keras.models.schedules import follow, passes
from aae_keras.models.terms import Batch, Forward


class SteppedModel(PhasedModel):
    """A `PhasedModel` that can be fitted and evaluated.

    A subclass defines `build_terms`, `draw`, which makes a `Batch` of an element of the data set,
    and what a `Forward` asks of it: `code_of`, `encode` and `decode`.
    """

    def build_terms(self):
        """The `Term`s that define the setting; a subclass returns them."""
        raise NotImplementedError(f"{type(self).__name__} must define `build_terms`.")

    def count_steps(self):
        """Make the counter of steps, which every random draw depends on."""
        self.step = self.add_weight(
            shape=(),
            dtype="int64",
            initializer="zeros",
            trainable=False,
            aggregation="only_first_replica",
            name="step",
        )

    def track_terms(self):
        """Build the terms, and the means that `fit` reports of them."""
        self.terms = self.build_terms()
        self.trackers = {term.name: keras.metrics.Mean(name=term.name) for term in self.terms}
        self.error_rate = keras.metrics.Mean(name="error_rate")

    @property
    def classifies(self):
        """Whether labels teach y, so that its categories are the classes."""
        return any(term.phase == "classification" for term in self.terms)

    @property
    def latent_y(self):
        """What latent y is."""
        if self.told_labels:
            return LatentY.GIVEN
        if not self.has_y:
            return LatentY.NONE
        return LatentY.CLASS if self.classifies else LatentY.CLUSTER

    def compile(self, *args, metrics=None, weighted_metrics=None, **kwargs):
        """See `PhasedModel.compile`.

        Raises:
            ValueError: If there are metrics, which compare labels with y, where no label teaches y.
        """
        if (metrics or weighted_metrics) and not self.classifies:
            raise ValueError(
                "`metrics` compare labels with latent y, and no label teaches it in this setting. "
                f"Leave them out; `scoring.scores` has those that fit. Received: {metrics=}"
            )
        super().compile(*args, metrics=metrics, weighted_metrics=weighted_metrics, **kwargs)

    def after_step(self, forward):
        """Called when a step has moved the weights.

        Args:
            forward: The `Forward` of the step's first pass.
        """

    def train_step(self, data):
        """One step of the paper: reconstruction, regularization, classification.

        The schedule decides whether the phases follow each other or share their passes.
        """
        batch = self.draw(data)
        values, forward = follow(self, passes(self.schedule, self.phases), batch)
        self.step.assign_add(1)
        self.after_step(forward)
        return self.track(values, forward)

    def batch_mean(self, per_example):
        """Sum over the examples, divided by the global batch size, so that replicas add up."""
        replicas = self.distribute_strategy.num_replicas_in_sync
        return ops.sum(per_example) / ops.cast(ops.shape(per_example)[0] * replicas, "float32")

    def test_step(self, data):
        """The losses that mean something on held-out images, and the error where labels exist."""
        x, labels = unpack(data)
        images = to_unit_range(x)
        batch = Batch(images, images, images, labels, prior={})
        forward = Forward(self, batch, training=False)
        values = {
            term.name: term.loss(forward)
            for term in self.terms
            if term.validated and (labels is not None or not term.needs_labels)
        }
        if not values:
            raise ValueError(
                "Validation of this setting needs labels: pass elements of (images, labels). "
                "Received: images alone"
            )
        logs = self.track(values, forward)
        silent = self.trackers.keys() - values.keys()
        return {name: value for name, value in logs.items() if name not in silent}

    def track(self, values, forward):
        """Update the running means of the epoch; returns them all.

        Means are over every example of the epoch, not over the last batch.
        """
        for name, value in values.items():
            self.trackers[name].update_state(value)
        self._loss_tracker.update_state(
            sum(ops.mean(value) for value in values.values()),
            sample_weight=ops.shape(forward.batch.images)[0],
        )
        labels = forward.batch.labels
        if labels is None or "classification_loss" not in values:
            trackers = (self._loss_tracker, *self.trackers.values())
            return {tracker.name: tracker.result() for tracker in trackers}
        y = forward.labeled_code["y"]
        wrong = ops.not_equal(ops.argmax(y, axis=-1), ops.cast(labels, "int32"))
        self.error_rate.update_state(ops.cast(wrong, "float32"))
        return self.compute_metrics(forward.batch.labeled, labels, y)


def unpack_training(data, needs_labels):
    """The dict of images and the labels (or None) of a training element.

    Raises:
        ValueError: If it has another form than `AdversarialModel` says.
    """
    inputs, labels = unpack(data)
    whole = isinstance(inputs, dict) and "unlabeled" in inputs
    if not whole or (needs_labels and ("labeled" not in inputs or labels is None)):
        wanted = '({"unlabeled": images},)'
        if needs_labels:
            wanted = '({"unlabeled": images, "labeled": images}, labels)'
        found = sorted(inputs) if isinstance(inputs, dict) else type(inputs).__name__
        raise ValueError(
            f"A training element of this setting must be {wanted}, as `aae_keras.data.load` gives "
            f"it. Received: inputs {found}, {'no ' if labels is None else ''}labels"
        )
    return inputs, labels


def unpack(data):
    """Inputs and labels (or None) of an element of a data set."""
    x, labels, weights = keras.utils.unpack_x_y_sample_weight(data)
    if weights is not None:
        raise ValueError("`sample_weight` and `class_weight` are not supported; leave them out.")
    return x, labels
