"""One field of a configuration: its help line, the values it may take, and checking one."""

import contextlib
import dataclasses
import difflib
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from aae_keras.experiment.configuration import flat_yaml
from aae_keras.ranges import RANGES, Range


def option(
    group: str,
    default: Any,
    help: str,
    *,
    only: tuple[str, ...] | None = None,
    term: str | None = None,
    choices: tuple[str, ...] | None = None,
    **bounds: float,
) -> Any:
    """A field of `Config`.

    Args:
        group: Heading that `--help` lists it under.
        default: Its default, whose type every value has; an empty tuple holds whole numbers,
            or the names of `choices`.
        help: One line of help.
        only: The settings it is for; None for all.
        term: The extra term it belongs to; None for other fields.
        choices: What it (or each item of a tuple) may be, for text.
        **bounds: Of numbers: `low`, `above`, `high`, `below`, as of `ranges.Range`; those that a
            constructor checks too stand in `ranges.RANGES`.
    """
    metadata = {"group": group, "help": help, "only": only, "term": term, "choices": choices}
    return dataclasses.field(default=default, metadata=metadata | {"range": Range(**bounds)})


def checked(field: dataclasses.Field, value: Any) -> Any:
    """A value in the type of its field's default.

    Args:
        field: A `dataclasses.Field` that `option` made.
        value: From Python, YAML or a flag.

    Raises:
        TypeError: If it is of another kind.
        ValueError: If it lies outside the field's range or choices.
    """
    value = _in_type_of(field, value)
    bounds = RANGES.get(field.name, field.metadata["range"])
    for item in value if isinstance(value, tuple) else (value,):
        if isinstance(item, str):
            choices = field.metadata["choices"]
            if choices and item not in choices:
                raise ValueError(
                    f"`{field.name}` must be one of {', '.join(filter(None, choices))}. "
                    f"Received: {field.name}={item!r}"
                )
        elif item not in bounds:
            raise ValueError(f"`{field.name}` must {bounds}. Received: {field.name}={value!r}")
    return value


def holds_names(field: dataclasses.Field) -> bool:
    """Whether a field is a tuple of names, not of whole numbers."""
    return isinstance(field.default, tuple) and field.metadata["choices"] is not None


def _in_type_of(field, value):
    wanted = type(field.default)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    kind = wanted.__name__
    if wanted is tuple:
        item_type = str if holds_names(field) else int
        kind = "a list of names" if holds_names(field) else "a list of whole numbers"
        if isinstance(value, list | tuple) and all(type(item) is item_type for item in value):
            return tuple(value)
    elif wanted is float and number:
        return float(value)
    elif wanted is float and isinstance(value, str):  # YAML reads 1e-4, without a dot, as text
        with contextlib.suppress(ValueError):
            return float(value)
    elif type(value) is wanted:
        return value
    raise TypeError(f"`{field.name}` must be {kind}. Received: {field.name}={value!r}")


def nearest(name: str, known: Iterable[str]) -> str:
    """The end of an error message: the known names closest to a misspelt one."""
    close = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    return f" Did you mean {', '.join(close)}?" if close else f" Known: {', '.join(sorted(known))}."


def unknown(name: str, known: Iterable[str]) -> str:
    """The message about a field that does not exist."""
    return f"Unknown configuration field {name!r}.{nearest(name, known)}"


def fields_in(
    text: str, known: Mapping[str, dataclasses.Field], beside: Collection[str] = ()
) -> dict[str, Any]:
    """The fields that a YAML text gives, by name, each of them possible by itself.

    Args:
        text: A mapping of names to values.
        known: The fields that there are, by name.
        beside: Names that are passed over.

    Raises:
        TypeError, ValueError: If `text` is no mapping, names something else, or has a value that
            its field cannot have; the message has the line.
    """
    values = {name: of for name, of in flat_yaml.read(text).items() if name not in beside}
    for name, (value, line) in values.items():
        if name not in known:
            raise ValueError(unknown(name, known))
        field = known[name]
        alone = isinstance(field.default, tuple) and type(value) is int  # once a form of some
        try:
            checked(field, (value,) if alone else value)
        except (TypeError, ValueError) as error:
            quotes = isinstance(field.default, str) and not isinstance(value, str | list)
            remedy = ' Put text into quotes: "no" is text, no is not.' if quotes else ""
            raise type(error)(f"line {line}: {error}{remedy}") from error
    return {name: value for name, (value, _) in values.items()}
