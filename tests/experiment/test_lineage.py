"""A run that starts from another: whose weights it has, and what would be no fair score of it."""

import dataclasses
import itertools
import shutil

import numpy as np
import pytest

from aae_keras.data import from_arrays
from aae_keras.experiment.building import factory
from aae_keras.experiment.configuration.changes import changed
from aae_keras.experiment.configuration.config import Config
from aae_keras.experiment.configuration.presets import preset
from aae_keras.experiment.learning import lineage, merging, parents, training
from aae_keras.experiment.learning.stages import start_from
from aae_keras.experiment.run_folder import runs
from aae_keras.models.inference import encode
from tests.conftest import make_images, small_config, write_npz
from tests.experiment.killing import check_resumes_exactly
from tests.tiny import NUM_CLASSES


@pytest.fixture
def child(trained):
    """With six labels more and two epochs."""
    return changed(trained.config, resume_from=str(trained.folder), num_labeled=18, epochs=2)


def test_every_network_begins_with_the_weights_of_the_parent(child, trained):
    data = factory.load_data(child)
    parent = parents.open_parent(child, data)
    model = factory.build_model(child, data)
    start_from(model, parent.model)
    for role in ("encoder", "decoder", "discriminator_cat", "discriminator_gauss"):
        ours, theirs = (getattr(m, role).get_weights() for m in (model, parent.model))
        for one, other in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(one, other)


def test_a_run_resumes_exactly_and_needs_its_parent_no_more(child, trained, tmp_path, monkeypatch):
    opened, original = [], parents.open_parent
    monkeypatch.setattr(parents, "open_parent", lambda *given: opened.append(1) or original(*given))
    check_resumes_exactly(child, tmp_path, epoch=1)
    assert len(opened) == 1  # by the run left alone, not on resuming the killed one
    run = runs.open_run(tmp_path / "killed")
    assert run.revision != trained.revision and run.config.resume_from == str(trained.folder)
    found = lineage.read(run)
    assert found.parent == trained.revision and found.class_names == ("0", "1", "2")
    assert lineage.read(trained).taught < found.taught  # 12 of the 18 labels


@pytest.fixture(scope="module")
def clusters(tmp_path_factory):
    """A run that found three clusters; its folder is only read."""
    folder = tmp_path_factory.mktemp("clusters")
    npz = write_npz(folder / "own.npz", make_images(), np.arange(60) % NUM_CLASSES)
    config = changed(small_config(npz), setting="clustering", num_clusters=3)
    return training.train(config, folder / "run", verbose=0)


def naming(clusters, **changes):
    """What gives the classes of its data to the clusters of a run."""
    return changed(
        clusters.config, setting="semi-supervised", resume_from=str(clusters.folder), epochs=2,
        **changes,
    )  # fmt: skip


def test_labels_name_the_clusters_of_a_run_without_labels(clusters, tmp_path, monkeypatch):
    """As many as classes: the encoder is the other's, but for the order of its categories."""
    config, begun = naming(clusters), {}

    def begins(model, data, run, *_):
        begun["y"] = encode(model, data.split.images)["y"]

    monkeypatch.setattr(training, "fit", begins)
    monkeypatch.setattr(training, "save_atomically", lambda *_: None)
    data = factory.load_data(config)
    training.train(config, tmp_path / "named", data=data)
    former = encode(parents.open_parent(config, data).model, data.split.images)["y"]
    labels = data.split.labels[data.split.labeled_rows]
    votes = merging.votes_of(former[data.split.labeled_rows], labels, 3)
    order = min(itertools.permutations(range(3)), key=lambda o: -votes[range(3), list(o)].sum())
    np.testing.assert_allclose(begun["y"][:, order], former, atol=1e-6)
    assert len(lineage.read(runs.open_run(tmp_path / "named")).taught) == 12


def test_a_run_that_names_clusters_resumes_exactly(clusters, tmp_path):
    check_resumes_exactly(naming(clusters), tmp_path, epoch=1)


def test_clusters_that_taught_nothing_are_fair_to_any_split(clusters):
    """Their validation images may be others: no label has been seen."""
    assert lineage.read(clusters).taught == frozenset()
    other = naming(clusters, split_seed=5, validation_size=12)
    assert parents.open_parent(other, factory.read_data(other)).is_to_be_named


def test_clusters_that_are_merged_leave_the_layers_that_found_them(small, tmp_path, monkeypatch):
    config = changed(small, setting="clustering", num_clusters=6, trunks=2, z_units=(8,))
    clusters = training.train(config, tmp_path / "clusters", verbose=0)
    begun = []
    monkeypatch.setattr(training, "fit", lambda model, *_: begun.append(model))
    monkeypatch.setattr(training, "save_atomically", lambda *_: None)
    config = naming(clusters)
    data = factory.load_data(config)
    training.train(config, tmp_path / "named", data=data)
    parent = parents.open_parent(config, data).model
    ours, theirs = (model.encoder.get_layer("encoder_hidden_1") for model in (*begun, parent))
    for one, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_images_that_the_parent_saw_without_labels_are_counted(clusters, caplog):
    data, theirs = factory.read_data(naming(clusters)), factory.read_data(clusters.config).split
    seen = {image.tobytes() for image in theirs.images[theirs.unlabeled_rows]}
    caplog.clear()
    found = parents.open_parent(naming(clusters), data).lineage
    assert len(found.seen) == len(seen)
    split, expected = data.split, []
    for part, images in (
        ("validation", split.images[split.validation_rows]),
        ("test", split.test_images),
    ):
        count = sum(image.tobytes() in seen for image in images)
        expected.append(f"{count} of {len(images)} {part} images were seen by the run")
    assert [message.partition(" that this")[0] for message in caplog.messages] == expected
    caplog.clear()
    data.split = dataclasses.replace(
        split, validation_rows=theirs.validation_rows, test_images=split.test_images[:0]
    )
    parents.open_parent(naming(clusters), data)
    assert not caplog.messages


def test_images_that_are_read_in_another_way_cannot_be_compared(child):
    refused(dataclasses.replace(child, fit="crop"), "reads images in another way.*--fit")


def test_nobody_can_tell_which_images_clusters_saw_that_read_them_otherwise(clusters, caplog):
    other = naming(clusters, fit="crop")
    data = factory.read_data(other)
    caplog.clear()
    parents.open_parent(other, data)
    (message,) = caplog.messages
    assert "Nobody can tell which images" in message and "read in another way" in message


def test_fewer_clusters_than_classes_are_refused(clusters, images, labels):
    more = from_arrays(images, np.arange(60) % 4)
    refused(naming(clusters), "too few.*Expected at least 4, one for .*Received: 3", more)


def test_clusters_whose_last_layer_is_batch_normalisation_are_refused(clusters, tmp_path):
    folder = tmp_path / "clusters"
    shutil.copytree(clusters.folder, folder)
    runs.write_config(
        dataclasses.replace(
            clusters, folder=folder, config=dataclasses.replace(clusters.config, batch_norm=True)
        )
    )
    child = dataclasses.replace(naming(clusters), resume_from=str(folder), batch_norm=True)
    refused(child, "cannot be named.*--batch_norm_heads=False")


def refused(config, message, data=None):
    with pytest.raises(runs.RunError, match=message):
        parents.open_parent(config, data or factory.read_data(config))


def test_other_networks_are_refused_by_the_name_of_the_field(child):
    other = dataclasses.replace(child, hidden_units=(16, 8), trunks=2)
    refused(other, r"hidden_units is \[16, 16\], not \[16, 8\], trunks is 1, not 2. Leave out "
            "--preset, --config and flags that change this, such as --hidden_units:")  # fmt: skip


def test_other_images_and_classes_are_refused(child, images, labels):
    wide = from_arrays(np.repeat(images, 2, axis=2), labels)
    refused(child, "images of 6x5x1. Set --image_size .*Received: 6x10x1", wide)
    named = from_arrays(images, labels, class_names=["0", "2", "1"])
    refused(child, "classes of .* are others.*Expected 0, 1, 2. Received: 0, 2, 1", named)


def test_what_taught_the_parent_scores_no_run_that_starts_from_it(child):
    refused(dataclasses.replace(child, seed=1, validation_size=12), "validation images? taught")


def test_an_image_that_is_there_twice_is_no_leak(child, trained):
    data = factory.read_data(child)
    split = data.split
    copy = split.labeled_rows[:1]
    data.split = dataclasses.replace(split, validation_rows=copy)
    assert parents.open_parent(child, data).run == runs.open_run(trained.folder)


def test_a_parent_without_a_lineage_is_refused(child, trained):
    path = trained.folder / "lineage.json"
    lineage.write(trained, dataclasses.replace(lineage.read(trained), taught=None))
    refused(child, "leaves its images on disk.*--streaming=no")
    path.write_text("{}")
    refused(child, "lineage.json is damaged")
    path.unlink()
    refused(child, "lineage.json is missing.*train it anew")


def test_a_parent_that_was_replaced_is_no_parent(child, trained, tmp_path):
    """Where the run was killed before its first whole epoch, which alone needs the parent."""
    data = factory.load_data(child)
    run = runs.name_run(tmp_path / "child", child)
    (tmp_path / "child").mkdir()
    run = runs.begin(run, data.split.fingerprint())
    parent = parents.open_parent(child, data)
    before = lineage.of(data, parent.run.revision, parent.lineage)
    lineage.write(run, dataclasses.replace(before, parent="another"))
    with pytest.raises(runs.RunError, match="began from another run.*Expected revision another"):
        training.train(child, run.folder, resume=True, data=data)


def test_the_parents_own_folder_is_not_overwritten(child, trained):
    with pytest.raises(runs.RunError, match="is what the run starts from. Pass another --run_dir"):
        training.train(child, trained.folder, overwrite=True)
    assert trained.model_file.exists()


def test_each_round_has_a_folder_beside_the_last():
    names = ["runs/x-seed0", "runs/x-seed0-round2", "runs/x-seed0-round12", "runs/-round3"]
    found = [str(runs.default_folder(Config(resume_from=name))) for name in names]
    assert found == [
        "runs/x-seed0-round2", "runs/x-seed0-round3", "runs/x-seed0-round13", "runs/-round3-round2",
    ]  # fmt: skip


def test_a_parent_takes_the_place_of_a_first_stage():
    config = changed(preset("digits"), resume_from="runs/digits-seed0")
    assert config.pretrain == "" and config.pretrain_clusters == 0
    with pytest.raises(ValueError, match="`resume_from` takes the place of a first stage"):
        changed(preset("digits"), resume_from="runs/digits-seed0", pretrain="clustering")
