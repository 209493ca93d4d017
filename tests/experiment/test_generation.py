import dataclasses
import unicodedata

import numpy as np
import pytest
from PIL import Image

from aae_keras import models
from aae_keras.data.loading import Data
from aae_keras.errors import UserError
from aae_keras.experiment.building import factory
from aae_keras.experiment.learning import training
from aae_keras.experiment.pictures import generation
from aae_keras.experiment.run_folder import runs
from aae_keras.models import inference


def tiles(figure, columns, shape=(6, 5)):
    """The images of a grid, one pixel between them."""
    height, width = shape
    sheet = np.asarray(figure.axes[0].get_images()[0].get_array())
    rows = sheet.shape[0] // (height + 1)
    return np.stack(
        [
            sheet[r * (height + 1) :, c * (width + 1) :][:height, :width]
            for r in range(rows)
            for c in range(columns)
        ]
    )


@pytest.fixture
def files(tmp_path, images):
    paths = [tmp_path / f"{n}.png" for n in (0, 1)]
    for path, image in zip(paths, images, strict=False):
        Image.fromarray(image[:, :, 0]).save(path)
    return paths


@pytest.fixture
def model(trained):
    return models.load_model(trained.model_file)


def untrained(config, folder):
    """A run folder whose model has learned nothing."""
    data = factory.load_data(config)
    folder.mkdir()
    run = runs.begin(runs.name_run(folder, config), data.split.fingerprint())
    factory.build_model(config, data).save(run.model_file)
    return folder


def with_files(options, files):
    """Options in which "first" is the first file, and "both" are both."""
    named = {"first": files[0], "both": files}
    return {name: named.get(value, value) for name, value in options.items()}


def test_samples_of_a_label(trained, model):
    generated = tiles(generation.generate(trained.folder, label="1", count=8), 8)
    z = model.priors["z"].sample(8, [generation.SEED, 1]).numpy()
    y = np.tile(np.eye(3, dtype="float32")[1], (8, 1))
    np.testing.assert_allclose(
        generated, inference.decode(model, {"y": y, "z": z})[..., 0], atol=1e-6
    )


def test_a_label_is_found_in_either_spelling_of_its_accents(trained, model, monkeypatch):
    """A Mac writes the names of folders with the accent behind its letter."""
    names = ("a", unicodedata.normalize("NFD", "café"), "c")
    expected = tiles(generation.generate(trained.folder, label="1", count=4), 4)
    renamed = property(lambda data: names, lambda data, value: None)
    monkeypatch.setattr(Data, "class_names", renamed, raising=False)
    found = tiles(generation.generate(trained.folder, label="café", count=4), 4)
    np.testing.assert_array_equal(found, expected)


def test_another_seed_generates_other_images(trained):
    one, same, other = (
        tiles(generation.generate(trained.folder, count=4, seed=seed), 4) for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(one, same)
    assert np.any(one != other)


def test_a_style_under_every_label(trained, model, files, images):
    generated = tiles(generation.generate(trained.folder, style_of=files[0]), 4)
    np.testing.assert_allclose(generated[0], images[0, :, :, 0] / 255, atol=1e-6)
    z = np.tile(inference.encode(model, images[:1])["z"], (3, 1))
    expected = inference.decode(model, {"y": np.eye(3, dtype="float32"), "z": z})
    np.testing.assert_allclose(generated[1:], expected[..., 0], atol=1e-6)


def test_between_two_images_lie_their_reconstructions_at_the_ends(trained, model, files, images):
    generated = tiles(generation.generate(trained.folder, between=files, count=5), 5)
    reconstructions = inference.decode(model, inference.encode(model, images[:2]))
    np.testing.assert_allclose(generated[[0, -1]], reconstructions[..., 0], atol=1e-6)
    assert np.any(np.abs(generated[2] - generated[0]) > 1e-3)


def test_what_cannot_be_generated_is_said(trained, files, tmp_path):
    with pytest.raises(UserError, match="no label '9'. Known: 0, 1, 2"):
        generation.generate(trained.folder, label="9")
    with pytest.raises(UserError, match="no such file"):
        generation.generate(trained.folder, style_of=tmp_path / "none.png")


@pytest.mark.parametrize(
    "changes, options, message",
    [
        ({"setting": "labels-only"}, {}, "has no decoder"),
        ({"setting": "basic"}, {"label": "1"}, "has no label to draw"),
        ({"setting": "basic"}, {"style_of": "first"}, "no labels to draw a style under"),
        ({"setting": "supervised"}, {"between": "both"}, "say --label=NAME"),
    ],
)
def test_settings_generate_what_they_can(changes, options, message, small, tmp_path, files):
    folder = untrained(dataclasses.replace(small, **changes), tmp_path / "run")
    with pytest.raises(UserError, match=message):
        generation.generate(folder, **with_files(options, files))


REDUCTION = {"setting": "dimensionality-reduction"}
INFORMED = {"setting": "label-informed", "prior": "gaussian-mixture", "prior_scale": 0.2}


@pytest.mark.parametrize(
    "changes, options, columns",
    [
        ({"setting": "basic"}, {"count": 3}, 3),
        ({"setting": "basic"}, {"between": "both", "count": 3}, 3),
        (INFORMED, {"count": 3}, 3),
        ({"setting": "supervised"}, {"count": 3}, 3),
        ({"setting": "supervised"}, {"style_of": "first"}, 4),
        ({"setting": "supervised"}, {"between": "both", "label": "1", "count": 3}, 3),
        (REDUCTION, {"label": "1", "count": 3}, 3),
        (REDUCTION, {"style_of": "first"}, 4),
        (REDUCTION, {"between": "both", "count": 3}, 3),
    ],
)
def test_every_setting_generates(changes, options, columns, small, tmp_path, files):
    folder = untrained(dataclasses.replace(small, **changes), tmp_path / "run")
    generated = tiles(generation.generate(folder, **with_files(options, files)), columns)
    assert len(generated) == columns and np.ptp(generated) > 0


def test_clusters_are_called_by_their_numbers(small, tmp_path):
    config = dataclasses.replace(
        small, setting="clustering", num_clusters=3, num_labeled=0, epochs=1
    )
    run = training.train(config, tmp_path / "run", verbose=0)
    generated = [
        tiles(generation.generate(run.folder, label=name, count=2), 2)
        for name in ("2", "02", "cluster-02")
    ]
    np.testing.assert_array_equal(generated[0], generated[1])
    np.testing.assert_array_equal(generated[0], generated[2])
    with pytest.raises(UserError, match="no label 'cat'. Known: 0, 1, 2"):
        generation.generate(run.folder, label="cat")
