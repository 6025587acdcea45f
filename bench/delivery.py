"""Bubbles in order, at their distance, within WhatsApp's limits: 10,000 conversations in virtual time, then a real minute.

`python -m bench.delivery [--chats 10000] [--quick] [--only virtual|real]`. Virtual: the clock and the queue are `virtual.py`'s, rows
and `deliver` the product's, the provider counts what it is given and refuses one send in 200 for a moment. Decides: no gap
under 4.0 s, nothing out of order or twice, no limit of the pair or the number broken, lateness p99 at most 500 ms. Real: the
whole product with its own worker, against a local Graph API; the same figures from the rows and from Graph's journal.
"""

import argparse
import logging
import random
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.harness import ROOT, facts, percentile, services
from bench.virtual import Counting, Virtual, sending_to

if TYPE_CHECKING:
    from tenants.models import Tenant

SPACING, BUBBLES = 4.0, 3
CHATS_A_SECOND = 20.0  # 60 bubbles a second on one number that may send 80
LATE_MS = 500
MINUTE = 60.0
MINUTES_CHATS = 3.0  # new chats a second in the real minute


def make_chats(tenant: "Tenant", many: int, *, bubbles: int = BUBBLES) -> list[Any]:
    """Conversations of one number, each with that many bubbles of the agent in the queue. Their ids."""
    from django.utils import timezone

    from crm.models import Contact
    from messaging.models import Channel, Conversation, Message
    from tenants.context import tenant_context
    from tests.factories.messaging import make_channel

    with tenant_context(tenant):
        number = {"phone_number_id": "106500000000001"}
        channel = Channel.objects.filter(provider="meta_direct").first() or make_channel(
            provider="meta_direct", channel_source="whatsapp", config=number
        )
        phones = [f"5491{n:09}" for n in range(many)]
        people = Contact.objects.bulk_create([Contact(name=f"Persona {each}", phone=f"+{each}") for each in phones])
        chats = Conversation.objects.bulk_create(
            Conversation(
                contact=person,
                channel=channel,
                channel_source="whatsapp",
                provider="meta_direct",
                address_kind="wa_id",
                address=phone,
                last_inbound_at=timezone.now(),
                sequence=bubbles,
            )
            for person, phone in zip(people, phones, strict=True)
        )
        Message.objects.bulk_create(
            Message(
                conversation=chat,
                channel=channel,
                direction="out",
                author="agent",
                text=f"Parte {position}",
                status="queued",
                sequence=position,
            )
            for chat in chats
            for position in range(1, bubbles + 1)
        )
    return [chat.pk for chat in chats]


def in_virtual_time(tenant: "Tenant", many: int, *, trouble: float = 0.005) -> Counting:
    """Every chat begins at its own moment; the provider's figures when nothing is left to do."""
    from django.utils import timezone

    from messaging.models import Message
    from tenants.context import tenant_context

    start = timezone.now()
    ids, clock = make_chats(tenant, many), Virtual(start)
    chance = random.Random(3)
    provider = Counting(clock, spacing=SPACING, trouble=trouble, chance=chance)
    with clock.standing(), sending_to(provider):
        for conversation_id in ids:
            at = chance.uniform(0.0, many / CHATS_A_SECOND)
            clock.send(
                "messaging.tasks.deliver", tenant_id=tenant.pk, countdown=at, conversation_id=str(conversation_id)
            )
        clock.run()
    with tenant_context(tenant):
        left = Message.objects.filter(direction="out").exclude(status="sent").count()
    assert provider.sends == BUBBLES * many, (provider.sends, left)
    return provider


def virtual(many: int) -> bool:
    with services():
        from tests.support.cast import make_cast

        began = time.perf_counter()
        provider = in_virtual_time(make_cast().acme, many)
        took = time.perf_counter() - began
    late = 1000 * percentile(provider.lateness, 0.99)
    print(f"virtual: {many} chats, {provider.sends} bubbles in {took:.0f} s, lateness p99 {late:.0f} ms")
    return _judged(provider.verdict(), late)


def _judged(wrong: dict[str, int], late_ms: float) -> bool:
    for name, value in wrong.items():
        print(f"  {name:24} {value:>6}{'' if not value else '   MUST BE 0'}")
    return not any(wrong.values()) and late_ms <= LATE_MS


def real_minute(seconds: float) -> bool:
    """The whole product, its own worker, a queue of Redis: chats begin at random for a minute."""
    from bench.fault_storm import Ledger, StormGraph
    from bench.fault_world import World
    from bench.faults import make_companies

    folder = Path(tempfile.mkdtemp(prefix="crm-minute-"))
    folder.chmod(0o711)
    graph = StormGraph(ledger=Ledger(), chance=random.Random(1))
    world = World(folder, graph_url=graph.url, say=lambda line: print("  " + line))
    try:
        graph.start()
        world.start_services()
        world.environment["OUTBOUND_SPACING_SECONDS"] = str(SPACING)
        numbers = make_companies(1, world)
        graph.serve(numbers)
        world.start_programs()
        return _minute(numbers[0].tenant_id, graph, seconds)
    finally:
        graph.close()
        world.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _minute(tenant_id: int, graph: Any, seconds: float) -> bool:
    from messaging.models import Message
    from messaging.services.outbound import wake
    from tenants.context import tenant_context
    from tenants.models import Tenant
    from tenants.services import registry

    tenant: Tenant = next(each for each in registry.active() if each.pk == tenant_id)
    ids = make_chats(tenant, int(seconds * MINUTES_CHATS))
    began, started = time.monotonic(), {}
    for position, conversation_id in enumerate(ids):
        time.sleep(max(0.0, began + position / MINUTES_CHATS - time.monotonic()))
        with tenant_context(tenant):
            wake(conversation_id)
        started[conversation_id] = time.time()
    time.sleep(SPACING * BUBBLES + 3)
    with tenant_context(tenant):
        rows = list(Message.objects.filter(direction="out").order_by("conversation_id", "sequence"))
    late = []
    for before, row in zip([None, *rows], rows, strict=False):
        if row.sending_since is None:
            continue
        same = before is not None and before.conversation_id == row.conversation_id
        due = before.sent_at + timedelta(seconds=SPACING) if same and before and before.sent_at else None
        late.append(row.sending_since.timestamp() - (due.timestamp() if due else started[row.conversation_id]))
    sends = graph.journal()["sends"]
    wrong = {"not sent": sum(row.status not in ("sent", "delivered", "read") for row in rows)} | _seen(sends)
    p99 = 1000 * percentile(late, 0.99)
    print(
        f"real: {len(ids)} chats, {len(sends)} bubbles, lateness p50 {1000 * percentile(late, 0.5):.0f} ms, p99 {p99:.0f} ms"
    )
    return _judged(wrong, p99)


def _seen(sends: list[dict[str, Any]]) -> dict[str, int]:
    """What the provider saw, person by person."""
    gaps = inversions = 0
    last: dict[str, tuple[float, int]] = {}
    for entry in sends:
        number = int(entry["text"].split()[-1])
        at, before = last.get(entry["to"], (0.0, 0))
        gaps += entry["at"] - at < SPACING
        inversions += number != before + 1
        last[entry["to"]] = entry["at"], number
    references = [entry["client_ref"] for entry in sends]
    doubled = len(references) - len(set(references))
    return {f"gaps under {SPACING} s": gaps, "order inversions": inversions, "doubled sends": doubled}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.delivery")
    parser.add_argument("--chats", type=int, default=10_000)
    parser.add_argument("--quick", action="store_true", help="300 chats and ten seconds")
    parser.add_argument("--only", choices=["virtual", "real"], help="without it a process of its own for each")
    asked = parser.parse_args(arguments)
    logging.disable(logging.INFO)
    if asked.only == "virtual":
        good = virtual(300 if asked.quick else asked.chats)
    elif asked.only == "real":
        good = real_minute(10.0 if asked.quick else MINUTE)
    else:  # Django is set up once in a process, for the world that it starts with
        command = [sys.executable, "-m", "bench.delivery", *arguments, "--only"]
        codes = [subprocess.run([*command, part], cwd=ROOT, check=False).returncode for part in ("virtual", "real")]
        return max(codes)
    print(facts())
    print(f"goal: {'met' if good else 'NOT met'}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
