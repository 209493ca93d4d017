import numpy as np

from aae_keras.models import inference


def test_codes_and_decoded_images_do_not_depend_on_the_batch(model, images, monkeypatch):
    whole = inference.encode(model, images)
    monkeypatch.setattr(inference, "BATCH", 7)
    parts = inference.encode(model, images)
    assert whole.keys() == {"y_logits", "y", "z"}
    for name in whole:
        np.testing.assert_allclose(whole[name], parts[name], atol=1e-6)
    decoded = inference.decode(model, parts)
    assert decoded.shape == images.shape and 0 <= decoded.min() and decoded.max() <= 1


def test_a_batch_holds_no_more_pixels_than_fit():
    sizes = []

    def function(batch):
        sizes.append(len(batch))
        return {"row": batch[:, 0, 0]}

    images = np.zeros((5, inference.BATCH_PIXELS // 2, 1), "uint8")
    assert len(inference.in_batches(function, images)["row"]) == 5
    assert sizes == [2, 2, 1]
    sizes.clear()
    inference.in_batches(function, np.zeros((3, 1, 1)), pixels=10 * inference.BATCH_PIXELS)
    assert sizes == [1, 1, 1]


def test_a_grid_has_every_category_with_every_z(model, random):
    z = random.normal(size=(4, 2)).astype("float32")
    grid = inference.decode_grid(model, z)
    assert grid.shape == (3, 4, 6, 5, 1)
    y = np.eye(3, dtype="float32")
    for category, rank in ((0, 3), (2, 1)):
        code = {"y": y[[category]], "z": z[[rank]]}
        np.testing.assert_allclose(
            grid[category, rank], inference.decode(model, code)[0], atol=1e-6
        )


def test_codes_are_drawn_from_the_priors_by_seed(model):
    codes = inference.sample_codes(model, 500, seed=7)
    assert {name: values.shape for name, values in codes.items()} == {"y": (500, 3), "z": (500, 2)}
    np.testing.assert_array_equal(codes["y"].sum(axis=1), 1)
    same, other = (inference.sample_codes(model, 500, seed)["z"] for seed in (7, 8))
    np.testing.assert_array_equal(codes["z"], same)
    # a correlation of 500 pairs of independent numbers has a standard deviation of 0.045
    assert abs(np.corrcoef(codes["z"][:, 0], other[:, 0])[0, 1]) < 0.2
