"""Keras's own callbacks with a model of several losses and optimizers."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.tiny import tiny_model

# The paper's, in the order of the phases.
RATES = [0.01, 0.1, 0.1, 0.1]


def rates(model):
    return [float(optimizer.learning_rate) for optimizer in model.optimizers]


def fit(model, element, images, labels, *callbacks, epochs=3):
    return model.fit(
        tf.data.Dataset.from_tensors(element),
        validation_data=(images, labels),
        epochs=epochs,
        callbacks=list(callbacks),
        verbose=0,
    )


@pytest.mark.parametrize(
    "schedule",
    [
        lambda epoch, rate: 0.5 * rate,
        pytest.param(lambda epoch: 0.01 * 0.5 ** (epoch + 1), marks=pytest.mark.exhaustive),
    ],
)
def test_a_scheduler_scales_all_rates(schedule, model, element, images, labels):
    """Told as a factor or as a value, the rate of the first phase is an eighth after 3 epochs."""
    scheduler = keras.callbacks.LearningRateScheduler(schedule)
    logs = fit(model, element, images, labels, scheduler).history
    assert rates(model) == pytest.approx([rate / 8 for rate in RATES])
    assert logs["learning_rate"] == pytest.approx([0.005, 0.0025, 0.00125])


def test_a_plateau_scales_all_rates(model, element, images, labels):
    plateau = keras.callbacks.ReduceLROnPlateau(
        "val_error_rate", factor=0.1, patience=1, min_delta=1.0
    )
    fit(model, element, images, labels, plateau)  # nothing falls by more than 1: twice reduced
    assert rates(model) == pytest.approx([rate / 100 for rate in RATES])
    fit(model, element, images, labels, epochs=1)  # without it they stay
    assert rates(model) == pytest.approx([rate / 100 for rate in RATES])


def test_rates_follow_in_the_epoch_that_they_are_set_for(model, element, images, labels):
    seen = []

    class Look(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            seen.append(rates(self.model))

    scheduler = keras.callbacks.LearningRateScheduler(lambda epoch, rate: 0.5 * rate)
    fit(model, element, images, labels, Look(), scheduler, epochs=2)
    np.testing.assert_allclose(seen, [np.divide(RATES, 2), np.divide(RATES, 4)], rtol=1e-6)


@pytest.mark.parametrize(
    "callback",
    [
        keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate),
        keras.callbacks.ReduceLROnPlateau(patience=1000),
    ],
)
def test_rates_that_follow_a_schedule_cannot_be_set(callback, element, images, labels):
    """Keras would say so when the rate is first set: with a plateau after hours."""
    model = tiny_model()
    falling = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.5)
    model.compile(generator_optimizer=keras.optimizers.SGD(falling), jit_compile=False)
    with pytest.raises(ValueError, match="follow a schedule of their own.*`rate_drops`"):
        fit(model, element, images, labels, callback)
    assert int(model.step) == 0


@pytest.mark.parametrize("kind", ["EarlyStopping", "ReduceLROnPlateau", "ModelCheckpoint"])
def test_less_of_a_loss_or_an_error_is_better(kind, model, element, images, labels, tmp_path):
    extra = {"filepath": tmp_path / "best.keras"} if kind == "ModelCheckpoint" else {}
    for monitor in ("val_error_rate", "error_rate", "val_reconstruction_loss", "loss"):
        callback = getattr(keras.callbacks, kind)(monitor=monitor, **extra)
        model.compile(jit_compile=False)
        from aae_keras.models import callbacks

        callbacks.prepared(model, callback)
        callback.set_model(model)
        callback._set_monitor_op()
        assert bool(callback.monitor_op(1.0, 2.0)) and not bool(callback.monitor_op(2.0, 1.0))


def test_an_early_stop_needs_no_mode(model, element, images, labels):
    stop = keras.callbacks.EarlyStopping("val_error_rate", patience=1, min_delta=1.0)
    assert len(fit(model, element, images, labels, stop, epochs=9).epoch) == 2


def test_what_cannot_be_monitored_is_refused_before_the_first_epoch(model, element, images, labels):
    stop = keras.callbacks.EarlyStopping
    with pytest.raises(ValueError, match="a side of a game.*one of classification_loss, error_rat"):
        fit(model, element, images, labels, stop("val_discriminator_cat_loss"))
    with pytest.raises(ValueError, match="Nothing of that name.*monitor='val_acuracy'"):
        fit(model, element, images, labels, stop("val_acuracy"))
    assert int(model.step) == 0
    assert fit(model, element, images, labels, stop("discriminator_cat_loss", mode="max"), epochs=1)


def test_metrics_of_the_user_may_be_monitored(element, images, labels):
    model = tiny_model()
    model.compile(metrics=["accuracy"], jit_compile=False)
    stop = keras.callbacks.EarlyStopping("val_accuracy", patience=1, min_delta=1.0)
    logs = fit(model, element, images, labels, stop, epochs=9)
    assert len(logs.epoch) == 2  # an accuracy that rises by less than 1
    np.testing.assert_allclose(
        logs.history["val_accuracy"], 1 - np.array(logs.history["val_error_rate"]), atol=1e-6
    )


def test_rates_rise_again_from_zero(model, element, images, labels):
    """A warm-up begins with 0, of which nothing is a multiple."""
    warm_up = keras.callbacks.LearningRateScheduler(lambda epoch: 0.01 * min(1, epoch / 2))
    fit(model, element, images, labels, warm_up)
    assert rates(model) == pytest.approx(RATES)


def test_a_schedule_may_warm_up_from_zero(element, images, labels):
    model = tiny_model()
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, decay_steps=100, warmup_target=0.01, warmup_steps=10
    )
    model.compile(keras.optimizers.SGD(rate), jit_compile=False)
    assert fit(model, element, images, labels, epochs=1).epoch == [0]


def test_a_callback_list_is_taken_and_rates_follow_once(model, element, images, labels):
    halve = keras.callbacks.LearningRateScheduler(lambda epoch, rate: 0.5 * rate)
    listed = keras.callbacks.CallbackList([halve], model=model, add_history=True)
    for _ in range(2):
        model.fit(tf.data.Dataset.from_tensors(element), epochs=1, callbacks=listed, verbose=0)
    assert rates(model) == pytest.approx([rate / 4 for rate in RATES])
