"""Arrays of a user's own: every form that is taken, every form that is refused."""

import dataclasses

import numpy as np
import pytest

from aae_keras import data as data_module
from aae_keras import models, networks, priors
from aae_keras.data import Data, DataError, arrays, from_arrays, splits

FEW = {"validation_size": 6, "batch_size": 10, "labeled_batch_size": 10}


@pytest.fixture
def y(labels):
    """Every fourth label withheld."""
    return np.where(np.arange(60) % 4 == 0, -1, labels)


def everything(data):
    """All that a `Data` gives: two epochs of training, validation, test."""
    sets = [data.train, data.train, data.validation, data.test]
    return [element for dataset in sets for element in dataset.as_numpy_iterator()]


def assert_equal(ours, theirs):
    assert ours.split.fingerprint() == theirs.split.fingerprint()
    for one, other in zip(everything(ours), everything(theirs), strict=True):
        np.testing.assert_equal(one, other)


PIXELS = {
    "uint8": lambda images: images,
    "float16": lambda images: (images / 255).astype("float16"),
    "float32": lambda images: images / np.float32(255),
    "float64": lambda images: images / 255,
    "list": lambda images: (images / 255).tolist(),
}
SHAPES = {"NHWC": lambda images: images, "NHW": lambda images: images[..., 0]}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("pixels", PIXELS)
def test_every_form_of_images_gives_the_same_data(images, y, pixels, shape):
    ours = from_arrays(PIXELS[pixels](SHAPES[shape](images)), y, num_labeled=12, **FEW)
    assert ours.split.images[:].dtype == ours.split.test_images.dtype == "uint8"
    assert_equal(ours, from_arrays(images, y, num_labeled=12, **FEW))


@pytest.mark.parametrize("form", [np.int8, np.int64, lambda y: y[:, None], np.ndarray.tolist])
def test_every_form_of_labels_gives_the_same_data(images, y, form):
    ours = from_arrays(images, form(y), **FEW)
    assert ours.split.labels.dtype == "int64" and ours.split.labels.shape == (51,)
    assert_equal(ours, from_arrays(images, y, **FEW))


def test_arrays_give_what_an_npz_of_them_gives(images, labels, npz, y):
    ours = from_arrays(
        images, y, x_test=images[::-1], y_test=labels[::-1], num_labeled=12, seed=3, **FEW
    )
    assert_equal(ours, data_module.load(str(npz), num_labeled=12, seed=3, **FEW))


def test_labels_go_with_their_images_and_withheld_ones_are_not_taught(images, y):
    data = from_arrays(images, y, num_labeled=12, **FEW)
    true = {image.tobytes(): label for image, label in zip(images, y, strict=True)}
    for inputs, labels in data.train.as_numpy_iterator():
        assert [true[image.tobytes()] for image in inputs["labeled"]] == labels.tolist()
        assert labels.min() >= 0
    assert data.class_names == ("0", "1", "2") and data.image_shape == (6, 5, 1)


def test_colour_images_keep_their_channels(images, y):
    colour = np.repeat(images, 3, axis=3)
    data = from_arrays(colour, y, **FEW)
    assert data.image_shape == (6, 5, 3)
    np.testing.assert_array_equal(
        data.split.images[:], from_arrays(colour / 255, y, **FEW).split.images[:]
    )


def test_black_and_white_are_0_and_255(images, y):
    white = images > 100
    assert_equal(
        from_arrays(white, y, num_labeled=12, **FEW),
        from_arrays(white.astype("uint8") * 255, y, num_labeled=12, **FEW),
    )


def test_an_image_is_left_to_train_on_whatever_is_held_out(random):
    data = from_arrays(random.random((4, 8, 8)), test_fraction=0.9)
    assert len(data.split.unlabeled_rows) == 1 and len(data.split.test_images) == 3


def test_floats_are_rounded_to_the_nearest_grey_level():
    x = np.array([0.0, 0.4, 0.6, 254.4, 254.6, 255.0])[:, None, None] / 255
    data = from_arrays(x, [0, 1] * 3, x_test=x, y_test=[0, 1] * 3)
    assert data.split.images[:].ravel().tolist() == [0, 0, 1, 254, 255, 255]


def test_images_are_held_once(images, y):
    data = from_arrays(images[..., 0], y, x_test=images, y_test=y)
    assert np.shares_memory(data.split.images[:], images)


def test_vectors_become_images_of_one_row_and_it_is_said_once(images, y, caplog):
    vectors = images.reshape(60, 30) / 255
    data = from_arrays(vectors, y, x_test=vectors, y_test=y, **FEW)
    assert data.image_shape == (1, 30, 1)
    np.testing.assert_array_equal(data.split.images[:], images.reshape(60, 1, 30, 1))
    assert caplog.text.count("vectors of 30 values") == 1
    assert "each is taken as an image of one row, shape (1, 30, 1)" in caplog.text


def test_a_model_learns_from_vectors(images, labels):
    data = from_arrays(images.reshape(60, 30), labels, num_labeled=30, **FEW)
    small = {"hidden_units": (16,), "weight_stddev": 0.3}
    model = models.SemiSupervisedAAE(
        networks.build_encoder(data.image_shape, 3, 2, seed=1, **small),
        networks.build_decoder(data.image_shape, 3, 2, seed=2, **small),
        networks.build_discriminator(3, seed=3, name="discriminator_cat", **small),
        networks.build_discriminator(2, seed=4, name="discriminator_gauss", **small),
        categorical_prior=priors.CategoricalPrior(3),
        gaussian_prior=priors.GaussianPrior(2),
        seed=0,
    )
    model.compile(jit_compile=False)
    model.fit(data.train, epochs=30, shuffle=False, verbose=0)
    (test_images, test_labels), *_ = data.test.as_numpy_iterator()
    right = model.predict_on_batch(test_images).argmax(axis=1) == test_labels
    assert right.mean() > 0.8  # three classes that differ by a bright row; chance is a third


@pytest.mark.parametrize("y, said", [(None, False), (np.full(60, -1), True)])
def test_without_labels_the_data_is_for_settings_that_need_none(images, y, said, caplog):
    data = from_arrays(images, y, **FEW)
    assert data.class_names == () and len(data.split.labeled_rows) == 0
    assert [len(element) for element in data.train.as_numpy_iterator()] == [1] * 4
    assert [len(element) for element in data.validation.as_numpy_iterator()] == [1]
    assert len(data.split.test_images) == 12
    assert [len(images) for (images,) in data.test.as_numpy_iterator()] == [12]
    assert ("y holds no label" in caplog.text) == said


def test_labels_of_the_test_part_alone_name_the_classes(images, labels):
    data = from_arrays(images, x_test=images, y_test=labels, **FEW)
    assert data.class_names == ("0", "1", "2") and len(data.split.labeled_rows) == 0
    assert [len(test_labels) for _, test_labels in data.test.as_numpy_iterator()] == [60]


def test_classes_have_the_names_given_and_may_lack_labels(images, labels, caplog):
    data = from_arrays(images, labels, class_names=["cat", "dog", "owl"])
    assert data.class_names == ("cat", "dog", "owl") and "nothing teaches" not in caplog.text
    gap = np.where(labels == 1, -1, labels)
    data = from_arrays(images, gap, class_names=["cat", "dog", "owl", "yak"])
    assert data.class_names == ("cat", "dog", "owl", "yak")
    assert "No label of class dog, yak: nothing teaches it" in caplog.text
    caplog.clear()
    assert from_arrays(images, class_names=["cat", "dog"]).class_names == ("cat", "dog")
    assert "nothing teaches" not in caplog.text  # nothing was to teach


X = np.zeros((4, 5, 5), "uint8")
Y = [0, 1, 0, 1]
BY_HAND = "nested lists of equal lengths"


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"x": X[0, 0]}, r"^x must have shape \[N, H, W\], .*\[N, D\], .*Received: shape \(5,\)"),
        ({"x": X[:0]}, r"with images in it. Received: shape \(0, 5, 5, 1\)"),
        ({"x": X[:, :, :, None, None]}, r"\[N, H, W, C\].*Received: shape \(4, 5, 5, 1, 1\)"),
        ({"x": X[:, None]}, r"1 channel \(grey\) or 3 .*Received: shape \(4, 1, 5, 5\)"),
        ({"x": X.astype(int)}, "x must be uint8, or float in .*'uint8'.*Received: int64"),
        ({"x": X.tolist()}, "x must be uint8, or float in .*'uint8'.*Received: int64"),
        ({"x": X + 2.0}, r"divide by their maximum.*Received: values from 2.0 to 2.0"),
        ({"x": X - 0.5}, r"lie in \[0, 1\].*Received: values from -0.5 to -0.5"),
        ({"x": X * np.nan}, "x must be finite. Received: NaN"),
        ({"x": [[[0.0], [0.0, 1.0]]]}, f"^x must be an array, or {BY_HAND}.*Received: list"),
        ({"x_test": X}, "^x_test and y_test must come together"),
        ({"y_test": Y}, "^x_test and y_test must come together"),
        ({"x_test": X[:, 1:], "y_test": Y}, r"one shape. Received: \(5, 5, 1\) and \(4, 5, 1\)"),
        ({"x_test": X.reshape(4, 25), "y_test": Y}, r"one shape.*\(5, 5, 1\) and \(1, 25, 1\)"),
        ({"x_test": X + 2.0, "y_test": Y}, "^x_test holds floats"),
        ({"x_test": X, "y_test": [0.5] * 4}, "^y_test must be whole numbers"),
        ({"x_test": X, "y_test": [0, 1, 2, 3]}, "that y holds, 0 to 1. Received: 3"),
        ({"y": [0, 1, 0]}, "^y must hold one class number per image, 4 of them.*Received: 3"),
        ({"y": np.zeros((5, 1), int)}, r"^y must be whole numbers.*Received: shape \(5, 1\)"),
        ({"y": [0.0, 1, 0, 1]}, r"astype\('int64'\).*Received: shape \(4,\), float64"),
        ({"y": [True, False] * 2}, "^y must be whole numbers.*Received: .*bool"),
        ({"y": ["cat", "dog"] * 2}, "names with `np.unique.*Received: .*<U3"),
        ({"y": np.eye(4)}, r"one-hot rows with `.argmax\(axis=1\)`.*Received: shape \(4, 4\)"),
        ({"y": [[0], [1, 0]]}, f"^y must be an array, or {BY_HAND}.*Received: list"),
        ({"y": [0, 1, 0, -2]}, "class numbers from 0, or -1 for no label. Received: -2"),
        ({"y": [1, 4, 1, 4]}, "Number the classes anew, or pass `class.*: no label 0, 2, 3"),
        ({"class_names": ["cat"]}, "must name every class, 0 to 1. Received: 1 names"),
    ],
)
def test_forms_that_nobody_can_be_sure_of_are_refused(arguments, message):
    with pytest.raises(DataError, match=message):
        from_arrays(**{"x": X, "y": Y, **arguments})


OUT_OF_RANGE = {
    "num_labeled": -1,
    "validation_size": -0.1,
    "batch_size": 0,
    "labeled_batch_size": 0,
}


@pytest.mark.parametrize("name", OUT_OF_RANGE)
def test_numbers_out_of_range_are_refused(name):
    value = OUT_OF_RANGE[name]
    with pytest.raises(ValueError, match=f"`{name}` must be at least [01].*: {name}={value}"):
        from_arrays(X, Y, **{name: value})


def test_the_held_out_share_lies_between_none_and_all():
    for share in (0, 1):
        with pytest.raises(ValueError, match=f"between 0 and 1. Received: test_fraction={share}"):
            from_arrays(X, Y, test_fraction=share)


def test_an_npz_whose_labels_leave_a_number_out_says_so(tmp_path, images, caplog):
    """It was taken before names could be given: runs of it go on."""
    np.savez(tmp_path / "gap.npz", x_train=images, y_train=np.arange(60) % 2 * 2)
    assert data_module.load(str(tmp_path / "gap.npz")).class_names == ("0", "1", "2")
    assert "gap.npz has no label of class 1: nothing teaches it" in caplog.text


@pytest.mark.parametrize(
    "names",
    [["a", "b", "c"], ("a", "b", "c"), np.array(["a", "b", "c"]), np.array([b"a", b"b", b"c"])],
)
def test_names_of_classes_are_a_list_in_the_order_of_their_numbers(images, labels, names):
    assert from_arrays(images, labels, class_names=names, **FEW).class_names == ("a", "b", "c")


@pytest.mark.parametrize(
    "names", ["abc", b"abc", {0: "a", 1: "b", 2: "c"}, {"a", "b", "c"}, 3, [["a"]]]
)
def test_names_in_no_order_are_refused(images, labels, names):
    with pytest.raises(DataError, match="must be a list of names, in the order .* Received: "):
        from_arrays(images, labels, class_names=names, **FEW)


def test_floats_that_were_divided_twice_are_said(images, labels, caplog):
    from_arrays(images / 255, labels, **FEW)
    assert "divided by 255 twice" not in caplog.text
    from_arrays(images / 255 / 255, labels, **FEW)
    assert "alone, almost black. If they were divided by 255 twice, divide" in caplog.text


def test_validation_is_mixed_and_images_keep_their_labels():
    """Images of a folder stand class by class, of which a batch would hold one or two."""
    labels = np.repeat(np.arange(4), 2000)
    images = np.zeros((8000, 6, 5, 1), "uint8")
    images[:, 0, 0, 0] = labels
    data = from_arrays(images, labels, num_labeled=40, validation_size=1000)
    for images, labels in data.validation:
        np.testing.assert_array_equal(images[:, 0, 0, 0], labels)
        # of 500 images, a quarter each: some 7 standard deviations from either side
        assert (np.abs(np.bincount(labels, minlength=4) - 125) < 50).all()


def test_validation_looks_at_the_images_that_have_a_label(images, labels, caplog):
    source = arrays.read_arrays(images, np.where(np.arange(60) < 4, -1, labels))
    source = dataclasses.replace(source, validation_rows=np.arange(10))
    split = splits.split_source(source)
    data = Data(split, 10, 10)
    (batch,) = data.validation
    np.testing.assert_array_equal(np.sort(batch[1]), np.sort(labels[4:10]))
    assert "4 of 10 validation images have no label" in caplog.text
    assert not set(range(10)) & set(split.unlabeled_rows)  # training sees none of them all the same
