"""From many clusters to few: what is merged, what it is called, where the second stage starts."""

import dataclasses

import numpy as np
import pytest

from aae_keras import models
from aae_keras.data import tables
from aae_keras.experiment.building import factory
from aae_keras.experiment.configuration.changes import changed
from aae_keras.experiment.learning import merging, training
from aae_keras.experiment.learning.stages import stages_of, start_from
from aae_keras.experiment.run_folder import runs
from aae_keras.images import to_unit_range
from aae_keras.models.inference import encode
from tests.experiment.killing import check_resumes_exactly


def confused(random, blocks, images=3000):
    """Probabilities of clusters: an image is surely of its block, and torn between two of it."""
    clusters = sum(blocks)
    starts = np.cumsum([0, *blocks])
    y, block_of = np.zeros((images, clusters)), random.integers(0, len(blocks), images)
    for row, block in enumerate(block_of):
        own = random.permutation(np.arange(starts[block], starts[block + 1]))[:2]
        y[row, own] = random.dirichlet([0.3] * len(own))
    return 0.99 * y + 0.01 / clusters, block_of


def test_clusters_that_images_are_torn_between_become_one_group(random):
    blocks = [1, 3, 2, 4]
    y, block_of = confused(random, blocks)
    group = merging.merged(y, 4)
    expected = np.repeat(np.arange(4), blocks)
    assert len({(a, b) for a, b in zip(group, expected, strict=True)}) == 4
    assert merging.merged(y, 10).tolist() == list(range(10))
    assert set(merging.merged(y, 1)) == {0}
    with pytest.raises(ValueError, match="10 clusters cannot be merged to 11 groups"):
        merging.merged(y, 11)


def test_groups_that_labels_call_by_different_classes_stay_apart(random):
    """Four clusters in two blocks; one label in each of the first block's pair, of two classes."""
    y, _ = confused(random, [2, 2])
    of_labelled = np.eye(4)[[0, 1]]
    votes = merging.votes_of(of_labelled, np.array([0, 1]), 2)
    assert votes.tolist() == [[1, 0], [0, 1], [0, 0], [0, 0]]
    group = merging.merged(y, 2, votes)
    assert group[0] != group[1] and merging.named(np.eye(2)[group].T @ votes)[group[1]] == 1
    # Of one class they go together, as without labels.
    same = merging.merged(y, 2, merging.votes_of(of_labelled, np.array([1, 1]), 2))
    assert same[0] == same[1] != same[2] == same[3]


def test_an_unused_cluster_goes_anywhere_and_breaks_nothing(random):
    y, _ = confused(random, [2, 2])
    y = np.hstack([y, np.zeros((len(y), 1))])
    group = merging.merged(y, 2)
    assert group[0] == group[1] != group[2] == group[3] and sorted(set(group)) == [0, 1]


def test_groups_are_named_one_to_one_by_the_sum_of_probabilities():
    y = np.array([[0.9, 0.1, 0.0], [0.6, 0.4, 0.0], [0.3, 0.1, 0.6], [0.2, 0.5, 0.3]])
    # Votes of class 2: 1.5 for group 0. Of class 0: 0.6 for group 2. The last goes to what is left.
    votes = merging.votes_of(y, np.array([2, 2, 0, 1]), 3)
    np.testing.assert_allclose(votes[:, 2], [1.5, 0.5, 0.0])
    assert merging.named(votes).tolist() == [2, 1, 0]
    # Two classes want group 0: the better match has it.
    y = np.array([[0.9, 0.1], [0.8, 0.2]])
    assert merging.named(merging.votes_of(y, np.array([0, 1]), 2)).tolist() == [0, 1]


@pytest.mark.parametrize("keeps", [True, False])
def test_the_layers_of_y_are_taken_over_if_asked_for(from_clusters, tmp_path, monkeypatch, keeps):
    config = dataclasses.replace(from_clusters, pretrain_keeps_y=keeps, trunks=2, z_units=(8,))
    begun = []

    def trains(model, *_):
        kernel = model.encoder.get_layer("encoder_hidden_1").kernel
        begun.append(kernel.numpy())
        kernel.assign_add(kernel)

    monkeypatch.setattr(training, "fit", trains)
    monkeypatch.setattr(training, "save_atomically", lambda *_: None)
    training.train(config, tmp_path / "run")
    former, ours = 2 * begun[0], begun[1]
    assert np.array_equal(former, ours) == keeps


@pytest.fixture
def from_clusters(small):
    return dataclasses.replace(
        small,
        pretrain="clusters-only",
        pretrain_clusters=2,
        pretrain_epochs=2,
        epochs=2,
        batch_norm=True,
        batch_norm_heads=False,
        encoder_average=0.5,
        extra_terms=("vat", "conditional_entropy", "marginal_entropy"),
        rate_drops=(),
        rate_fall=0.5,
        optimizer="adam",
    )


def test_the_first_stage_looks_for_more_clusters_with_the_terms_that_make_them(from_clusters):
    first, second = stages_of(from_clusters, 3)
    assert (first.config.setting, first.config.num_clusters) == ("clusters-only", 6)
    assert first.config.extra_terms == second.config.extra_terms == from_clusters.extra_terms
    assert second.config.num_clusters == 0
    clusters = dataclasses.replace(from_clusters, setting="clustering", num_clusters=3)
    assert [stage.config.num_clusters for stage in stages_of(clusters, 9)] == [6, 3]


def test_y_begins_as_the_former_clusters_named_by_the_labels(from_clusters, monkeypatch, caplog):
    data = factory.load_data(from_clusters)
    former, model = (factory.build_model(s.config, data) for s in stages_of(from_clusters, 3))
    start_from(model, former)
    split = data.split

    def clusters_of(network, images):
        """Two clusters a class, in another order, as a perfect first stage would find them."""
        bright = images[:, 0::2].astype(float).sum(axis=(2, 3)).argmax(axis=1)
        half = images[:, 1].sum(axis=(1, 2)) % 2
        y = np.eye(6)[(5 - 2 * bright - half).astype(int)]
        return {
            "y": (0.94 * y + 0.05 * np.roll(y.reshape(-1, 3, 2), 1, 2).reshape(-1, 6) + 0.01 / 6)
        }

    monkeypatch.setattr(merging, "encode", clusters_of)
    monkeypatch.setattr(
        merging, "encode_rows", lambda network, images, rows: clusters_of(network, images[rows])
    )
    naming = merging.start_from_clusters(model, former, data)
    assert naming.categories.tolist() == [2, 2, 1, 1, 0, 0]
    assert naming.agreeing == len(split.labeled_rows) and not len(naming.disagreeing)
    images = split.images[split.unlabeled_rows]
    y = models.inference.encode(model, images)["y"]
    labels = images[:, 0::2].astype(float).sum(axis=(2, 3)).argmax(axis=1)
    assert np.mean(y.argmax(axis=1) == labels) > 0.95
    # One wrong label is outvoted, and shown.
    wrong = split.labels.copy()
    row = split.labeled_rows[0]
    wrong[row] = (wrong[row] + 1) % 3
    changed = dataclasses.replace(split, labels=wrong)
    data.split = changed
    naming = merging.start_from_clusters(model, former, data)
    assert naming.disagreeing.tolist() == [row]
    # Of two classes without a label nobody knows which is which; one is what is left over.
    for known, warned in (({0, 1}, False), ({0}, True)):
        caplog.clear()
        rows = [row for row in split.labeled_rows if split.labels[row] in known]
        data.split = dataclasses.replace(split, labeled_rows=np.array(rows))
        merging.start_from_clusters(model, former, data)
        assert ("Classes without a label: 1, 2, so" in caplog.text) == warned


def test_merged_clusters_are_taken_over_as_they_are_and_named(from_clusters, monkeypatch):
    config = dataclasses.replace(from_clusters, pretrain_merged_epochs=2)
    data = factory.load_data(config)
    _, between, last = (factory.build_model(s.config, data) for s in stages_of(config, 3))
    random = np.random.default_rng(1)
    for weight in between.encoder.trainable_weights:
        weight.assign(weight + random.normal(size=weight.shape))
    between.average.restart()
    images = data.split.images[data.split.unlabeled_rows]
    before = models.inference.encode(between, images)["y_logits"]
    # Labels that call group 0 by class 1, 1 by 2, 2 by 0.
    monkeypatch.setattr(merging, "named", lambda votes: np.array([1, 2, 0]))
    start_from(last, between, with_y=merging.are_merged(last, between))
    naming = merging.start_from_clusters(last, between, data)
    assert naming.categories.tolist() == [1, 2, 0]
    after = models.inference.encode(last, images)["y_logits"]
    np.testing.assert_allclose(after[:, [1, 2, 0]], before, rtol=1e-5, atol=1e-6)


def test_labels_that_disagree_are_written_down_as_a_table_of_labels(small, tmp_path, caplog):
    caplog.set_level("INFO")
    data = factory.load_data(small)
    run = runs.Run(tmp_path, small, "20260101T000000Z-00000000", "f")
    rows = data.split.labeled_rows[:2]
    training.write_disagreements(merging.Naming(np.arange(3), 10, rows), data, run)
    assert "10 of 12 labels agree with their cluster." in caplog.text
    found = tables.read_table(tmp_path / "disagreements.csv")
    split = data.split
    assert [(answer.image, answer.label) for answer in found] == [
        (str(split.names[row]), split.class_names[split.labels[row]]) for row in rows
    ]


def test_a_category_without_a_target_is_no_images_answer(from_clusters, random):
    """Two targets give one row of log-odds, and the commoner a large offset."""
    data = factory.load_data(from_clusters)
    config = dataclasses.replace(from_clusters, weight_stddev=2.0)  # features to learn from
    model = factory.build_model(stages_of(config, 3)[-1].config, data)
    targets = (np.arange(100) % 5 > 0).astype(int)
    images = random.integers(0, 60, (100, *data.image_shape)).astype("uint8")
    images[targets == 0, :3] += 190  # bright ones lower the log-odds of the commoner
    merging.teach_head(model, images, 2 * targets)
    model.average.restart()
    logits = encode(model, images)["y_logits"]
    assert set(logits.argmax(axis=1)) == {0, 2}
    assert (logits[:, 1] < logits.max(axis=1)).all()


def test_a_head_of_another_kind_is_refused(from_clusters):
    """As networks of one's own may have; ours are refused with their configuration."""
    data = factory.load_data(from_clusters)
    former, model = (
        factory.build_model(dataclasses.replace(stage.config, batch_norm_heads=True), data)
        for stage in stages_of(from_clusters, 3)
    )
    with pytest.raises(ValueError, match="must be a Dense layer: set batch_norm_heads=False"):
        merging.start_from_clusters(model, former, data)


@pytest.mark.parametrize(
    "changes",
    [
        {"informed_discriminator": True, "y_scale": 3.0},
        {"setting": "dimensionality-reduction"},
        {"network": "convolutional", "image_size": (16, 16)},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_what_reads_y_says_of_renamed_categories_what_it_said_before(from_clusters, changes):
    config = changed(from_clusters, pretrain="", **changes)
    data = factory.load_data(config)
    model = factory.build_model(config, data)
    images = to_unit_range(data.split.images[:20])
    categories = np.array([1, 2, 0])  # of the former ones
    before = model.encode(images)
    decoded = model.decode(before).numpy()
    y = before["y"].numpy()
    told = [y, np.concatenate([before["z"], y], axis=1)[:, : judge_width(model)]]
    judged = [d(c) for d, c in zip(judges(model), told, strict=True)]
    merging.rename(model, categories)
    model.average.restart()
    after = model.encode(images)
    np.testing.assert_allclose(after["y"].numpy()[:, categories], y, atol=1e-6)
    # The sums over y are in another order: a few units in the last place of float32.
    np.testing.assert_allclose(model.decode(after).numpy(), decoded, rtol=2e-6, atol=1e-5)
    new = after["y"].numpy()
    told = [new, np.concatenate([after["z"], new], axis=1)[:, : judge_width(model)]]
    for judge, code, former in zip(judges(model), told, judged, strict=True):
        np.testing.assert_allclose(judge(code), former, atol=1e-6)


def judges(model):
    return model.discriminator_cat, model.discriminator_gauss


def judge_width(model):
    return model.discriminator_gauss.input_shape[-1]


def test_merged_clusters_are_trained_on_before_the_labels_name_them(from_clusters):
    first, between, last = stages_of(
        dataclasses.replace(from_clusters, pretrain_merged_epochs=5), 3
    )
    assert [stage.number for stage in (first, between, last)] == [1, 2, 3]
    assert [s.config.num_clusters for s in (first, between, last)] == [6, 3, 0]
    assert [s.config.epochs for s in (first, between, last)] == [2, 5, 2]
    assert between.config == dataclasses.replace(first.config, epochs=5, num_clusters=3)
    assert last.config.setting == "semi-supervised" and not last.config.pretrain_merged_epochs


@pytest.mark.parametrize(
    "killed_after", [2, *(pytest.param(n, marks=pytest.mark.exhaustive) for n in (1, 3))]
)
def test_a_killed_run_that_starts_from_clusters_resumes_exactly(
    from_clusters, tmp_path, killed_after
):
    if killed_after == 3:  # in the stage between, whose clusters the labels then name
        from_clusters = dataclasses.replace(from_clusters, pretrain_merged_epochs=2)
    check_resumes_exactly(from_clusters, tmp_path, killed_after)
