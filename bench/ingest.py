"""Webhooks a second, acknowledged after the commit: our root application against a bare group commit, one process each.

`python -m bench.ingest [--quick]`. Goals: at least 0.70 of the anchor; at 1,000 requests a second p99 ≤ 50 ms and
max ≤ 250 ms; every acknowledged request is a row. Exit code 1 when a goal is missed (never with --quick).
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable

import psycopg

from bench import anchors
from bench.harness import ROOT, Plan, abba, facts, plan, ratio_of, server, services

GOAL, GOAL_P99, GOAL_MAX = 0.70, 50.0, 250.0
CONNECTIONS, RATE = 128, 1000


def drive(kind: str, port: int, path: str, seconds: float, number: int, tag: str) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.driver", kind, str(port), path, anchors.SECRET.decode()]
    ran = subprocess.run(
        [*command, str(seconds), str(number), tag], cwd=ROOT, capture_output=True, text=True, check=True
    )
    found: dict[str, float] = json.loads(ran.stdout)
    return found


def prepare() -> str:
    """A company with a WhatsApp channel; returns the path of its webhook."""
    from messaging.services.channels import create_channel
    from tenants.context import tenant_context
    from tenants.domain.actor import Actor
    from tenants.services.provisioning import create_tenant
    from tenants.services.vault import put_credential

    by = Actor.system("bench")
    tenant = create_tenant(slug="bench", name="Bench")
    with tenant_context(tenant):
        put_credential(category="meta", name="APP_SECRET", value=anchors.SECRET.decode(), by=by)
        channel = create_channel(
            provider="meta_direct", channel_source="whatsapp", name="Bench", config={"phone_number_id": "1"}, by=by
        )
    return f"/webhooks/meta/{channel.route_key}/"


def main(arguments: list[str]) -> int:
    chosen = plan(arguments)
    with services():
        hook = prepare()
        owner = psycopg.connect(os.environ["OWNER_DATABASE_URL"], autocommit=True)
        owner.execute(anchors.TABLE)
        print(facts(), flush=True)
        with server("bench.anchors:group_commit") as bare, server("config.asgi:application", ready="/healthz") as ours:
            missed = run(chosen, {"ours": (ours, hook), "anchor": (bare, "/")}, owner)
        owner.close()
    if chosen.quick:
        print("quick run: informational")
        return 0
    return 1 if missed else 0


def run(chosen: Plan, targets: dict[str, tuple[int, str]], owner: psycopg.Connection) -> list[str]:
    acknowledged = {"ours": 0.0, "anchor": 0.0}
    number = 0

    def sample(name: str, kind: str, seconds: float, amount: int) -> dict[str, float]:
        nonlocal number
        number += 1
        found = drive(kind, *targets[name], seconds, amount, f"{name}{number}")
        acknowledged[name] += found["acknowledged"]
        if found["refused"]:
            print(f"  {name}: {found['refused']} answers were not 200")
        return found

    def measured(name: str) -> Callable[[], float]:
        return lambda: sample(name, "closed", chosen.sample, CONNECTIONS)["rate"]

    for name in targets:
        sample(name, "closed", chosen.warm_up, CONNECTIONS)
    found = abba({name: measured(name) for name in targets}, chosen.pairs)
    ratio = ratio_of(found["ours"], found["anchor"])
    steady = sample("ours", "open", 10 if chosen.quick else 60, RATE)
    print(f"ours {sorted(found['ours'])[len(found['ours']) // 2]:.0f}/s, ratio to the bare group commit {ratio}")
    print(f"at {RATE}/s: p50 {steady['p50']:.1f} ms, p99 {steady['p99']:.1f} ms, max {steady['max']:.0f} ms")
    missed = [] if ratio.low >= GOAL else [f"ratio below {GOAL}"]
    if steady["p99"] > GOAL_P99 or steady["max"] > GOAL_MAX or steady["refused"]:
        missed.append("latency at a steady rate")
    if stored(owner) != acknowledged:
        missed.append(f"rows {stored(owner)} are not what was acknowledged {acknowledged}")
    print("missed: " + "; ".join(missed) if missed else "all goals reached; every acknowledged request is a row")
    return missed


def stored(owner: psycopg.Connection) -> dict[str, float]:
    """Rows of both tables; the events seen by the role that writes them, since even the owner stands under row security."""
    with psycopg.connect(os.environ["DATABASE_URL"], options="-c role=crm_ingest") as door:
        events = door.execute("select count(*) from ingest_inboundevent").fetchone()
    rows = owner.execute("select count(*) from bench_inbox").fetchone()
    assert events is not None
    assert rows is not None
    return {"ours": float(events[0]), "anchor": float(rows[0])}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
