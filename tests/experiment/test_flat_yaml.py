import pytest

from aae_keras.experiment.configuration import flat_yaml
from aae_keras.experiment.configuration.config import Config

LAUGHS = "a: &a [x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join(['*' + before] * 9)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


def test_values_come_with_their_lines():
    text = "# said\nseed: 3\ndataset: 'no'\n\nrate_drops: [5, 6]\nmomentum: .5\nlabels: ''\n"
    assert flat_yaml.read(text) == {
        "seed": (3, 2),
        "dataset": ("no", 3),
        "rate_drops": ([5, 6], 5),
        "momentum": (0.5, 6),
        "labels": ("", 7),
    }
    assert flat_yaml.read("") == flat_yaml.read("# nothing") == {}


@pytest.mark.parametrize(
    "text, message",
    [
        (LAUGHS, "line 1: anchors and aliases are not taken: write the value out"),
        ("seed: 1\nepochs: *x", "line 2: anchors"),
        ("[" * 20_000, "line 1: expected a name and its value, or a flat list"),
        ("{a: " * 20_000, "line 1: expected a name and its value"),
        ("- " * 20_000, "line 1: expected a name and its value"),
        ("a:\n  b: 1", "line 2: expected a name and its value"),
        ("<<: {seed: 1}", "line 1: expected a name and its value"),
        ("seed: 1\nepochs: 2\nseed: 3", "line 3: 'seed' stands in line 1 too: keep one"),
        ("seed: 010", "line 1: 010 is read in another base"),
        ("rate_drops: [10, 020]", "line 1: 020 is read"),
        ("epochs: 1:30", "line 1: 1:30 is read"),
        ("seed: 1\n\tepochs: 2", r"line 2: .*\\t.* Indent with spaces"),
        ("seed: 1\n---\nseed: 2", "not valid YAML: line 2: but found another document"),
        ("? [a]\n: 1", "line 1: expected a field's name before the colon"),
        ("seed: !!python/object/apply:os.system [x]", "line 1: could not determine a constructor"),
        ("seed: " + "9" * 5000, "line 1: Exceeds the limit"),
        ("dataset: 2024-13-45", "line 1: month must be in 1..12.* quotes"),
        ("seed: \0", "not valid YAML: special characters are not allowed"),
        ("a" * 100_001, "at most 100000 characters. Received: 100001"),
        ("- 1", "must be a YAML mapping.*Received: list"),
        ("words", "must be a YAML mapping.*Received: str"),
    ],
)
def test_all_else_is_refused_with_its_line_and_a_remedy(text, message):
    with pytest.raises(ValueError, match=message):
        flat_yaml.read(text)


@pytest.mark.parametrize("word", ["yes", "no", "off", "on", "~", "1", "1.5", "2024-01-01"])
def test_words_that_yaml_takes_for_other_things_are_no_text(word):
    with pytest.raises(TypeError, match="line 2: `streaming` must be str.* Put text into quotes"):
        Config.from_yaml(f"seed: 1\nstreaming: {word}")
    assert Config.from_yaml("streaming: 'no'").streaming == "no"


@pytest.mark.parametrize(
    "text, message",
    [
        ("seed: 1\nepochs: many", "line 2: `epochs` must be int. Received: epochs='many'"),
        ("epochs: 0", "line 1: `epochs` must be at least 1"),
        ("momentum: .nan", "line 1: `momentum` must lie in"),
        ("momentum: 1e999", "line 1: `momentum` must lie in"),
        ("seed: 1\n\nsetting: basi", "line 3: `setting` must be one of"),
        ("hidden_units: [1.5]", "line 1: `hidden_units` must be a list of whole numbers"),
    ],
)
def test_a_value_that_its_field_cannot_have_is_refused_with_its_line(text, message):
    with pytest.raises((TypeError, ValueError), match=message):
        Config.from_yaml(text)
