"""Two processes that want one place at once: one has it, one is told so, and nothing is mixed."""

import functools
import pathlib
import tempfile

from tests.soak import dying, jobs
from tests.soak.kills import made


def case(random, kind):
    """Who races, and how much later the second begins, as a share of what the first takes."""
    return kind, random.choice([0.0, 0.0, random.random()])


def check(case):
    """What came of it: how both ended."""
    kind, share = case
    with tempfile.TemporaryDirectory(prefix="aae-keras-") as folder:
        endings = _CHECKS[kind](pathlib.Path(folder), share)
    return " and ".join(ending.how for ending in endings)


@functools.cache
def trained(seed):
    """What a run of a seed ends with if it is left alone."""
    with tempfile.TemporaryDirectory(prefix="aae-keras-") as folder:
        assert dying.run(jobs.train, folder, seed).how == "ended"
        return jobs.trained(pathlib.Path(folder))


def _both(kind, share, first, second):
    """How two jobs end that begin at once, or the second a little later."""
    delay = share * getattr(made(), kind).seconds
    begun = [dying.begin(*first), dying.begin(*second, delay=delay)]
    return [dying.wait(job) for job in begun]


def _trainings(folder, share):
    found = _both("train", share, (jobs.train, folder, 0), (jobs.train, folder, 1))
    winners = [seed for seed, ending in enumerate(found) if ending.how == "ended"]
    assert len(winners) == 1, found
    assert _has_said(found, "is being trained in by another process", "holds a run already")
    assert jobs.trained(folder) == trained(winners[0]), "the runs are mixed"
    assert not (folder / ".old").exists()
    return found


def _overwrite(folder, share):
    """The second moves a finished run away, or a run that began after it; never one under way."""
    found = _both("train", share, (jobs.train, folder, 0), (jobs.train, folder, 1, True))
    winners = [seed for seed, ending in enumerate(found) if ending.how == "ended"]
    assert winners, found
    assert _has_said(found, "is being trained in by another process", "holds a run already")
    assert jobs.trained(folder) == trained(winners[-1]), "the runs are mixed"
    old = list((folder / ".old").glob("*")) if (folder / ".old").exists() else []
    assert len(old) == len(winners) - 1, old
    return found


def _exports(folder, share):
    job = (jobs.publish, folder, made().run)
    found = _both("export", share, job, job)
    numbers = jobs.published(folder)
    assert len(numbers) == sum(ending.how == "ended" for ending in found) >= 1
    assert _has_said(found, "a version is never overwritten") and not jobs.left_aside(folder)
    return found


def _pages(folder, share):
    jobs_ = [(jobs.label, folder, made().images, name) for name in "ab"]
    found = _both("label", share, *jobs_)
    kept, told = jobs.given(folder)
    assert _has_said(found, "is being written by another")
    assert len(kept) == jobs.QUESTIONS and len(set(kept.values())) == 1, kept
    assert set(kept) == {image for images in told.values() for image in images}
    return found


def _has_said(found, *messages):
    """Whether each refusal has one of the messages."""
    refused = [ending.message for ending in found if ending.how == "refused"]
    return all(any(message in said for message in messages) for said in refused)


_CHECKS = {
    "trainings": _trainings,
    "overwrite": _overwrite,
    "exports": _exports,
    "pages": _pages,
}
