"""kill -9 of whoever sends, again and again, with messages in the air: nothing twice, nothing left standing.

`python -m bench.senders [--kills 50] [--quick]`. A product of its own (bench.fault_world) whose worker is killed while chats
send their bubbles to a local Graph API that takes its time to answer. Decides: no message reaches Graph twice or out of order,
and two minutes after the last kill none is queued or sending; what was in the air
stays `unknown`.
"""

import argparse
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.delivery import BUBBLES, make_chats
from bench.fault_storm import Ledger, StormGraph
from bench.fault_world import World
from bench.faults import make_companies
from bench.harness import facts
from tests.fakes.graph import Rule

SETTLED = 120.0  # seconds in which everything has to have an end
HELD = 0.15  # seconds that Graph takes to answer, so that a kill finds calls open


def storm(world: World, tenant_id: int, kills: int, chance: random.Random) -> list[Any]:
    """Chats begin all the time while the worker is killed; the ids of the chats."""
    from messaging.services.outbound import wake
    from tenants.context import tenant_context
    from tenants.services import registry

    tenant = next(each for each in registry.active() if each.pk == tenant_id)
    ids = make_chats(tenant, kills * 10)
    waiting, killed = list(ids), 0
    due = time.monotonic() + 2.0
    while waiting or killed < kills:
        if waiting:
            with tenant_context(tenant):
                wake(waiting.pop())
        world.mend()
        if killed < kills and time.monotonic() >= due and world.kill("worker", away=chance.uniform(0.1, 0.5)):
            killed += 1
            due = time.monotonic() + chance.uniform(3.0, 6.0)
        time.sleep(0.4)
    return ids


def settle(world: World, tenant_id: int) -> float:
    """Seconds until nothing is queued or sending, at most what is allowed."""
    from messaging.models import Message
    from tenants.context import tenant_context
    from tenants.services import registry

    tenant = next(each for each in registry.active() if each.pk == tenant_id)
    began = time.monotonic()
    while time.monotonic() - began < SETTLED:
        world.mend()
        with tenant_context(tenant):
            if not Message.objects.filter(direction="out", status__in=["queued", "sending"]).exists():
                break
        time.sleep(1.0)
    return time.monotonic() - began


def verdict(tenant_id: int, graph: StormGraph, many: int) -> dict[str, int]:
    """What must be 0."""
    from messaging.models import Message
    from tenants.context import tenant_context
    from tenants.services import registry

    tenant = next(each for each in registry.active() if each.pk == tenant_id)
    with tenant_context(tenant):
        rows = list(Message.objects.filter(direction="out").values_list("pk", "status", "sequence"))
    order = {str(pk): sequence for pk, _status, sequence in rows}
    sends = graph.journal()["sends"]
    references = [entry["client_ref"] for entry in sends]
    last: dict[str, int] = {}
    inversions = 0
    for entry in sends:
        inversions += order.get(entry["client_ref"], 0) <= last.get(entry["to"], 0)
        last[entry["to"]] = order.get(entry["client_ref"], 0)
    stuck = [status for _pk, status, _sequence in rows if status in ("queued", "sending")]
    lost = set(order) - set(references) - {str(pk) for pk, status, _sequence in rows if status == "unknown"}
    print(f"{len(sends)} sends, {sum(status == 'unknown' for _pk, status, _seq in rows)} unknown, {many} chats")
    return {
        "doubled sends": len(references) - len(set(references)),
        "order inversions": inversions,
        "rows stuck": len(stuck),
        "rows neither sent nor unknown": len(lost),
        "bubbles missing": BUBBLES * many - len(rows),
    }


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.senders")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--quick", action="store_true", help="three kills")
    asked = parser.parse_args(arguments)
    kills = 3 if asked.quick else asked.kills
    folder = Path(tempfile.mkdtemp(prefix="crm-senders-"))
    folder.chmod(0o711)
    graph = StormGraph(ledger=Ledger(), chance=random.Random(1))
    world = World(folder, graph_url=graph.url, say=lambda line: print("  " + line, flush=True))
    try:
        graph.start()
        graph.script(Rule("hold", times=-1, seconds=HELD))
        world.start_services()
        numbers = make_companies(1, world)
        graph.serve(numbers)
        world.start_programs()
        ids = storm(world, numbers[0].tenant_id, kills, random.Random(2))
        took = settle(world, numbers[0].tenant_id)
        wrong = verdict(numbers[0].tenant_id, graph, len(ids))
    finally:
        graph.close()
        world.stop()
        shutil.rmtree(folder, ignore_errors=True)
    print(f"worker killed {kills} times, settled {took:.0f} s after the last")
    for name, value in wrong.items():
        print(f"  {name:32} {value:>5}{'' if not value else '   MUST BE 0'}")
    print(facts())
    print(f"goal: {'met' if not any(wrong.values()) else 'NOT met'}")
    return 0 if not any(wrong.values()) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
