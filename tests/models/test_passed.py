"""What people pass to `fit`, `evaluate` and `predict`: read as meant, or refused in a line."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

from aae_keras import models
from aae_keras.data import from_arrays
from aae_keras.errors import DataError
from aae_keras.models import inference
from tests.tiny import IMAGE_SHAPE, SETTINGS, encoder


def compiled(setting="labels-only", **kwargs):
    """The same weights at each call."""
    kinds = SETTINGS | {"labels-only": lambda: models.LabelsOnly(encoder(3))}
    model = kinds[setting]()
    model.compile(jit_compile=False, **kwargs)
    return model


def scores(model, *data, **kwargs):
    return model.evaluate(*data, return_dict=True, verbose=0, **kwargs)


def in_batches(*parts):
    return tf.data.Dataset.from_tensor_slices(parts).batch(20)


class Sequence(keras.utils.PyDataset):
    """Batches of 20, as people write them who read their own files."""

    def __init__(self, *parts):
        super().__init__()
        self.parts, self.epochs = parts, 0

    def __len__(self):
        return 3

    def __getitem__(self, index):
        return tuple(part[20 * index :][:20] for part in self.parts)

    def on_epoch_end(self):
        self.epochs += 1


def generated(*parts):
    return (element for element in Sequence(*parts))


def training(images, labels, *weights):
    """A data set of one step: 40 images without and 20 with a label."""
    inputs = {"unlabeled": images[:40], "labeled": images[40:]}
    return tf.data.Dataset.from_tensors((inputs, labels[40:], *weights))


@pytest.fixture
def half(labels):
    """Every second label withheld, none of the last twenty: batches have 10, 10 and 0."""
    return np.where((np.arange(60) % 2 == 0) | (np.arange(60) >= 40), -1, labels)


# Labels.


def test_a_label_of_minus_1_counts_in_no_mean(images, labels, half):
    """Batches of 32 hold unequal numbers of labels: a mean of means would be another number."""
    known = half >= 0
    model = compiled("semi-supervised", metrics=["accuracy"])
    whole = scores(model, images, half)
    alone = scores(model, images[known], half[known])
    for name in ("error_rate", "classification_loss", "accuracy"):
        assert whole[name] == pytest.approx(alone[name], abs=1e-6)
    parts = whole["classification_loss"] + whole["reconstruction_loss"]
    assert whole["loss"] == pytest.approx(parts)
    # Images without a label are reconstructed all the same.
    everything = scores(model, images, labels)
    assert whole["reconstruction_loss"] == pytest.approx(everything["reconstruction_loss"])
    assert scores(model, in_batches(images, half)) == pytest.approx(whole)
    assert model.test_on_batch(images, half, return_dict=True) == pytest.approx(whole)


def test_without_any_label_nothing_is_said_of_errors(images, labels, caplog):
    model = compiled("semi-supervised", metrics=["accuracy"])
    found = scores(model, images, 0 * labels - 1)
    assert found.keys() == {"loss", "reconstruction_loss"}
    assert "All labels are -1" in caplog.text
    # Of a set that is seen too late to say so the error is no number.
    assert np.isnan(scores(model, in_batches(images, 0 * labels - 1))["error_rate"])


def test_a_label_of_minus_1_teaches_nothing(images, labels, half):
    """A step on 20 labelled images, of which 10 have a label, is a step on these 10."""
    half = np.roll(half, 20)  # the last twenty are half known
    found = []
    for rows in (np.arange(40, 60), np.flatnonzero(half >= 0)[-10:]):
        model = compiled(classification_optimizer=keras.optimizers.SGD(0.5))
        model.input_noise = 0.0
        inputs = {"unlabeled": images[:40], "labeled": images[rows]}
        model.fit(tf.data.Dataset.from_tensors((inputs, half[rows])), verbose=0)
        found.append(model.encoder.get_weights())
    for whole, alone in zip(*found, strict=True):
        np.testing.assert_allclose(whole, alone, atol=1e-6)


def test_a_label_informed_model_takes_minus_1_for_unknown(images, labels):
    model = compiled("label-informed")
    batch = model.make_batch(
        ({"unlabeled": tf.constant(images[:4]), "labeled": tf.constant(images[4:6])},
         tf.constant([2, -1]))
    )  # fmt: skip
    assert batch.labels.numpy().tolist() == [3, 3, 3, 3, 2, 3]


def test_labels_in_a_column_are_labels(images, labels):
    model = compiled()
    flat = scores(model, images, labels)
    assert scores(model, images, labels[:, None]) == pytest.approx(flat)
    assert scores(model, in_batches(images, labels[:, None])) == pytest.approx(flat)
    assert scores(model, images, labels.tolist()) == pytest.approx(flat)
    assert scores(model, images, labels.astype("uint8")) == pytest.approx(flat)
    for setting in ("labels-only", "supervised", "label-informed"):
        found = [
            compiled(setting).fit(training(images, y), verbose=0).history["loss"]
            for y in (labels, labels[:, None])
        ]
        assert found[0] == pytest.approx(found[1])


BAD_LABELS = {
    "one-hot": (lambda y: np.eye(3)[y], r"argmax\(axis=1\).*Received: shape"),
    "one-hot of whole numbers": (lambda y: np.eye(3, dtype=int)[y], r"argmax\(axis=1\)"),
    "floats": (lambda y: y + 0.5, r"whole numbers.*astype\('int64'\).*Received: .*float"),
    "truth values": (lambda y: y > 0, "whole numbers.*bool"),
    "names": (lambda y: y.astype("str"), "whole numbers.*np.unique"),
    "a class too many": (lambda y: y + 1, "from 0 to 2.*Received: from 1 to 3"),
    "below -1": (lambda y: y - 2, "-1.*Received: "),
}


@pytest.mark.parametrize("kind", BAD_LABELS)
def test_labels_that_are_no_class_numbers_are_refused(kind, images, labels):
    change, message = BAD_LABELS[kind]
    bad = change(labels)
    model = compiled()
    for data in ((images, bad), (in_batches(images, bad),)):
        with pytest.raises(DataError, match=message):
            scores(model, *data)
    with pytest.raises(DataError, match=message):
        model.fit(training(images, bad), verbose=0)
    with pytest.raises(DataError, match=message):
        model.fit({"unlabeled": images, "labeled": images}, bad, verbose=0)
    with pytest.raises(DataError, match=message):
        model.fit(training(images, labels), validation_data=(images, bad), verbose=0)


def test_a_setting_that_is_told_labels_needs_them_all(images, labels, half):
    model = compiled("supervised")
    for call in (
        lambda: scores(model, images, half),
        lambda: scores(model, in_batches(images, half)),
        lambda: model.fit(training(images, half), verbose=0),
        lambda: model.train_on_batch({"unlabeled": images, "labeled": images}, half),
    ):
        with pytest.raises(DataError, match="needs them all. Received: from -1 to"):
            call()


def test_labels_that_no_term_asks_for_are_not_looked_at(images, labels):
    model = compiled("clustering")
    found = scores(model, images, labels.astype("str"))
    assert found == pytest.approx(scores(model, images))


def test_other_numbers_of_labels_and_images_are_refused(images, labels):
    model = compiled()
    with pytest.raises(DataError, match="label for each of the images.*60 images, 50 labels"):
        scores(model, images, labels[:50])
    with pytest.raises(DataError, match="label for each of the labeled.*20 labeled, 10 labels"):
        model.fit(training(images, labels[:50]), verbose=0)
    with pytest.raises(DataError, match="must not all be -1"):
        model.fit({"unlabeled": images, "labeled": images}, 0 * labels - 1, verbose=0)


@pytest.mark.parametrize("setting", ["labels-only", "supervised"])
def test_validation_without_the_labels_it_needs_is_refused_before_the_first_epoch(
    setting, images, labels
):
    model = compiled(setting)
    for held_out in ((images,), in_batches(images), images):
        with pytest.raises(ValueError, match="needs labels.*no `validation_data`"):
            model.fit(training(images, labels), validation_data=held_out, verbose=0)
    assert int(model.step) == 0
    with pytest.raises(ValueError, match="Validation of this setting needs labels"):
        scores(model, images)


# Pixels.

BAD_PIXELS = {
    "0 to 255": (lambda x: x * 255, r"in \[0, 1\]; divide by their maximum.*from 0(.0)? to 239"),
    "-1 to 1": (lambda x: 2 * x - 1, r"\(x \+ 1\) / 2.*Received: values from -1(.0)? to"),
    "standardised": (lambda x: (x - x.mean()) / x.std(), "Received: values from -"),
    "a little too much": (lambda x: x * 1.1, "Received: values from 0(.0)? to 1.03"),
    "NaN": (lambda x: np.where(x > 0.9, np.nan, x), "NaN or infinite|Received: values from"),
    "int64": (lambda x: (x * 255).astype("int64"), "must be uint8, or float.*Received: int64"),
    "sides exchanged": (lambda x: np.swapaxes(x, 1, 2), r"\(n, 6, 5, 1\).*\(\w+, 5, 6, 1\)"),
    "another size": (lambda x: x[:, :4], r"must have shape \(n, 6, 5, 1\)"),
    "colour": (lambda x: np.repeat(x, 3, axis=-1), r"Received: shape \(\w+, 6, 5, 3\)"),
}


@pytest.mark.parametrize("kind", BAD_PIXELS)
def test_pixels_that_are_not_as_they_should_be_are_refused(kind, unit_images, labels):
    change, message = BAD_PIXELS[kind]
    bad = change(unit_images).astype("int64" if kind == "int64" else "float32")
    model = compiled()
    refused = pytest.raises((DataError, TypeError), match=message)
    for data in (bad, in_batches(bad), in_batches(bad, labels)):
        with refused:
            model.predict(data, verbose=0)
    for data in ((bad, labels), (in_batches(bad, labels),)):
        with refused:
            scores(model, *data)
    for inputs in (
        {"unlabeled": unit_images, "labeled": bad},
        {"unlabeled": bad, "labeled": bad},
    ):
        with refused:
            model.fit(inputs, labels, verbose=0)
    with refused:
        model.fit(training(bad, labels), verbose=0)
    with refused:
        model.fit(training(unit_images, labels), validation_data=(bad, labels), verbose=0)
    with refused:
        model.predict_on_batch(bad)
    if kind not in ("int64", "sides exchanged", "another size", "colour"):
        with refused:
            inference.encode(model, bad)


def test_forms_that_mean_the_same_give_the_same(images, unit_images):
    model = compiled()
    expected = model.predict(images, verbose=0)
    for form in (
        unit_images,
        unit_images.astype("float64"),
        unit_images[..., 0],
        unit_images.reshape(60, 30),
        np.moveaxis(unit_images, -1, 1),
        images.tolist() and [row for row in images],
        tf.constant(images),
        unit_images + 5e-4,
    ):
        np.testing.assert_allclose(model.predict(form, verbose=0), expected, atol=2e-3)
    black_and_white = unit_images > 0.5
    np.testing.assert_allclose(
        model.predict(black_and_white, verbose=0),
        model.predict(black_and_white.astype("uint8") * np.uint8(255), verbose=0),
        atol=1e-6,
    )


def test_one_image_without_a_batch_and_no_image_are_refused(model, unit_images):
    with pytest.raises(DataError, match=r"`x\[None\]` makes a batch.*\(6, 5, 1\)"):
        model.predict(unit_images[0], verbose=0)
    for call in (
        lambda: model.predict(unit_images[:0], verbose=0),
        lambda: model.evaluate(unit_images[:0], verbose=0),
        lambda: model.evaluate(in_batches(unit_images, np.zeros(60, int)).take(0), verbose=0),
        lambda: inference.encode(model, unit_images[:0]),
    ):
        with pytest.raises(DataError, match="an image at least"):
            call()


def test_bytes_of_0_and_1_are_taken_with_a_warning(unit_images, caplog):
    compiled().predict((unit_images > 0.5).astype("uint8"), verbose=0)
    assert "bytes of 0 and 1 alone" in caplog.text and "multiply" in caplog.text


def test_the_sets_of_data_are_not_taken_for_each_other(model, element, images):
    train = tf.data.Dataset.from_tensors(element)
    for call in (
        lambda: model.evaluate(train, verbose=0),
        lambda: model.predict(train, verbose=0),
        lambda: model.fit(train, validation_data=train, verbose=0),
    ):
        with pytest.raises(DataError, match="not its `train`. Received: a dict of labeled, unlab"):
            call()
    with pytest.raises(DataError, match=r"from_arrays\(x, y\).train.*Received: inputs ndarray"):
        model.fit(images, np.zeros(60, int), verbose=0)
    with pytest.raises(DataError, match="training element.*Received: inputs TensorSpec"):
        model.fit(in_batches(images, np.zeros(60, int)), verbose=0)


# The rest of what `fit` takes.


def test_images_alone_teach_a_setting_without_labels(images):
    found = [
        compiled("basic").fit(x, shuffle=False, batch_size=20, verbose=0).history
        for x in (images, {"unlabeled": images})
    ]
    assert found[0] == found[1]


def test_arrays_are_shuffled(images, labels):
    """Sorted by class, a batch would hold one class: the mean of y over it would not be uniform."""
    seen = []

    class Spy(models.LabelsOnly):
        def train_step(self, data):
            seen.append(data[1].numpy().tolist())
            return super().train_step(data)

    model = Spy(encoder(3))
    model.compile(run_eagerly=True, jit_compile=False)
    in_order = np.sort(labels)
    inputs = {"unlabeled": images, "labeled": images}
    model.fit(inputs, in_order, batch_size=20, verbose=0)
    assert [len(set(batch)) for batch in seen] == [3, 3, 3]
    seen.clear()
    model.fit(inputs, in_order, batch_size=20, shuffle=False, verbose=0)
    assert [len(set(batch)) for batch in seen] == [1, 1, 1]


def test_weights_multiply_the_loss_of_each_label(images, labels):
    """One step of SGD on the labels alone moves by the weighted mean of the gradients."""
    weights = np.random.default_rng(1).uniform(0, 2, 5).astype("float32")
    start = compiled().encoder.get_weights()

    def step(*extra, rows=slice(40, 45), **kwargs):
        model = compiled(classification_optimizer=keras.optimizers.SGD(0.1))
        model.input_noise = 0.0
        inputs = {"unlabeled": images[:40], "labeled": images[rows]}
        data = tf.data.Dataset.from_tensors((inputs, labels[rows], *extra))
        logs = model.fit(data, verbose=0, **kwargs).history
        moved = [after - b for after, b in zip(model.encoder.get_weights(), start, strict=True)]
        return np.concatenate([part.ravel() for part in moved]), logs

    alone = [step(rows=slice(row, row + 1))[0] for row in range(40, 45)]
    expected = np.mean([w * move for w, move in zip(weights, alone, strict=True)], axis=0)
    found, logs = step(weights)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert logs["error_rate"] == step()[1]["error_rate"]  # every label counts once

    by_class = np.array([0.5, 1.0, 3.0], "float32")
    np.testing.assert_allclose(
        step(class_weight={0: 0.5, 2: 3.0})[0], step(by_class[labels[40:45]])[0], atol=1e-7
    )
    np.testing.assert_allclose(
        step(weights, class_weight={0: 0.5, 2: 3.0})[0],
        step(weights * by_class[labels[40:45]])[0],
        atol=1e-7,
    )


def test_weights_of_arrays_are_those_of_a_set(images, labels):
    weights = np.linspace(0, 2, 60, dtype="float32")
    inputs = {"unlabeled": images, "labeled": images}
    whole = tf.data.Dataset.from_tensors((inputs, labels, weights))
    generator = (element for element in [(inputs, labels, weights)] * 2)
    options = {"shuffle": False, "batch_size": 60, "class_weight": {1: 2.0}, "verbose": 0}
    found = [
        compiled().fit(inputs, labels, sample_weight=weights, **options),
        compiled().fit(whole, class_weight={1: 2.0}, verbose=0),
        compiled().fit(generator, steps_per_epoch=1, class_weight={1: 2.0}, verbose=0),
    ]
    losses = [history.history["classification_loss"][0] for history in found]
    model = compiled()
    logs = model.train_on_batch(inputs, labels, weights, class_weight={1: 2.0}, return_dict=True)
    assert losses == pytest.approx([logs["classification_loss"]] * 3)


def test_weights_that_nothing_would_use_are_refused(images, labels):
    data, weights = training(images, labels), np.ones(60)
    with pytest.raises(ValueError, match="keys from 0 to 2. Received: \\[3, 'a'\\]"):
        compiled().fit(data, class_weight={0: 1, 3: 1, "a": 1}, verbose=0)
    for setting in ("supervised", "basic"):
        with pytest.raises(ValueError, match="this one has none; leave it out"):
            compiled(setting).fit(data, class_weight={0: 1.0}, verbose=0)
        with pytest.raises(ValueError, match="this one has none; leave it out"):
            compiled(setting).fit(training(images, labels, weights[40:]), verbose=0)
    for call in (
        lambda: compiled().evaluate(images, labels, sample_weight=weights, verbose=0),
        lambda: compiled().fit(data, validation_data=(images, labels, weights), verbose=0),
    ):
        with pytest.raises(ValueError, match="count every image once; leave the weights out"):
            call()


def test_weights_may_stand_in_a_column(images, labels):
    """By broadcasting they would weigh every label with every weight."""
    weights = np.linspace(0, 2, 20, dtype="float32")
    losses = []
    for form in (weights, weights[:, None]):
        model = compiled(classification_optimizer=keras.optimizers.SGD(0.1))
        logs = model.fit(training(images, labels, form), verbose=0).history
        passed = {"unlabeled": images[40:], "labeled": images[40:]}, labels[40:]
        of_batch = model.train_on_batch(*passed, sample_weight=form, return_dict=True)
        losses.append([*logs["classification_loss"], of_batch["classification_loss"]])
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-6)


@pytest.mark.parametrize(
    "wrong, message",
    [
        (np.full(20, np.nan, "float32"), "must be finite, and at least 0"),
        (np.full(20, -1, "float32"), "must be finite, and at least 0"),
        (np.ones((20, 2), "float32"), "one number for each label"),
        (np.ones(19, "float32"), "20 weights|19 weights|19"),
    ],
)
def test_weights_of_another_form_are_refused(images, labels, wrong, message):
    passed = {"unlabeled": images[40:], "labeled": images[40:]}, labels[40:]
    with pytest.raises(DataError, match=message):
        compiled().train_on_batch(*passed, sample_weight=wrong)
    if len(wrong) == 20:
        with pytest.raises(DataError, match=message):
            compiled().fit(training(images, labels, wrong), verbose=0)


def test_a_split_by_keras_is_refused_with_the_way_to_do_it(images, labels):
    inputs = {"unlabeled": images, "labeled": images}
    with pytest.raises(ValueError, match=r"from_arrays\(x, y, validation_size=0.1\).*=0.2"):
        compiled().fit(inputs, labels, validation_split=0.2, verbose=0)


def test_rates_that_have_fallen_to_nothing_are_named(images, labels):
    rates = models.FallingRate(0.01, steps=1, share=0.5)
    adam = keras.optimizers.Adam(rates)
    model = compiled(optimizer=adam, classification_optimizer=adam)
    model.fit(training(images, labels), verbose=0)  # the one step that there is
    with pytest.raises(ValueError, match="change nothing.*rates of adam.* have fallen to 0"):
        model.fit(training(images, labels), verbose=0)
    model.compile(jit_compile=False, classification_optimizer=keras.optimizers.Adam(0.0))
    model.fit(training(images, labels), verbose=0)  # frozen by its user's own number


def test_nothing_is_refused_where_there_is_nothing_to_do_or_a_rate_is_left(images, labels):
    """As a script does that was killed between `fit` and `save`, and is called again."""
    over = models.FallingRate(0.1, steps=2, share=0.5)
    model = compiled(classification_optimizer=keras.optimizers.SGD(over))
    data = training(images, labels).repeat(4)
    model.fit(data, verbose=0)
    model.fit(data, epochs=2, initial_epoch=2, verbose=0)
    with pytest.raises(ValueError, match="would change nothing"):
        model.fit(data, epochs=3, initial_epoch=2, verbose=0)


def test_a_model_that_is_not_compiled_says_so(images):
    model = models.LabelsOnly(encoder(3))
    for call in (model.fit, model.evaluate, model.train_on_batch, model.test_on_batch):
        with pytest.raises(ValueError, match="Call `compile` before"):
            call(images)
    assert model.predict(images, verbose=0).shape == (60, 3)


def test_a_wrong_batch_in_the_middle_of_a_set_is_found(unit_images, labels):
    """All of a set is looked at, as it is read."""
    bad = unit_images.copy()
    bad[45] *= 255
    with pytest.raises(DataError, match="images holds floats"):
        scores(compiled(), in_batches(bad, labels))


@pytest.mark.parametrize("batches", [Sequence, generated])
def test_each_batch_that_python_makes_is_looked_at(batches, unit_images, labels, half):
    """TensorFlow reads the first two ahead; the third is refused in the midst of its own work."""
    model, bad, strange = compiled(metrics=["accuracy"]), unit_images.copy(), labels.copy()
    bad[45] *= 255
    strange[45] = 3
    for call, images, numbers, wrong in (
        (scores, bad, labels, "images holds floats.*to [0-9.]+$"),
        (scores, unit_images, strange, "numbers from 0 to 2.*Received: from 0 to 3$"),
        (lambda model, x: model.predict(x, verbose=0), bad, labels, "images holds floats"),
    ):
        with pytest.raises(DataError, match=f"^[^\n]*{wrong}"):
            call(model, batches(images, numbers))
    whole = scores(model, unit_images, half)  # the last of its batches has no label
    assert scores(model, batches(unit_images, half), steps=3) == pytest.approx(whole)


def test_a_sequence_teaches_like_the_batches_in_it(images, labels):
    inputs = [{"unlabeled": part, "labeled": part} for part in np.split(images, 3)]
    parts = inputs, np.split(labels[:, None], 3)

    class Batches(Sequence):
        def __getitem__(self, index):
            return tuple(part[index] for part in self.parts)

    def losses(data, **options):
        options = {"epochs": 2, "class_weight": {1: 2.0}, "verbose": 0, **options}
        return compiled().fit(data, **options).history["classification_loss"]

    data = Batches(*parts)
    pairs = itertools.cycle(list(zip(*parts, strict=True)))
    expected = losses((pair for pair in pairs), steps_per_epoch=3)
    assert losses(data) == pytest.approx(expected)
    assert data.epochs >= 2  # it hears of the end of each, as it would from Keras


def test_a_set_of_bytes_is_read_as_it_is(images):
    """Nothing can be wrong with bytes, so nothing stands between the set and the step."""
    from aae_keras.models.passed import Passed

    data = in_batches(images)
    assert Passed(compiled()).checked(data)[0] is data
    own = from_arrays(images, np.arange(60) % 3, labeled_batch_size=10, batch_size=10)
    assert Passed(compiled(), training=True).checked(own.train)[0] is own.train
    assert Passed(compiled()).checked(own.validation)[0] is own.validation
    more = from_arrays(images, np.arange(60) % 4, labeled_batch_size=10, batch_size=10)
    with pytest.raises(DataError, match="from 0 to 2.*Received: from 0 to 3"):
        scores(compiled(), more.test)
    order = in_batches(images.astype("float32") / 255)
    seen = np.concatenate(list(Passed(compiled()).checked(order)[0].map(lambda x: x)))
    np.testing.assert_allclose(seen * 255, images, atol=1e-4)
    assert seen.shape == (60, *IMAGE_SHAPE)
