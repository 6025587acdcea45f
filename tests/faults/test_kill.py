"""The short storm of every run; `python -m bench.faults` is the long one, with 25 kills and 5,000 messages."""

import random
import subprocess
import sys
from pathlib import Path

import pytest

from bench.fault_judge import COUNTS, FORBIDDEN
from bench.fault_storm import Number, plan
from bench.faults import violations

ROOT = Path(__file__).resolve().parent.parent.parent
LONGEST_SECONDS = 240


@pytest.mark.faults
@pytest.mark.slow
def test_with_everything_killed_in_turn_nothing_is_lost_doubled_or_left_unanswered() -> None:
    storm = "--kills 5 --messages 250 --contacts 30 --companies 2 --rate 20 --hurry --patience 120"
    done = subprocess.run(
        [sys.executable, "-m", "bench.faults", *storm.split()],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=LONGEST_SECONDS,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    assert "nothing lost, nothing doubled" in done.stdout


def test_every_broken_promise_fails_the_run() -> None:
    clean = dict.fromkeys([*COUNTS, *FORBIDDEN], 0)
    assert violations(clean, kills=0) == []
    for name in FORBIDDEN:
        assert violations({**clean, name: 1}, kills=9) == [name]
    assert violations({**clean, "bubbles unknown": 3}, kills=3) == []
    assert violations({**clean, "bubbles unknown": 4}, kills=3) == ["bubbles unknown"]


def test_the_plan_gives_every_contact_their_messages_once_in_bursts_and_albums() -> None:
    numbers = [Number(f"c{n}", n, f"{n}", f"http://127.0.0.1/{n}") for n in range(3)]
    webhooks = plan(numbers, messages=600, contacts=60, media_id="9", chance=random.Random(7))

    ids = [each for webhook in webhooks for each in webhook.ids]
    senders = {one["from"] for webhook in webhooks for one in _messages(webhook.payload)}
    assert len(ids) == len(set(ids)) == 600
    assert len(senders) == 60
    assert max(len(webhook.ids) for webhook in webhooks) > 2
    assert any(one["type"] == "image" for webhook in webhooks for one in _messages(webhook.payload))


def _messages(payload: dict[str, object]) -> list[dict[str, str]]:
    return payload["entry"][0]["changes"][0]["value"]["messages"]  # type: ignore[index,no-any-return]
