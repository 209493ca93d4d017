"""A few cases of what `make soak` tries by the thousand."""

import pytest

from tests.soak import properties

# How many, in less than a second; and all that may come of a case.
CASES = {
    "configurations": (40, {"configuration", "message"}),
    "splits": (200, {"split", "message"}),
    "image_bytes": (200, {"image", "message"}),
    "answers": (40, {"predictions", "message"}),
    "damage": (60, {"named", "harmless", "done without"}),
}


@pytest.mark.parametrize("name", properties.COUNTS)
def test_what_is_promised_holds_of_any_case(name):
    count, outcomes = CASES[name]
    found = properties.explored(name, count, seed=0)
    assert set(found) == outcomes and found.total() >= count
