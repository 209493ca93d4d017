"""Kills at random moments and before chosen changes on the disk: nothing lost, nothing half."""

import functools
import pathlib
import tempfile

from tests.soak import dying, jobs


def case(random, kind):
    """What is killed, by which measure, and at which share of the whole."""
    return kind, random.choice(["change", "moment"]), random.random()


def check(case):
    """What came of it: whether it was killed, or had ended before."""
    kind, measure, share = case
    with tempfile.TemporaryDirectory(prefix="aae-keras-") as folder:
        return _CHECKS[kind](pathlib.Path(folder), moment(kind, measure, share))


def moment(kind, measure, share):
    """When to kill a job of a kind; measured on one that was left alone."""
    alone = getattr(made(), kind)
    if measure == "change":
        return dying.Kill(change=1 + int(share * alone.changes))
    return dying.Kill(seconds=max(share * alone.seconds, 0.001))


class Made:
    """What cases begin from, and each job left alone; made once, when it is first asked for."""

    def __init__(self):
        self._kept = tempfile.TemporaryDirectory(prefix="aae-keras-")
        self.root = pathlib.Path(self._kept.name)
        self.run = self.root / "train" / "run"

    def _alone(self, name, job, *arguments):
        (self.root / name).mkdir()
        return _ended(dying.run(job, self.root / name, *arguments))

    @functools.cached_property
    def images(self):
        return jobs.made_images(self.root)

    @functools.cached_property
    def train(self):
        return self._alone("train", jobs.train)

    @property
    def resume(self):
        return self.train

    @functools.cached_property
    def trained(self):
        assert self.train
        return jobs.trained(self.run.parent)

    @functools.cached_property
    def export(self):
        assert self.train
        return self._alone("export", jobs.publish, self.run)

    @functools.cached_property
    def model(self):
        assert self.train
        self._alone("model", jobs.publish, self.run, ("saved_model", "litert"))
        return jobs.litert_of(self.root / "model")

    @functools.cached_property
    def predict(self):
        return self._alone("predict", jobs.predict, self.model, self.images)

    @functools.cached_property
    def rows(self):
        assert self.predict
        return (self.root / "predict" / "labels.jsonl").read_bytes()

    @functools.cached_property
    def label(self):
        return self._alone("label", jobs.label, self.images)


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
    half = dying.Kill(seconds=0.5 * made().train.seconds)
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


_CHECKS = {
    "train": _train,
    "resume": _resume,
    "export": _export,
    "predict": _predict,
    "label": _label,
}
