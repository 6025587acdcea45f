"""Live events to 500 websockets of one company: our root application against a bare hub, one process each.

`python -m bench.hub [--quick] [--sockets 500] [--narrow]`; `--narrow` listens as people who see only their own, so that
every event is judged first. Goals: p99 at most twice the bare hub's with 500 sockets; with 2,000 or
more, p99 ≤ 250 ms and at most 40 kB a socket; every socket hears every event once and in order.
Exit code 1 when a goal is missed (never with --quick).
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bench.harness import ROOT, Plan, abba, facts, plan, ratio_of, server, services

GOAL_RATIO, GOAL_MANY_MS, GOAL_KILOBYTES = 2.0, 250.0, 40.0
PER_SECOND = 10


def sample(port: int, line: str, clients: int, events: int, emit: Callable[[], None]) -> dict[str, float]:
    """Connect everybody, emit at a steady pace, collect what they heard."""
    command = [sys.executable, "-m", "bench.sockets", str(port), "/ws/events/", line, str(clients), str(events)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        began = time.perf_counter()
        for number in range(events):
            time.sleep(max(0.0, began + number / PER_SECOND - time.perf_counter()))
            emit()
        found: dict[str, float] = json.loads(process.stdout.read())
    return found


def prepare(role: str) -> tuple[str, Callable[[], None]]:
    """A company with a member and a lead that nobody has; returns her credentials as a header and what makes an event."""
    from crm.models import Contact, Lead, Stage
    from tenants.context import auth_scope, tenant_context
    from tenants.live.services import emit
    from tenants.models import Membership, User
    from tenants.services.provisioning import create_tenant
    from tenants.services.tokens import access_token

    tenant = create_tenant(slug="bench", name="Bench")
    with auth_scope():
        user = User.objects.create_user("bench@example.test", name="Bench", tenant_ids=[tenant.pk])
        Membership.objects.create(user=user, tenant=tenant, role=role, status="active")
    with tenant_context(tenant):
        lead = Lead.objects.create(contact=Contact.objects.create(name="Bench"), stage=Stage.objects.first())

    def event() -> None:
        with tenant_context(tenant):
            emit("LEAD_UPDATED", object="lead", id=lead.pk, sent=time.time())

    return f"Authorization: Bearer {access_token(user)}", event


def memory_kilobytes(port: int) -> float:
    """Private memory of the server that listens on the port."""
    found = subprocess.run(["pgrep", "-f", f"uvicorn .*--port {port}"], capture_output=True, text=True, check=True)
    lines = Path(f"/proc/{found.stdout.split()[0]}/smaps_rollup").read_text(encoding="ascii").splitlines()
    return sum(float(line.split()[1]) for line in lines if line.startswith(("Private_Clean", "Private_Dirty")))


def main(arguments: list[str]) -> int:
    chosen = plan(arguments)
    clients = int(arguments[arguments.index("--sockets") + 1]) if "--sockets" in arguments else 500
    with services():
        line, emit = prepare("closer" if "--narrow" in arguments else "ceo")
        print(facts(), flush=True)
        with server("bench.anchors:hub") as bare, server("config.asgi:application", ready="/healthz") as ours:
            missed = run(chosen, clients, {"ours": (ours, line), "anchor": (bare, "-")}, emit)
    print("missed: " + "; ".join(missed) if missed else "all goals reached")
    if chosen.quick:
        print("quick run: informational")
        return 0
    return 1 if missed else 0


def run(chosen: Plan, clients: int, targets: dict[str, tuple[int, str]], emit: Callable[[], None]) -> list[str]:
    missed: list[str] = []
    worst: list[dict[str, float]] = []

    def measured(name: str) -> float:
        found = sample(*targets[name], clients, int(chosen.sample * PER_SECOND), emit)
        if found["gaps"]:
            missed.append(f"{name}: {found['gaps']:.0f} sockets did not hear every event in order")
        if name == "ours":
            worst.append(found)
        return found["p99"]

    before = memory_kilobytes(targets["ours"][0])
    sample(*targets["ours"], clients, int(chosen.warm_up * PER_SECOND), emit)
    each = (memory_kilobytes(targets["ours"][0]) - before) / clients
    sample(*targets["anchor"], clients, int(chosen.warm_up * PER_SECOND), emit)
    found = abba({name: lambda name=name: measured(name) for name in targets}, chosen.pairs)  # type: ignore[misc]  # bound now on purpose
    ratio = ratio_of(found["ours"], found["anchor"])
    middle = sorted(worst, key=lambda one: one["p99"])[len(worst) // 2]
    print(f"{clients} sockets: p50 {middle['p50']:.1f} ms, p99 {middle['p99']:.1f} ms, max {middle['max']:.0f} ms")
    print(f"p99 to the bare hub's {ratio}; about {each:.0f} kB a socket")
    if clients <= 500 and ratio.high > GOAL_RATIO:
        missed.append(f"p99 more than {GOAL_RATIO} times the bare hub's")
    if clients >= 2000 and (middle["p99"] > GOAL_MANY_MS or each > GOAL_KILOBYTES):
        missed.append("2,000 sockets")
    return missed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
