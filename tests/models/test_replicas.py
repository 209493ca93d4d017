"""Two replicas of a global batch do what one device does, and draw noise of their own."""

import subprocess
import sys
import textwrap

SCRIPT = """
    import tensorflow as tf
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, 2 * [tf.config.LogicalDeviceConfiguration()])
    import keras
    import numpy as np
    from aae_keras import models
    from aae_keras.models.objective import Term, classification_term, reconstruction_term
    from aae_keras.models import ConditionalEntropy, FadeIn
    from aae_keras.models.replicas import global_mean
    from tests.tiny import tiny_model, tiny_networks

    class WithoutPrior(models.SemiSupervisedAAE):
        # Without prior samples the step has no draw that replicas could make otherwise.
        def build_terms(self):
            usage = Term(
                "usage", "reconstruction", self.usage, self.encoder.trainable_variables, per="batch"
            )
            return [reconstruction_term(self), classification_term(self), usage]

        def usage(self, forward):
            # Of the whole batch: no mean of the two halves' values would be the same.
            share = global_mean(forward.code["y"])
            return tf.reduce_sum(share * tf.math.log(share))

    images = np.random.default_rng(0).integers(0, 255, (8, 6, 5, 1), dtype="uint8")
    labels = np.arange(8) % 3
    element = {"unlabeled": images, "labeled": images}, labels
    # One replica knows four labels, the other one.
    some = element[0], np.where(np.arange(8) < 5, labels, -1)
    data = tf.data.Dataset.from_tensor_slices(some).repeat(3).batch(8, drop_remainder=True)

    def trained(**kwargs):
        late = ConditionalEntropy(FadeIn(5.0, 1, 3))
        model = tiny_model(kind=WithoutPrior, extra_terms=[late], **kwargs)
        model.compile(jit_compile=False)
        model.fit(data, verbose=0)
        return model

    alone = trained(input_noise=0)
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    with strategy.scope():
        together = trained(input_noise=0)
        noisy = tiny_model(input_noise=1.0)
        noisy.compile(jit_compile=False)
    for a, b in zip(alone.get_weights(), together.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)
    black = tf.zeros((4, 6, 5, 1))
    same = {"unlabeled": black, "labeled": black}, tf.zeros(4, tf.int64)
    drawn = strategy.run(lambda: noisy.make_batch(same).corrupted)
    first, second = strategy.experimental_local_results(drawn)
    assert np.abs(np.corrcoef(np.ravel(first), np.ravel(second))[0, 1]) < 0.4
    print("replicas agree")

    # Metrics, which Keras would build for all replicas before the first step, and odd batches: of
    # the 7 images, in batches of 3, one replica has 4 and the other 3, and none of the last batch.
    with strategy.scope():
        together = tiny_model()
    alone = tiny_model()
    alone.set_weights(together.get_weights())
    for model in alone, together:
        model.compile(metrics=["accuracy"], jit_compile=False)
    first, second = (
        model.evaluate(images[:7], labels[:7], batch_size=3, verbose=0, return_dict=True)
        for model in (alone, together)
    )
    assert first.keys() == second.keys() and "accuracy" in first
    for name, value in first.items():
        np.testing.assert_allclose(second[name], value, rtol=1e-5, err_msg=name)
    logs = together.fit(data, verbose=0).history
    np.testing.assert_allclose(1 - logs["accuracy"][0], logs["error_rate"][0], rtol=1e-5)
    print("odd batches agree")

    # Of 9 images in batches of 4 a replica would have none of the last one, and NaN for a mean.
    with strategy.scope():
        normal = tiny_model(tiny_networks(batch_norm=True))
        normal.compile(jit_compile=False)
    nine = np.concatenate([images, images[:1]])
    normal.fit({"unlabeled": nine, "labeled": nine}, np.arange(9) % 3, batch_size=4, verbose=0)
    assert all(np.isfinite(weight).all() for weight in normal.get_weights())
    try:
        normal.fit(tf.data.Dataset.from_tensor_slices(element).batch(3), verbose=0)
    except ValueError as error:
        assert "drop_remainder=True" in str(error)
        print("small batches are left out")

    class Batches(keras.utils.PyDataset):
        num_batches = 2

        def __getitem__(self, index):
            part = images[: (4, 1)[index]]
            return {"unlabeled": part, "labeled": part}, labels[: len(part)]

    try:
        normal.fit(Batches(), verbose=0)
    except ValueError as error:
        assert "a multiple of their number. Received: [1, 1] rows for 2 replicas" in str(error)
        print("batches of one image are refused")

    for options in ({"jit_compile": True}, {"steps_per_execution": 2}, {"jit_updates": True}):
        try:
            together.compile(**options)
        except ValueError as error:
            print(error)
"""


def test_replicas_add_up_and_draw_different_noise():
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(SCRIPT)], capture_output=True, text=True
    )
    said = done.stdout.splitlines()
    expected = ["replicas agree", "odd batches agree", "small batches are left out"]
    expected += ["batches of one image are refused"]
    assert said[:4] == expected, done.stderr
    refused = ("jit_compile", "steps_per_execution", "jit_updates")
    for name, message in zip(refused, said[4:], strict=True):
        assert message.startswith(f"`{name}` ") and "Received" in message
