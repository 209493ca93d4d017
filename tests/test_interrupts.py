import signal
import subprocess
import sys
import textwrap
import threading

import pytest

from aae_keras import interrupts

BOTH = pytest.mark.parametrize("number", interrupts.SIGNALS)


@BOTH
def test_deferred_work_is_cut_where_it_looks_and_nowhere_else(number):
    before = [signal.getsignal(number) for number in interrupts.SIGNALS]
    steps = []
    with pytest.raises(KeyboardInterrupt), interrupts.deferred():
        steps.append("first")
        interrupts.check()
        signal.raise_signal(number)
        with interrupts.deferred():  # as the library within a tool
            steps.append("cut by nothing")
        interrupts.check()
        steps.append("too late")
    assert steps == ["first", "cut by nothing"]
    assert [signal.getsignal(number) for number in interrupts.SIGNALS] == before
    interrupts.check()  # that signal is done with


def test_a_signal_after_the_last_look_is_raised_at_the_end():
    with pytest.raises(KeyboardInterrupt), interrupts.deferred():
        signal.raise_signal(signal.SIGINT)


def test_a_second_signal_waits_for_no_look():
    with pytest.raises(KeyboardInterrupt), interrupts.deferred():
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        pytest.fail("it was deferred too")


def test_work_in_a_thread_is_not_deferred():
    before = signal.getsignal(signal.SIGINT)
    seen = []

    def work():
        with interrupts.deferred():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]


@BOTH
def test_a_signal_that_a_destructor_swallows_comes_again(number):
    """In a process of its own, since the handlers stay."""
    script = f"""
        import signal, time
        from aae_keras import interrupts

        class Dying:
            def __del__(self):
                signal.raise_signal({int(number)})

        interrupts.catch()
        try:
            Dying()
            time.sleep(20)
            print("lost")
        except KeyboardInterrupt:
            print("came again")
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True
    )
    assert (done.stdout, done.stderr) == ("came again\n", "")
