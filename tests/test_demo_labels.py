"""The loop of labels on digits: what its folder holds, and what is refused. It trains in `make`."""

import subprocess
import sys

import numpy as np
import pytest

from aae_keras import data, plots
from tools import demo_labels


def test_the_folder_keeps_its_labels_to_itself(tmp_path):
    answers = demo_labels.write_digits(tmp_path / "digits", 0)
    table = tmp_path / "labels.csv"
    table.write_text("image,label\n" + "".join(f"{k},{v}\n" for k, v in list(answers.items())[:9]))
    split = data.load(str(tmp_path / "digits"), labels=str(table)).split
    assert len(answers) == 1297 and (split.labels >= 0).sum() == 9 + demo_labels.VALIDATION
    assert len(split.labeled_rows) == 9 and len(split.validation_rows) == demo_labels.VALIDATION
    assert len(split.test_labels) == demo_labels.TEST and len(split.class_names) == 10
    for row in split.labeled_rows:
        assert split.class_names[split.labels[row]] == answers[split.names[row]]
    assert set(split.names[split.unlabeled_rows]) <= set(answers)


def test_another_seed_holds_out_other_digits(tmp_path):
    one, other = (demo_labels.write_digits(tmp_path / str(seed), seed) for seed in (0, 1))
    assert one.keys() != other.keys()


@pytest.mark.parametrize(
    "flag, message",
    [
        ("--counts=20,10", "--counts must grow, to 1000 at most"),
        ("--counts=10", "--counts must grow"),
        ("--counts=a,b", "such as 10,20. Received: --counts=a,b"),
        ("--share=0", "--share must be above 0"),
        ("--method=best", "--method is one of auto"),
        ("--seed=-1", "`seed` must lie in"),
    ],
)
def test_mistakes_are_usage_errors(flag, message):
    command = [sys.executable, "-m", "tools.demo_labels", flag]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2 and message in done.stderr and "Traceback" not in done.stderr


def test_the_picture_has_a_line_for_each_way():
    (axes,) = plots.label_curves([10, 20], {"suggested": [0.5, 0.1], "random": [0.5, 0.3]}).axes
    lines = {line.get_label(): line.get_ydata() for line in axes.get_lines()}
    np.testing.assert_allclose(lines["suggested"], [50, 10])
    np.testing.assert_allclose(lines["random"], [50, 30])
    assert axes.get_ylim()[0] == 0 and axes.get_ylabel() == "% of validation images"
