"""A flat mapping in YAML: names to a text, a number, or a list of them, and nothing else.

YAML can say much more: anchors that a kilobyte of makes gigabytes, keys twice, numbers that are not
what they look like. All of it is refused, with its line and what to write there.
"""

import re
from typing import Any, NoReturn

import yaml

MAX_LENGTH = 100_000  # characters: hundreds of times a whole configuration

# Numbers that YAML 1.1 reads otherwise than they look: 010 is 8, and 1:30 is 90.
_ODD_NUMBER = re.compile(r"[-+]?(0[0-9_]+|\d+(:\d+)+(\.\d*)?)")


def read(text: str) -> dict[str, tuple[Any, int]]:
    """The values of a flat mapping, by name, each with its line.

    Raises:
        ValueError: If the text is no such mapping; the message has the line and a remedy.
    """
    if len(text) > MAX_LENGTH:
        raise ValueError(
            f"A configuration has at most {MAX_LENGTH} characters. Received: {len(text)}"
        )
    try:
        _check_events(text)
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        return {} if node is None else _entries(loader, node)
    except yaml.YAMLError as error:
        raise ValueError(f"The configuration is not valid YAML: {_in_words(error)}") from error


def _check_events(text):
    """Refuse what would take long to compose, before anything is composed."""
    depth = 0
    for event in yaml.parse(text, yaml.SafeLoader):
        if getattr(event, "anchor", None):
            _refuse(event, "anchors and aliases are not taken: write the value out")
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > 2 or (depth == 2 and isinstance(event, yaml.MappingStartEvent)):
            _refuse(event, "expected a name and its value, or a flat list: nothing deeper")


def _entries(loader, node):
    if not isinstance(node, yaml.MappingNode):
        kind = "list" if isinstance(node, yaml.SequenceNode) else "str"
        raise ValueError(
            "A configuration must be a YAML mapping of field names to values, such as `seed: 1`. "
            f"Received: {kind}"
        )
    found: dict[str, tuple[Any, int]] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            _refuse(key, "expected a field's name before the colon")
        if key.value in found:
            _refuse(key, f"{key.value!r} stands in line {found[key.value][1]} too: keep one")
        items = value.value if isinstance(value, yaml.SequenceNode) else [value]
        for item in items:
            _check_number(item)
        try:
            found[key.value] = loader.construct_object(value, deep=True), _line(value)
        except (ValueError, OverflowError) as error:
            _refuse(value, f"{error}. Put text into quotes")
    return found


def _check_number(node):
    if node.style is None and _ODD_NUMBER.fullmatch(node.value):
        _refuse(
            node,
            f"{node.value} is read in another base than it looks. Write a whole number without "
            "zeros before it, or put text into quotes",
        )


def _refuse(place, what) -> NoReturn:
    raise ValueError(f"line {_line(place)}: {what}.")


def _line(place):
    return place.start_mark.line + 1


def _in_words(error):
    """PyYAML's error on one line, with a remedy for what people meet most."""
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    where = f"line {mark.line + 1}: " if mark else ""
    tab = " Indent with spaces, or begin the line with the name." if "\\t" in problem else ""
    return f"{where}{problem}.{tab}"
