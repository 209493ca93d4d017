import dataclasses

import pytest

from aae_keras.errors import UserError
from aae_keras.experiment.building import factory
from aae_keras.experiment.configuration import consistency, presets
from aae_keras.experiment.configuration.changes import changed
from aae_keras.experiment.configuration.config import Config
from aae_keras.experiment.configuration.fields import nearest
from aae_keras.experiment.configuration.presets import PRESETS, preset
from aae_keras.experiment.configuration.vocabulary import (
    BOTH_CODES,
    EXTRA_TERMS,
    FINDS_CLUSTERS,
    MIXTURES,
    SETTINGS,
    TAUGHT_Y,
)


@pytest.mark.parametrize("name", PRESETS)
def test_yaml_reads_back_to_the_same_configuration(name):
    config = preset(name, seed=3, hidden_units=(7, 5), rate_drops=())
    assert Config.from_yaml(config.to_yaml()) == config


def test_yaml_fills_what_it_leaves_out_from_the_base():
    base = Config(epochs=7)
    assert Config.from_yaml("seed: 4", base) == Config(epochs=7, seed=4)


def test_revision_of_a_run_folder_is_no_field():
    assert Config.from_yaml("revision: 20260101T000000Z-00000000\nseed: 2") == Config(seed=2)


def test_unknown_field_names_the_nearest():
    with pytest.raises(ValueError, match=r"Unknown configuration field 'epoch'.*epochs"):
        Config.from_yaml("epoch: 3")


def test_a_changed_field_that_does_not_exist_names_the_nearest():
    with pytest.raises(TypeError, match="'latentdim'. Did you mean latent_dim"):
        presets.preset("digits", latentdim=3)


def test_unknown_preset_names_the_nearest():
    with pytest.raises(ValueError, match=r"Unknown preset 'mnist-10'.*mnist-100"):
        preset("mnist-10")


def test_nearest_lists_all_when_nothing_is_close():
    assert nearest("zzz", ["b", "a"]) == " Known: a, b."


@pytest.mark.parametrize(
    "text, message",
    [
        ("- 1", "must be a YAML mapping"),
        ("seed: [", "not valid YAML"),
    ],
)
def test_broken_yaml_is_refused(text, message):
    with pytest.raises(ValueError, match=message):
        Config.from_yaml(text)


@pytest.mark.parametrize(
    "field, value, error, received",
    [
        ("epochs", 0, ValueError, "epochs=0"),
        ("epochs", 1.5, TypeError, r"epochs=1\.5"),
        ("epochs", True, TypeError, "epochs=True"),
        ("input_noise", float("nan"), ValueError, "input_noise=nan"),
        ("test_fraction", 0.0, ValueError, r"test_fraction=0\.0"),
        ("test_fraction", 0.95, ValueError, r"test_fraction=0\.95"),
        ("setting", "semi", ValueError, "setting='semi'"),
        ("hidden_units", (10, 0), ValueError, r"hidden_units=\(10, 0\)"),
        ("hidden_units", 10, TypeError, "hidden_units=10"),
        ("hidden_units", (1.5,), TypeError, "hidden_units="),
        ("rate_drops", (50, 10), ValueError, r"rate_drops=\(50, 10\)"),
        ("dataset", 3, TypeError, "dataset=3"),
    ],
)
def test_bad_values_are_refused_by_name(field, value, error, received):
    with pytest.raises(error, match=f"`{field}`.*Received: {received}"):
        Config(**{field: value})


@pytest.mark.parametrize(
    "written, size",
    [("28", (28, 28)), ("0", ()), ("[]", ()), ("[48, 64]", (48, 64)), ("[28]", (28, 28))],
)
def test_image_size_has_the_forms_it_ever_had(written, size):
    """Run folders of earlier versions hold one whole number."""
    config = Config.from_yaml(f"image_size: {written}")
    assert config.image_size == size == Config.from_yaml(config.to_yaml()).image_size


@pytest.mark.parametrize(
    "fields, message",
    [
        ({"image_size": (1, 2, 3)}, r"`image_size` must be a height and a width"),
        ({"image_size": (8, 0)}, r"Received: image_size=\(8, 0\)"),
        ({"channels": 2}, "`channels` must be 1, 3, or 0"),
        ({"fit": "cut"}, "`fit` must be one of stretch, pad, crop"),
        ({"background": "whitish"}, "`background` must be a colour"),
        ({"pixel_range": "9,1"}, "`pixel_range` must be two numbers LOW,HIGH"),
    ],
)
def test_how_images_are_read_is_checked_at_once(fields, message):
    with pytest.raises(ValueError, match=message):
        Config(**fields)


def test_whole_numbers_may_stand_for_floats():
    assert Config(input_noise=1).input_noise == 1.0


def test_fingerprint_changes_with_every_field():
    basic = Config(setting="basic", latent_dim=2)
    mixture = dataclasses.replace(basic, prior="gaussian-mixture")
    clustering = Config(setting="clustering", num_clusters=2)
    reduction = Config(setting="dimensionality-reduction")
    supervised = Config(setting="supervised")
    terms = Config(extra_terms=("conditional_entropy", "marginal_entropy", "shift", "vat"))
    staged = Config(pretrain="basic")
    two_trunks = Config(trunks=2)
    from_clusters = Config(pretrain="clustering", pretrain_clusters=2)
    other = {
        "preset": "x", "setting": "labels-only", "network": "convolutional",
        "posterior": "universal", "prior": "swiss-roll", "input_dropout": 0.5,
        "mode_decoder": True, "balanced_prior": True, "dataset": "mnist", "data_dir": "d",
        "skip_unreadable": True, "batch_norm": True, "reconstruction": "cross-entropy",
        "optimizer": "adam", "jit_compile": "off", "streaming": "no",
        "schedule": "simultaneous", "precision": "bfloat16",
        "hidden_units": (9,), "rate_drops": (9,),
        "test_fraction": 0.3, "encoder_average": 0.5,
        "momentum": 0.5, "adversarial_momentum": 0.5, "rate_drop_factor": 0.5,
        "pretrain": "labels-only", "extra_terms": ("conditional_entropy",),
        "conditional_entropy_fade": (1, 2), "vat_fade": (1, 2), "vat_relative": False,
        "vat_confidence": 0.5, "shift_share": 0.5, "detached_y": True, "batch_norm_heads": False,
        "image_size": (9, 7), "fit": "crop", "channels": 3, "background": "black",
        "pixel_range": "each", "class_prior": "labels", "z_units": (9,),
        "discriminator_units": (9,), "rate_fall": 0.5, "labels": "labels.csv",
            "resume_from": "runs/x", "pretrain_starts": 3,
    }  # fmt: skip
    for field in dataclasses.fields(Config):
        only = field.metadata["only"]
        bases = (basic, clustering, reduction, supervised)
        base = next(config for config in bases if not only or config.setting in only)
        base = mixture if field.name == "prior_scale" else base
        base = clustering if field.name == "extra_terms" else base
        base = terms if field.metadata["term"] else base
        base = two_trunks if field.name == "z_units" else base
        base = from_clusters if field.name.startswith("pretrain_") else base
        base = staged if field.name == "pretrain_epochs" else base
        value = other.get(field.name, None)
        value = type(field.default)(getattr(base, field.name) + 1) if value is None else value
        changed = dataclasses.replace(base, **{field.name: value})
        assert changed.fingerprint() != base.fingerprint(), field.name


@pytest.mark.parametrize(
    "changes, name",
    [
        ({"preset": "digits"}, "digits"),
        ({"preset": "digits", "setting": "labels-only"}, "digits-labels-only"),
        ({"dataset": "my/folder/"}, "folder"),
        ({"dataset": "some/own.npz"}, "own"),
        ({"dataset": "own.npz", "setting": "clustering", "num_clusters": 3}, "own-clustering"),
        ({"preset": "mnist-2d-100", "setting": "dimensionality-reduction"}, "mnist-2d-100"),
        ({"preset": "mnist-2d-100"}, "mnist-2d-100-semi-supervised"),
    ],
)
def test_name_for_folders(changes, name):
    assert presets.short_name(Config(**changes)) == name


def test_presets_of_mnist_state_the_papers_recipe():
    config = preset("mnist-100")
    assert (config.num_labeled, config.hidden_units, config.latent_dim) == (100, (1000, 1000), 10)
    assert (config.momentum, config.adversarial_momentum) == (0.9, 0.1)
    assert (config.reconstruction_rate, config.generator_rate) == (0.01, 0.1)
    assert config.input_noise == 0.3
    # The paper's drops, for its 5000 epochs; a preset of fewer has its own.
    assert Config().rate_drops == (50, 1000)


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"num_clusters": 5}, "`num_clusters` is for the settings"),
        (
            {"pretrain": "clustering", "pretrain_clusters": 2, "num_clusters": 20},
            "`num_clusters` is for the settings",
        ),
        ({"cyclic_loss": 1.0}, "`cyclic_loss` is for the setting clustering"),
        ({"setting": "supervised", "head_weight": 3.0}, "is for the setting dimensionality-reduct"),
        ({"setting": "clustering"}, "needs `num_clusters` of at least 2"),
        ({"setting": "label-informed", "latent_dim": 2}, "needs a prior with a component"),
        (
            {"prior": "swiss-roll", "latent_dim": 2},
            "`prior` is for the settings basic",
        ),
        ({"setting": "basic", "prior": "swiss-roll"}, "Received: latent_dim=10"),
        ({"setting": "basic", "prior_scale": 2.0}, "a Gaussian has `prior_stddev`"),
        (
            {"setting": "basic", "prior": "swiss-roll", "latent_dim": 2, "prior_stddev": 5.0},
            "a mixture has `prior_scale`",
        ),
    ],
)
def test_fields_that_contradict_the_setting_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        Config(**changes)


@pytest.mark.parametrize(
    "changes, expected",
    [
        ({}, True),
        ({"setting": "supervised"}, True),
        ({"setting": "clustering", "num_clusters": 4}, False),
        ({"setting": "basic"}, False),
        ({"setting": "dimensionality-reduction"}, True),
        ({"setting": "dimensionality-reduction", "num_clusters": 4}, False),
    ],
)
def test_which_settings_learn_from_labels(changes, expected):
    assert Config(**changes).learns_from_labels == expected


@pytest.mark.parametrize(
    "fields, message",
    [
        ({"extra_terms": ("entropy",)}, "`extra_terms` must be one of conditional_entropy"),
        ({"extra_terms": (3,)}, "`extra_terms` must be a list of names"),
        ({"extra_terms": ("conditional_entropy",), "setting": "basic"}, "is for the settings"),
        ({"conditional_entropy_weight": 0.2}, "add it to `extra_terms`"),
        (
            {"extra_terms": ("conditional_entropy",), "conditional_entropy_fade": (5, 5)},
            "two epochs, FROM below TO",
        ),
        ({"pretrain": "semi-supervised"}, "`pretrain` must be another setting"),
        ({"pretrain_epochs": 3}, "`pretrain_epochs` is for a run with `pretrain`"),
        ({"pretrain": "clustering"}, "needs `num_clusters` of at least 2"),
    ],
)
def test_terms_and_stages_that_make_no_sense_are_refused(fields, message):
    with pytest.raises((ValueError, TypeError), match=message):
        Config(**fields)


def test_names_survive_yaml_and_are_those_of_the_library():
    from aae_keras import models, priors

    config = Config(extra_terms=("conditional_entropy",), conditional_entropy_fade=(5, 10))
    assert Config.from_yaml(config.to_yaml()) == config
    assert models.EXTRA_TERMS.keys() == EXTRA_TERMS.keys()
    assert tuple(priors.MIXTURES) == MIXTURES


def test_a_stage_has_no_fields_of_other_settings():
    config = Config(pretrain="clustering", num_clusters=30, cyclic_loss=0.5, y_scale=2.0)
    first = changed(config, setting="clustering", pretrain="", epochs=3)
    assert (first.num_clusters, first.cyclic_loss, first.epochs) == (30, 0.5, 3)
    second = changed(config, pretrain="")
    assert (second.num_clusters, second.cyclic_loss, second.y_scale) == (0, 0.0, 2.0)
    assert not first.pretrain and not second.pretrain
    assert config.learns_from_labels and second.learns_from_labels


def test_clusters_that_are_merged_to_classes_have_no_number_of_their_own():
    config = changed(preset("own-clusters", num_clusters=30), setting="semi-supervised")
    assert (config.pretrain, config.pretrain_clusters) == ("clusters-only", 3)
    assert config.num_clusters == 0


def test_another_setting_takes_along_what_is_of_no_use_to_it():
    """Every preset can be asked for the baseline of labels alone, which sees no other image."""
    for name in presets.PRESETS:
        alone = presets.preset(name, setting="labels-only")
        assert (alone.extra_terms, alone.pretrain, alone.pretrain_clusters) == ((), "", 0)
        assert alone.hidden_units == presets.preset(name).hidden_units
    plus = presets.preset("mnist-100-plus")
    without = changed(plus, pretrain="", extra_terms=("vat",), marginal_entropy_weight=0.4)
    assert without.pretrain_clusters == 0 and without.vat_radius == plus.vat_radius
    assert without == dataclasses.replace(
        plus, pretrain="", pretrain_clusters=0, pretrain_epochs=10, pretrain_keeps_y=False,
        extra_terms=("vat",),
    )  # fmt: skip
    few = presets.preset("mnist-10-plus", pretrain_starts=3)
    clusters = changed(few, setting="clustering", num_clusters=10)
    assert (clusters.pretrain_starts, clusters.pretrain_merged_epochs) == (3, 6)
    once = changed(few, setting="clustering", num_clusters=10, pretrain_starts=1)
    assert once.pretrain_merged_epochs == 0
    other = changed(few, pretrain_clusters=0, pretrain="basic")
    assert (other.pretrain_starts, other.pretrain_merged_epochs) == (1, 0)
    # Without what uses all categories y alone would find one: the whole model finds them.
    assert plus.pretrain == "clusters-only"
    assert changed(plus, extra_terms=("vat",)).pretrain == "clustering"
    # One trunk has no units of z's own, and a prior on the plane no Gaussian's width.
    assert changed(plus, trunks=1).z_units == ()
    roll = presets.preset("mnist-gaussian", prior="swiss-roll")
    assert (roll.prior_stddev, presets.preset("mnist-gaussian").prior_stddev) == (1.0, 5.0)
    assert changed(roll, prior_scale=0.5).prior_scale == 0.5
    # What is given by name is never left out.
    with pytest.raises(ValueError, match=r"`z_units` is for.* with trunks=1"):
        changed(plus, trunks=1, z_units=(5,))
    with pytest.raises(ValueError, match="`pretrain_epochs` is for a run with `pretrain`"):
        changed(plus, pretrain="", pretrain_epochs=3)
    with pytest.raises(ValueError, match="`vat_radius` is for the extra term vat"):
        changed(plus, extra_terms=(), vat_radius=0.3)
    with pytest.raises(
        TypeError, match="Unknown configuration field 'latent_dims'. Did you mean latent_dim"
    ):
        changed(plus, latent_dims=3)
    assert presets.preset("digits", setting="clustering", num_clusters=12).num_clusters == 12


@pytest.mark.parametrize(
    ("prior", "expected"),
    [("uniform", None), ("labels", None), ("0.9,0.1", [0.9, 0.1]), ("3, 1,1", [3.0, 1.0, 1.0])],
)
def test_a_class_prior_is_a_word_or_shares(prior, expected):
    assert consistency.shares_of(prior) == expected
    assert Config(class_prior=prior).class_prior == prior


@pytest.mark.parametrize("prior", ["equal", "0.9", "1,0", "1,-2", "1,nan", "", "1,inf"])
def test_another_class_prior_is_refused(prior):
    with pytest.raises(ValueError, match="`class_prior` must be uniform, labels, or a share"):
        Config(class_prior=prior)


def test_the_class_prior_reaches_the_game_and_the_marginal_entropy(small):
    for prior, expected in (("labels", [5 / 15] * 3), ("2,1,1", [0.5, 0.25, 0.25])):
        config = dataclasses.replace(small, class_prior=prior, extra_terms=("marginal_entropy",))
        model = factory.build_model(config, factory.load_data(config))
        assert model.categorical_prior.shares == pytest.approx(expected)
        assert model.extra_terms[0].shares == pytest.approx(expected)
    config = dataclasses.replace(small, class_prior="2,1")
    with pytest.raises(UserError, match="a share for each of the 3 classes"):
        factory.build_model(config, factory.load_data(config))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pretrain": "clustering", "pretrain_clusters": 1}, "at least 2 for each category"),
        (
            {"pretrain": "basic", "pretrain_clusters": 3},
            "whose `pretrain` is clustering or clusters-only",
        ),
        (
            {"pretrain": "clustering", "pretrain_clusters": 3, "batch_norm": True},
            "must not be batch normalisation: set batch_norm_heads=False",
        ),
        ({"pretrain_clusters": 3}, "`pretrain_clusters` is for a run with `pretrain`"),
        ({"pretrain_merged_epochs": 3}, "`pretrain_merged_epochs` is for a run with `pretrain`"),
        (
            {"pretrain": "basic", "pretrain_keeps_y": True},
            "`pretrain_keeps_y` is for a run with pretrain_clusters",
        ),
        (
            {"pretrain": "basic", "pretrain_merged_epochs": 3},
            "`pretrain_merged_epochs` is for a run with pretrain_clusters",
        ),
        (
            {"pretrain": "clustering", "pretrain_clusters": 3, "pretrain_starts": 2},
            "`pretrain_starts` must be 1, or at least 3",
        ),
        (
            {"pretrain": "basic", "pretrain_starts": 3},
            "`pretrain_starts` is for a run with pretrain_clusters",
        ),
        ({"pretrain": "clustering"}, "needs `num_clusters` of at least 2"),
        ({"pretrain": "clusters-only", "num_clusters": 3}, "say by `pretrain_clusters` how many"),
        (
            {"pretrain": "clusters-only", "pretrain_clusters": 3, "extra_terms": ("vat",)},
            "give it `extra_terms`, among them marginal_entropy",
        ),
        (
            {"setting": "clusters-only", "extra_terms": ("marginal_entropy",)},
            "The setting clusters-only needs `num_clusters`",
        ),
        ({"z_units": (5,)}, "z has a trunk of its own: trunks=2"),
    ],
)
def test_clusters_that_no_stage_starts_from_and_layers_that_are_not_there_are_refused(
    changes, message
):
    with pytest.raises(ValueError, match=message):
        Config(**changes)


@pytest.mark.parametrize("setting", SETTINGS)
def test_the_recipe_for_own_data_is_one_for_every_setting(setting):
    """What each has no use for is left out, so that `--setting` is all that a user must say."""
    needed = dict.fromkeys(FINDS_CLUSTERS, {"num_clusters": 9})
    needed["label-informed"] = {"prior": "swiss-roll"}
    changes = needed.get(setting, {}) | ({"latent_dim": 2} if setting == "label-informed" else {})
    config = presets.preset("own", setting=setting, **changes)
    assert config.least_steps and config.optimizer == "adam"
    assert bool(config.extra_terms) == (setting in (*BOTH_CODES, "clusters-only"))
    assert (config.pretrain == "labels-only") == (setting in TAUGHT_Y)
    assert presets.short_name(config).startswith("digits")  # named after its data


def test_epochs_that_are_given_are_taken_as_stated():
    assert presets.preset("own", epochs=3).least_steps == 0
    assert presets.preset("own", epochs=3, least_steps=70).least_steps == 70


def test_a_file_starts_from_its_preset_or_the_recipe_for_own_data():
    assert presets.from_yaml("seed: 3") == presets.preset("own", seed=3)
    assert presets.from_yaml("preset: ''\nseed: 3") == Config(seed=3)
    clusters = presets.from_yaml("setting: clustering\nnum_clusters: 7")
    assert clusters == presets.preset("own-clusters", num_clusters=7)
    assert clusters.pretrain_clusters and presets.short_name(clusters) == "digits-clustering"
    plane = presets.from_yaml("setting: dimensionality-reduction\nnum_clusters: 7")
    assert plane.preset == "own-clusters" and not plane.learns_from_labels
    assert presets.from_yaml("preset: digits\nsetting: labels-only") == presets.preset(
        "digits", setting="labels-only"
    )
    saved = presets.preset("mnist-style").to_yaml()
    assert presets.from_yaml(saved) == presets.preset("mnist-style")
