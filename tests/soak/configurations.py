"""Texts of configurations: each gives a `Config` or a message, and a `Config` survives its YAML."""

import dataclasses

from aae_keras.experiment.configuration import presets
from aae_keras.experiment.configuration.config import Config

WORDS = (
    *("yes", "no", "off", "~", "null", "010", "1:30", "0x1f", "1_000", "1e3", "1e999", ".nan"),
    *("-1", "0", "1", "2.5", "9" * 30, "''", '"a"', "[]", "[1, 2]", "[a]", "[[1]]", "{}", "{a: 1}"),
    *("&a x", "*a", "!!python/name:os.system", "!!binary x", "2024-13-45", "<<", "#", "a: b", "\t"),
    *(
        "|",
        ">-",
        "%",
        "@",
        "`",
        "- 1",
        "---",
        "...",
        "\x00",
        "\ufeff",
        "\ud800",
        "é",
        "?",
        "=",
        "!",
    ),
)
FIELDS = {field.name: field for field in dataclasses.fields(Config)}


def case(random):
    """A text, from the seed that `random` holds."""
    if random.random() < 0.1:
        return bytes(random.randrange(256) for _ in range(random.randrange(60))).decode("latin-1")
    lines = [_line(random) for _ in range(random.randrange(1, 6))]
    text = "\n".join(lines)
    if random.random() < 0.3:
        place = random.randrange(len(text) + 1)
        text = text[:place] + random.choice(WORDS) + text[place + random.randrange(3) :]
    return text


def _line(random):
    name = random.choice([*FIELDS, "preset", "setting", "revision", "epoch", "<<"])
    value = random.choice(WORDS)
    if name in FIELDS and random.random() < 0.6:
        field = FIELDS[name]
        choices = field.metadata["choices"] or (field.default,)
        value = random.choice(choices)
        value = list(value) if isinstance(value, tuple) else value
        value = repr(value) if isinstance(value, str | list) else value
    elif random.random() < 0.3:
        value = random.choice((random.randrange(-3, 10**6), random.uniform(-2, 2)))
    return f"{name}: {value}"


def check(text):
    """What came of a text: `configuration` or `message`."""
    try:
        config = presets.from_yaml(text)
    except (TypeError, ValueError) as error:
        assert str(error).strip(), "a message says something"
        assert type(error) in (TypeError, ValueError), f"of another library: {error!r}"
        return "message"
    assert Config.from_yaml(config.to_yaml()) == config
    return "configuration"
