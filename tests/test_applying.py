import numpy as np

from aae_keras import applying


def test_codes_and_drawings_do_not_depend_on_the_batch(model, images, monkeypatch):
    whole = applying.encode(model, images)
    monkeypatch.setattr(applying, "BATCH", 7)
    parts = applying.encode(model, images)
    assert whole.keys() == {"y_logits", "y", "z"}
    for name in whole:
        np.testing.assert_allclose(whole[name], parts[name], atol=1e-6)
    drawn = applying.decode(model, parts)
    assert drawn.shape == images.shape and 0 <= drawn.min() and drawn.max() <= 1
