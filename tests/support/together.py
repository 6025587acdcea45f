"""Several pieces of work at the same moment, each on a thread and connection of its own."""

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from django.db import connection

from tests.support.services import Services

PATIENCE = 30  # seconds


def at_once(
    works: Sequence[Callable[[], object]], inside: Callable[[], AbstractContextManager[object]]
) -> list[object]:
    """Run all of them together, each in its own `inside()`; what they answered or the error they ended with, in order."""
    gate, answers = threading.Barrier(len(works)), [None] * len(works)

    def run(place: int, work: Callable[[], object]) -> None:
        try:
            gate.wait(PATIENCE)
            with inside():
                answers[place] = work()
        except Exception as error:  # noqa: BLE001 (the test judges it)
            answers[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair, daemon=True) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert not any(thread.is_alive() for thread in threads), "they wait for each other"
    return answers


def meanwhile(
    work: Callable[[], object], inside: Callable[[], AbstractContextManager[object]], services: Services
) -> Callable[[], object]:
    """Start `work` on another connection and return once it waits for a lock; the result waits for its end.

    For a change that is under way when another one begins: call it in the open transaction that holds the lock.
    """
    answers: list[object] = []

    def run() -> None:
        try:
            with inside():
                answers.append(work())
        except Exception as error:  # noqa: BLE001 (the test judges it)
            answers.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    _until_it_waits(thread, services)

    def end() -> object:
        thread.join(PATIENCE)
        assert answers, "it never came back"
        return answers[0]

    return end


def _until_it_waits(thread: threading.Thread, services: Services) -> None:
    question = "select 1 from pg_stat_activity where datname = %s and wait_event_type = 'Lock'"
    until = time.monotonic() + PATIENCE
    with services.inside() as judge:
        while thread.is_alive() and not judge.execute(question, [services.database]).fetchone():
            assert time.monotonic() < until, "it neither waits nor ends"
            thread.join(0.01)
