"""What `predict` shows of many images: how many are done, how fast, and for how long still."""

import sys
import time

EVERY_IN_LOG, EVERY_ON_TERMINAL = 10.0, 0.5  # seconds; a terminal has one line, written anew


def predict(predictor, images, output):
    """Classify many images into a file, with progress on stderr; whether all could be read."""
    from aae_keras.deployment.prediction import bulk

    print(f"Listing {images}.", file=sys.stderr)
    steps = bulk.predict_all(predictor, images, output)
    first = progress = next(steps)
    if first.done:
        print(f"Going on after {first.done:,} of {first.total:,} images.", file=sys.stderr)
    on_terminal = sys.stderr.isatty()
    every = EVERY_ON_TERMINAL if on_terminal else EVERY_IN_LOG
    start = shown = time.monotonic()
    for progress in steps:
        now = time.monotonic()
        if now - shown >= every or progress.done == progress.total:
            shown = now
            line = progress_line(progress, progress.done - first.done, now - start)
            begin, end = ("\r\x1b[K", "") if on_terminal else ("", "\n")
            print(begin + line, end=end, file=sys.stderr, flush=True)
    if on_terminal:
        print(file=sys.stderr)
    return say_where(output)


def say_where(output):
    """Print where the rows are, and the list of failures; whether all could be read."""
    from aae_keras.deployment.prediction import bulk

    print(output)
    failed = bulk.failures(output)
    if failed.exists():
        print(f"The images that could not be read are in {failed}", file=sys.stderr)
    return not failed.exists()


def progress_line(progress, done, seconds):
    """How far the work is, after so many images in so many seconds."""
    rate = done / max(seconds, 1e-9)
    left = (progress.total - progress.done) / max(rate, 1e-9)
    text = (
        f"{progress.done:,} of {progress.total:,} images, {rate:,.0f} a second, {_span(left)} left"
    )
    return text + (f", {progress.failed:,} failed" if progress.failed else "")


def _span(seconds):
    """`45 s`, `12 min 05 s`, `3 h 20 min`."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {seconds:02d} s" if minutes else f"{seconds} s"
