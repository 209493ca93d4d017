"""Run random campaigns: `python -m tests.soak [--only=NAME] [--count=N] [--seed=N] [--minutes=N]`.

Cases come of seeds, so that what fails can be run again alone. A campaign ends by itself, or after
so many minutes; the exit code is 1 if a case failed.
"""

import argparse
import collections
import importlib
import logging
import random
import sys
import time
import traceback

from tests.soak import properties

# How many cases of each: minutes on two processors that do nothing else.
COUNTS = {
    **properties.COUNTS,
    **dict.fromkeys([f"kills.{kind}" for kind in ("train", "resume", "export")], 20),
    "kills.predict": 20,
    "kills.label": 72,  # some end before their moment; 50 kills and more are left
    **dict.fromkeys([f"races.{kind}" for kind in ("trainings", "overwrite")], 8),
    **dict.fromkeys([f"races.{kind}" for kind in ("exports", "pages")], 7),
}
# Of `kills.train`, `kills` alone means all that begin so.
GROUPS = {name.partition(".")[0] for name in COUNTS}
SHOWN = 3  # failures


def campaign(name, count, seed, minutes=float("inf")):
    """Run one, for so many minutes at most; a count of what came of its cases and failures."""
    part = properties.PART if name in properties.COUNTS else 1  # cases of a seed
    found = collections.Counter()
    end = time.monotonic() + 60 * minutes
    for number, done in enumerate(range(0, count, part), start=seed):
        if time.monotonic() > end:
            break
        size = min(part, count - done)
        try:
            found += explored(name, size, number)
        except Exception:  # whatever it is, it is what is looked for
            found["failed"] += 1
            if found["failed"] <= SHOWN:
                print(f"{name}, --seed={number} --count={size}", file=sys.stderr)
                traceback.print_exc()
    return found


def explored(name, count, seed):
    """What came of the cases of one seed."""
    if name in properties.COUNTS:
        return properties.explored(name, count, seed)
    group, kind = name.split(".")
    module = importlib.import_module(f"tests.soak.{group}")
    return collections.Counter([module.check(module.case(random.Random(seed), kind))])


def main():
    """See the module."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak")
    parser.add_argument("--only", choices=sorted({*COUNTS, *GROUPS}), action="append")
    parser.add_argument("--count", type=int, help="cases of each campaign")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="of each, at most")
    parser.add_argument("--seed", type=int, default=0, help="of the first case")
    flags = parser.parse_args()
    logging.getLogger("aae_keras").setLevel(logging.ERROR)  # what it warns of is no failure
    print(f"{'campaign':16}{'cases':>8}{'failed':>8}{'seconds':>9}  what came of them")
    bad = 0
    only = set(flags.only or COUNTS)
    for name in COUNTS:
        if not only & {name, name.partition(".")[0]}:
            continue
        start = time.monotonic()
        found = campaign(name, flags.count or COUNTS[name], flags.seed, flags.minutes)
        failed = found.pop("failed", 0)
        bad += failed
        results = ", ".join(f"{count} {kind}" for kind, count in sorted(found.items()))
        cases = failed + sum(found.values())
        seconds = time.monotonic() - start
        print(f"{name:16}{cases:>8}{failed:>8}{seconds:>9.0f}  {results}", flush=True)
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()
