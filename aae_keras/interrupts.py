"""Ctrl-C and SIGTERM, which end a program soon, and never get lost.

A signal raises KeyboardInterrupt wherever Python happens to be. In a destructor, or in a callback
of another library, Python prints the exception and goes on: the signal is lost. So work that must
not be cut anywhere notes signals and looks at them between its steps; elsewhere one that was lost
comes again.
"""

import contextlib
import signal
import sys
import threading
import types
from collections.abc import Iterator

SIGNALS = (signal.SIGINT, signal.SIGTERM)
AGAIN = 0.02  # seconds until one that was lost comes again

_noted = False
_deferring = False


def catch() -> None:
    """Have both signals raise KeyboardInterrupt from now on; one that is lost comes again.

    SIGINT is set too: a shell script starts its background jobs with it ignored.
    """
    for number in (*SIGNALS, signal.SIGALRM):
        signal.signal(number, _raise)
    ours, theirs = KeyboardInterrupt, sys.unraisablehook

    def lost(problem: "sys.UnraisableHookArgs") -> None:
        if issubclass(problem.exc_type, ours):
            signal.setitimer(signal.ITIMER_REAL, AGAIN)
        else:
            theirs(problem)

    sys.unraisablehook = lost


@contextlib.contextmanager
def deferred() -> Iterator[None]:
    """Around work that is cut nowhere but where it calls `check`, and at its end.

    Within another, or in a thread, which no signal reaches, it does nothing.

    Raises:
        KeyboardInterrupt: At the end, if a signal came that no `check` has seen.
    """
    global _noted, _deferring
    if _deferring or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, _note) for number in SIGNALS}
    _noted, _deferring = False, True
    try:
        yield
        check()
    finally:
        _noted, _deferring = False, False
        for number, handler in before.items():
            signal.signal(number, handler)


def check() -> None:
    """Between two steps of `deferred` work: end it if a signal has come.

    Raises:
        KeyboardInterrupt: If one has.
    """
    if _noted:
        raise KeyboardInterrupt


def _note(number: int, frame: types.FrameType | None) -> None:
    global _noted
    if _noted:  # somebody has no patience
        raise KeyboardInterrupt
    _noted = True


def _raise(number: int, frame: types.FrameType | None) -> None:
    raise KeyboardInterrupt
