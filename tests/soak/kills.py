"""Kills at random moments and before chosen changes on the disk: nothing lost, nothing half."""

import functools
import pathlib
import tempfile

from tests.soak import dying, jobs

KINDS = ("train", "resume", "export", "predict", "label")


def case(random):
    """What is killed, by which measure, and at which share of the whole."""
    return random.choice(KINDS), random.choice(["change", "moment"]), random.random()


def check(case):
    """What came of it: what was killed, or what had ended before."""
    kind, measure, share = case
    with tempfile.TemporaryDirectory(prefix="aae-keras-") as folder:
        how = _CHECKS[kind](pathlib.Path(folder), moment(kind, measure, share))
    return f"{kind} {how}"


def moment(kind, measure, share):
    """When to kill a job of a kind; measured on one that was left alone."""
    whole = made().whole[kind]
    if measure == "change":
        return dying.Kill(change=1 + int(share * whole.changes))
    return dying.Kill(seconds=max(share * whole.seconds, 0.001))


class Made:
    """What cases begin from, and each job left alone; made once."""

    def __init__(self):
        self._kept = tempfile.TemporaryDirectory(prefix="aae-keras-")
        self.root = root = pathlib.Path(self._kept.name)
        alone = {name: root / name for name in ("train", "export", "model", "predict", "label")}
        for folder in alone.values():
            folder.mkdir()
        self.run = alone["train"] / "run"
        self.images = jobs.made_images(root)
        self.whole = {"train": _ended(dying.run(jobs.train, alone["train"]))}
        self.whole["resume"] = self.whole["train"]
        self.trained = jobs.trained(alone["train"])
        self.whole["export"] = _ended(dying.run(jobs.publish, alone["export"], self.run))
        _ended(dying.run(jobs.publish, alone["model"], self.run, ("saved_model", "litert")))
        self.model = jobs.litert_of(alone["model"])
        predicted = dying.run(jobs.predict, alone["predict"], self.model, self.images)
        self.whole["predict"] = _ended(predicted)
        self.rows = (alone["predict"] / "labels.jsonl").read_bytes()
        self.whole["label"] = _ended(dying.run(jobs.label, alone["label"], self.images))


@functools.cache
def made():
    return Made()


def _ended(ending):
    assert ending.how == "ended", ending
    return ending


def _train(folder, kill):
    how = dying.run(jobs.train, folder, kill=kill).how
    _ended(dying.run(jobs.go_on, folder))
    assert jobs.trained(folder) == made().trained, "other weights, or epochs, than left alone"
    return how


def _resume(folder, kill):
    """Killed in the middle, and once more in going on."""
    half = dying.Kill(seconds=0.5 * made().whole["train"].seconds)
    dying.run(jobs.train, folder, kill=half)
    how = dying.run(jobs.go_on, folder, kill=kill).how
    _ended(dying.run(jobs.go_on, folder))
    assert jobs.trained(folder) == made().trained, "other weights, or epochs, than left alone"
    return how


def _export(folder, kill):
    how = dying.run(jobs.publish, folder, made().run, kill=kill).how
    before = jobs.published(folder)
    assert len(before) <= 1
    _ended(dying.run(jobs.publish, folder, made().run))
    after = jobs.published(folder)
    assert after[:-1] == before and not jobs.left_aside(folder)
    return how


def _predict(folder, kill):
    how = dying.run(jobs.predict, folder, made().model, made().images, kill=kill).how
    again = dying.run(jobs.predict, folder, made().model, made().images)
    # A kill after the last row is in place leaves nothing to do, and says so.
    assert again.how == "ended" or "labels.jsonl exists already" in again.message, again
    assert (folder / "labels.jsonl").read_bytes() == made().rows, "other rows than left alone"
    return how


def _label(folder, kill):
    how = dying.run(jobs.label, folder, made().images, kill=kill).how
    kept, told = jobs.given(folder)
    assert set(told.get("told-a", ())) <= set(kept), "an answer is lost that was said to be kept"
    assert len(kept) <= len(told.get("told-a", ())) + 1
    _ended(dying.run(jobs.label, folder, made().images))
    kept, _ = jobs.given(folder)
    wrong = {name: label for name, label in kept.items() if label != "a"}
    # Killed between an answer and its undoing, that answer stands.
    assert len(kept) == jobs.QUESTIONS and len(wrong) <= 1, wrong
    return how


_CHECKS = dict(zip(KINDS, (_train, _resume, _export, _predict, _label), strict=True))
