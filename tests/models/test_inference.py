import numpy as np

from aae_keras.models import inference


def test_codes_and_drawings_do_not_depend_on_the_batch(model, images, monkeypatch):
    whole = inference.encode(model, images)
    monkeypatch.setattr(inference, "BATCH", 7)
    parts = inference.encode(model, images)
    assert whole.keys() == {"y_logits", "y", "z"}
    for name in whole:
        np.testing.assert_allclose(whole[name], parts[name], atol=1e-6)
    drawn = inference.decode(model, parts)
    assert drawn.shape == images.shape and 0 <= drawn.min() and drawn.max() <= 1


def test_a_batch_holds_no_more_pixels_than_fit():
    sizes = []

    def function(batch):
        sizes.append(len(batch))
        return {"row": batch[:, 0, 0]}

    images = np.zeros((5, inference.BATCH_PIXELS // 2, 1), "uint8")
    assert len(inference.apply(function, images)["row"]) == 5
    assert sizes == [2, 2, 1]
    sizes.clear()
    inference.apply(function, np.zeros((3, 1, 1)), pixels=10 * inference.BATCH_PIXELS)
    assert sizes == [1, 1, 1]
