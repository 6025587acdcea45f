"""Customers who write in bursts while wake-ups are lost and agents die: one answer to each burst, to the right person.

`python -m bench.bursts [--bursts 5000] [--quick]`. Virtual time (`virtual.py`); rows, tasks, sweep, buffer and turns are the
product's. The customers of two companies have the same phones and write at the same time. One wake-up in ten never arrives,
one turn in ten dies in the middle and one in ten after its reply was stored. Decides: exactly one answer to every burst of 1 to
10 messages, which has read all of it; no company sees a message of the other's customer.
"""

import argparse
import logging
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from bench.harness import facts, services
from bench.virtual import Virtual

if TYPE_CHECKING:
    from tests.messaging.services.saying import Number

DYING, LOST = 0.1, 0.1
SWEEP_SECONDS = 10.0
BURSTS_A_SECOND = 1.0
LONGEST = 2.0  # seconds between two messages of a burst


@dataclass
class Mortal:
    """The agent: it says how much it has read and for whom, or dies before or after."""

    chance: random.Random
    died: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)

    def on_turn(
        self, *, tenant: Any, conversation_id: UUID, turn_token: UUID, upto_sequence: int, **_more: Any
    ) -> None:
        from messaging.models import Conversation, Message
        from messaging.services import outbound
        from tenants.context import tenant_context

        if self.chance.random() < DYING:
            self.died += 1
            return
        with tenant_context(tenant):
            chat = Conversation.objects.get(pk=conversation_id)
            read = Message.objects.filter(conversation=chat, direction="in", sequence__lte=upto_sequence).count()
            text = f"{tenant.slug} {chat.address} {read}"
            outcome = outbound.commit_reply(
                conversation_id=conversation_id, turn_token=turn_token, text=text, run_id=uuid4(), author_name="Lía"
            )
        self.outcomes[outcome] += 1
        if self.chance.random() < DYING:
            self.died += 1
            self.outcomes["again"] += 1
            with tenant_context(tenant):  # whoever thinks that it was not stored says it once more
                outbound.commit_reply(
                    conversation_id=conversation_id, turn_token=turn_token, text=text, run_id=uuid4(), author_name="Lía"
                )


@dataclass
class Sent:
    """What left, company by company and person by person."""

    texts: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    def to(self, company: str) -> Any:
        sent = self

        class Adapter:
            def send(self, outgoing: Any) -> Any:
                from messaging.providers.base import Delivery

                sent.texts.setdefault((company, outgoing.to.external_id), []).append(outgoing.text)
                return Delivery(f"b:{outgoing.client_ref}")

            def mark_read(self, *_arguments: Any, **_named: Any) -> None:
                """Nobody looks."""

        return Adapter()


@contextmanager
def stage(clock: Virtual, agent: Mortal, sent: Sent) -> Iterator[None]:
    from messaging.services import delivery, reading
    from messaging.signals import turn_due

    kept = delivery.adapter_for, reading.adapter_for, turn_due.receivers
    delivery.adapter_for = reading.adapter_for = lambda tenant, channel: sent.to(tenant.slug)
    turn_due.receivers = []
    turn_due.connect(agent.on_turn, weak=False)
    try:
        with clock.standing():
            yield
    finally:
        delivery.adapter_for, reading.adapter_for, turn_due.receivers = kept


def plan(
    numbers: "list[Number]", many: int, start: datetime, chance: random.Random
) -> list[tuple[datetime, Any, str, int]]:
    """(when, number, phone, which of its burst) of every message, in the order of time."""
    lines = []
    for burst in range(many):
        number, phone = numbers[burst % len(numbers)], f"5491157{burst // len(numbers):06}"
        at = start + timedelta(seconds=chance.uniform(0, many / BURSTS_A_SECOND))
        for place in range(chance.randint(1, 10)):
            lines.append((at, number, phone, place))
            at += timedelta(seconds=chance.uniform(0.1, LONGEST))
    return sorted(lines, key=lambda line: line[0])


def run(numbers: "list[Number]", many: int, *, seed: int = 5) -> dict[str, int]:
    """What must be 0."""
    from django.utils import timezone

    from tests.fakes import graph_events as wire
    from tests.support.tasks import run_task

    chance = random.Random(seed)
    clock = Virtual(timezone.now(), loses=lambda task: chance.random() < LOST)
    agent, sent = Mortal(random.Random(seed + 1)), Sent()
    written: Counter[tuple[str, str]] = Counter()
    with stage(clock, agent, sent):
        swept = clock.now
        lines = plan(numbers, many, clock.now, chance)
        over = lines[-1][0] + timedelta(seconds=240)
        for at, number, phone, place in [*lines, (over, None, "", 0)]:
            while swept + timedelta(seconds=SWEEP_SECONDS) <= at:
                swept += timedelta(seconds=SWEEP_SECONDS)
                clock.run(until=swept)
                run_task("messaging.tasks.sweep")
            clock.run(until=at)
            if number is not None:
                body = wire.text(
                    f"{number.tenant.slug} {phone} {place}", sender=phone, timestamp=str(int(at.timestamp()))
                )
                card = [wire.contact(name=phone, wa_id=phone)]
                number.hears(wire.inbound(body, contacts=card, phone_number_id=number.phone_number_id))
                clock.send("messaging.tasks.process_events", tenant_id=number.tenant.pk)
                written[number.tenant.slug, phone] += 1
    print(f"{many} bursts, {written.total()} messages, {agent.died} deaths, outcomes {dict(agent.outcomes)}")
    return _verdict(numbers, written, sent)


def _verdict(numbers: "list[Number]", written: Counter[tuple[str, str]], sent: Sent) -> dict[str, int]:
    from messaging.models import Message
    from tenants.context import tenant_context

    foreign = stored = 0
    for number in numbers:
        with tenant_context(number.tenant):
            rows = Message.objects.filter(direction="in", channel=number.channel)
            stored += rows.count()
            foreign += rows.exclude(text__startswith=f"{number.tenant.slug} ").count()
    right = {who: [f"{who[0]} {who[1]} {many}"] for who, many in written.items()}
    return {
        "bursts without exactly one answer": sum(len(sent.texts.get(who, [])) != 1 for who in right),
        "answers that read less, or not to them": sum(sent.texts.get(who) != said for who, said in right.items()),
        "answers to nobody": len(sent.texts.keys() - right.keys()),
        "messages of another company": foreign,
        "messages lost or doubled": abs(written.total() - stored),
    }


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.bursts")
    parser.add_argument("--bursts", type=int, default=5000)
    parser.add_argument("--quick", action="store_true", help="60 bursts")
    asked = parser.parse_args(arguments)
    logging.disable(logging.INFO)
    with services():
        from tests.messaging.services.saying import make_number
        from tests.support.cast import make_cast

        cast, began = make_cast(), time.perf_counter()
        numbers = [make_number(tenant, phone_number_id=str(tenant.pk)) for tenant in (cast.acme, cast.globex)]
        wrong = run(numbers, 60 if asked.quick else asked.bursts)
        print(f"{time.perf_counter() - began:.0f} s")
    for name, value in wrong.items():
        print(f"  {name:40} {value:>5}{'' if not value else '   MUST BE 0'}")
    print(facts())
    print(f"goal: {'met' if not any(wrong.values()) else 'NOT met'}")
    return 0 if not any(wrong.values()) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
