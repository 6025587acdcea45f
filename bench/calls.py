"""200 calls of models at once in one process: how near to the ideal, how much memory, and what one hung key costs the others.

`python -m bench.calls [--quick] [--only rate|worker|hung]`. PostgreSQL, Redis and the worker of queue `agents` are the product's
own; the model is `bench.call_server`. Decides:

- rate: 200 threads, calls of 500 ms through the port, its guard and its breaker: at least 0.90 of 400 a second;
- worker: 200 turns of five companies wait at once in the one worker: under 150 MB of its own (what it shares with the other
  processes of the product is printed beside it), at most DATABASE_POOL connections; each is answered when the model speaks;
- hung: with a company whose key hangs and 300 of its turns due, the others' p99 is at most 1.5 times what it was before.
"""

import contextlib
import json
import os
import re
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.harness import ROOT, Plan, facts, free_port, percentile, plan, ratio_of, services

if TYPE_CHECKING:
    from tenants.models import Tenant

CALLS, SECONDS = 200, 0.5
GOAL_RATE, GOAL_MEGABYTES, GOAL_HUNG = 0.90, 150.0, 1.5
COMPANIES = 5
NEIGHBOURS = 40  # turns of the others, beside the company that hangs
FLOOD = 300


# --- the stage -----------------------------------------------------------------------------------------------
@contextlib.contextmanager
def model() -> Iterator[str]:
    """The waiting address, without its last part."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "bench.call_server", str(port)], cwd=ROOT)
    url = f"http://127.0.0.1:{port}"
    try:
        for _each in range(100):
            with contextlib.suppress(OSError):
                ask(f"{url}/open")
                break
            time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        process.wait(10)


def ask(url: str) -> dict[str, int]:
    with urllib.request.urlopen(url, timeout=5) as answer:
        found: dict[str, int] = json.loads(answer.read())
    return found


@contextlib.contextmanager
def worker(folder: Path) -> Iterator[int]:
    """The worker of queue `agents`, as bin/dev starts it; its number once it takes tasks."""
    log = folder / "agents.log"
    with open(log, "wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "config.agents_worker"], cwd=ROOT, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        until(lambda: b"ready." in log.read_bytes() or process.poll() is not None, 60)
        if process.poll() is not None:
            raise RuntimeError(f"the worker ended:\n{log.read_text(errors='replace')[-3000:]}")
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()


def until(true: Any, seconds: float) -> float:
    """Wait for it; the seconds that it took. Raises when it does not come."""
    began = time.perf_counter()
    while not true():
        if time.perf_counter() - began > seconds:
            raise RuntimeError(f"not within {seconds:.0f} s")
        time.sleep(0.02)
    return time.perf_counter() - began


def megabytes(pid: int) -> tuple[float, float]:
    """Resident memory of the process, and the part that no other process shares."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    found = {match[1]: int(match[2]) for line in lines if (match := re.match(r"(\w+):\s+(\d+) kB", line))}
    return found["Rss"] / 1024, (found["Private_Clean"] + found["Private_Dirty"]) / 1024


def company(slug: str, address: str, chats: int) -> "tuple[Tenant, list[Any]]":
    """A company whose agent asks that address, and chats whose turn is due."""
    from agents.services.agents import create_agent
    from messaging.models import Conversation
    from tenants.context import tenant_context
    from tenants.domain.actor import Actor
    from tenants.services.provisioning import create_tenant
    from tenants.services.vault import put_credential
    from tests.factories.messaging import make_channel, make_conversation

    by, tenant = Actor.system("Medición"), create_tenant(slug=slug, name=slug.title())
    with tenant_context(tenant):
        put_credential(category="openai", name="API_KEY", value="sk-bench", by=by)
        put_credential(category="openai", name="BASE_URL", value=f"{address}/v1", by=by)
        create_agent(
            by=by, name="Sol", system_prompt_template="Sos Sol.", channels=["web"], model_provider="openai",
            model_version="gpt-4o-mini", priority=1,
        )  # fmt: skip
        channel = make_channel()
        ids = [make_conversation(channel=channel).pk for _each in range(chats)]
        assert Conversation.objects.filter(pk__in=ids).count() == chats
    return tenant, ids


def write(tenant: "Tenant", ids: list[Any]) -> None:
    """Each customer writes; the turn is due now and its wake-up in the queue."""
    from django.db.models import Max
    from django.utils import timezone

    from config.lib import commit
    from messaging.models import Conversation, Message
    from tenants.context import tenant_context

    with tenant_context(tenant):
        channel_id = Conversation.objects.get(pk=ids[0]).channel_id
        last = dict(
            Message.objects.filter(conversation__in=ids).values_list("conversation").annotate(last=Max("sequence"))
        )
        Message.objects.bulk_create(
            Message(
                conversation_id=pk, channel_id=channel_id, direction="in", author="contact", text="Hola, ¿tienen stock?",
                status="received", sequence=last.get(pk, 0) + 1,
            )
            for pk in ids
        )  # fmt: skip
        for pk in ids:
            sequence = last.get(pk, 0) + 1
            Conversation.objects.filter(pk=pk).update(
                reply_sequence=sequence, sequence=sequence, reply_due_at=timezone.now(), mode="ai"
            )
    for pk in ids:
        commit.send("messaging.tasks.take_turn", tenant_id=tenant.pk, queue="agents", conversation_id=str(pk))


def answered(tenant: "Tenant") -> list[float]:
    """Seconds from due to answered of every turn that was."""
    from agents.models import AgentRun
    from messaging.models import Message
    from tenants.context import tenant_context

    with tenant_context(tenant):
        runs = AgentRun.objects.filter(status="done").values_list("conversation_id", "finished_at", "upto_sequence")
        asked = {
            (row[0], row[1]): row[2]
            for row in Message.objects.filter(direction="in").values_list("conversation_id", "sequence", "created_at")
        }
        return [(finished - asked[chat, upto]).total_seconds() for chat, finished, upto in runs]


def connections_open() -> int:
    """Of the application's login, without those of this process."""
    from django.db import connections

    connections["default"].close()
    connections["default"].close_pool()  # type: ignore[attr-defined]  # PostgreSQL's wrapper has it
    with connections["owner"].cursor() as cursor:
        cursor.execute("select count(*) from pg_stat_activity where usename = 'crm_app' and pid <> pg_backend_pid()")
        return int(cursor.fetchone()[0])


# --- rate ----------------------------------------------------------------------------------------------------
def caller(url: str, seconds: float) -> None:
    """In a process of its own, made as the worker's: 200 threads that call without a pause. Prints one JSON line."""
    import threading

    from config import agents_worker

    agents_worker.small(os.environ)
    import django

    django.setup()
    from agents.llm.base import ChatMessage, ChatRequest
    from agents.llm.openai_compatible import OpenAICompatible
    from agents.services.calls import Careful

    port = Careful(OpenAICompatible(base_url=f"{url}/v1", api_key="sk-bench", name="openai"), 1, url)
    messages = (ChatMessage("system", "Sos Sol, de la casa. " * 150), ChatMessage("user", "Hola, ¿tienen stock?"))
    request = ChatRequest(model="gpt-4o-mini", messages=messages, temperature=0.7)
    ends, done = time.monotonic() + SECONDS * 2 + seconds, [0] * CALLS
    starts = time.monotonic() + SECONDS * 2  # the first round, in which all connect at once, does not count

    def call(number: int) -> None:
        while time.monotonic() < ends:
            port.complete(request)
            done[number] += starts < time.monotonic() <= ends

    threads = [threading.Thread(target=call, args=(number,)) for number in range(CALLS)]
    for thread in threads:
        thread.start()
    time.sleep(SECONDS * 2 + seconds / 2)
    memory = megabytes(os.getpid())
    for thread in threads:
        thread.join()
    print(json.dumps({"rate": sum(done) / seconds, "megabytes": memory, "cpu": time.process_time()}))


def rate(chosen: Plan, url: str) -> list[str]:
    found: list[dict[str, Any]] = []
    for number in range(chosen.pairs):
        command = [sys.executable, "-m", "bench.calls", "--caller", f"{url}/{int(SECONDS * 1000)}", str(chosen.sample)]
        line = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        found.append(json.loads(line.splitlines()[-1]))
        print(f"  sample {number + 1}: {found[-1]['rate']:.0f} calls a second", flush=True)
    ideal = CALLS / SECONDS
    ratio = ratio_of([each["rate"] for each in found], [ideal] * len(found))
    memory = statistics.median(each["megabytes"][0] for each in found)
    print(
        f"{CALLS} calls of {SECONDS * 1000:.0f} ms at once: {ratio} of the ideal {ideal:.0f}/s, {memory:.0f} MB resident"
    )
    missed = [f"less than {GOAL_RATE} of the ideal"] if ratio.low < GOAL_RATE else []
    return missed + ([f"more than {GOAL_MEGABYTES:.0f} MB"] if memory >= GOAL_MEGABYTES else [])


# --- the worker ----------------------------------------------------------------------------------------------
def waiting(folder: Path, url: str) -> list[str]:
    """200 turns wait in the one worker."""
    ask(f"{url}/hold-again")
    crowd = [company(f"wait-{number}", f"{url}/hold", CALLS // COMPANIES) for number in range(COMPANIES)]
    with worker(folder) as pid:
        idle = megabytes(pid)
        for tenant, ids in crowd:
            write(tenant, ids)
        took = until(lambda: ask(f"{url}/open")["open"] >= CALLS, 90)
        time.sleep(2.0)
        held, connected = megabytes(pid), connections_open()
        ask(f"{url}/release")
        until(lambda: sum(len(answered(tenant)) for tenant, _ids in crowd) >= CALLS, 90)
        after = megabytes(pid)
    pool = int(os.environ.get("DATABASE_POOL") or 20)
    print(
        f"{CALLS} turns waiting in one worker after {took:.1f} s: {held[0]:.0f} MB resident ({held[1]:.0f} of its own; idle"
        f" {idle[0]:.0f}, after {after[0]:.0f}), {connected} database connections; every one answered"
    )
    missed = [f"more than {GOAL_MEGABYTES:.0f} MB"] if held[1] >= GOAL_MEGABYTES else []
    return missed + ([f"{connected} connections"] if connected > pool else [])


def hung(folder: Path, url: str) -> list[str]:
    """Four companies without and with a fifth whose model never answers."""
    ask(f"{url}/hold-again")
    each = NEIGHBOURS // 4
    neighbours = [company(f"near-{number}", f"{url}/500", each) for number in range(4)]
    victim, stuck = company("stuck", f"{url}/hold", FLOOD)
    with worker(folder):
        quiet = _round(neighbours)
        write(victim, stuck)
        until(lambda: ask(f"{url}/open")["open"] >= CALLS // 4, 60)
        beside = _round(neighbours)
        most = ask(f"{url}/open")["open"]
        ask(f"{url}/release")
    ratio = percentile(beside, 0.99) / percentile(quiet, 0.99)
    print(
        f"beside {FLOOD} turns of a company whose key hangs ({most} in the air): p50 {statistics.median(beside):.2f} s, p99"
        f" {percentile(beside, 0.99):.2f} s; before p50 {statistics.median(quiet):.2f} s, p99 {percentile(quiet, 0.99):.2f} s;"
        f" ratio {ratio:.2f}"
    )
    missed = [f"p99 {ratio:.2f} times the quiet one"] if ratio > GOAL_HUNG else []
    return missed + ([f"{most} calls of one company in the air"] if most > CALLS // 4 + NEIGHBOURS else [])


def _round(neighbours: "list[tuple[Tenant, list[Any]]]") -> list[float]:
    """Everybody writes three times, one after the other; seconds to each answer."""
    before = {tenant.pk: len(answered(tenant)) for tenant, _ids in neighbours}
    known = {tenant.pk: answered(tenant) for tenant, _ids in neighbours}
    for number in range(1, 4):
        for tenant, ids in neighbours:
            write(tenant, ids)
        for tenant, ids in neighbours:
            until(lambda t=tenant, i=ids, n=number: len(answered(t)) >= before[t.pk] + len(i) * n, 90)  # type: ignore[misc]  # bound now on purpose
    found: list[float] = []
    for tenant, _ids in neighbours:
        seconds = answered(tenant)
        for old in known[tenant.pk]:
            seconds.remove(old)
        found += seconds
    return found


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["--caller"]:
        caller(arguments[1], float(arguments[2]))
        return 0
    chosen = plan(arguments)
    only = arguments[arguments.index("--only") + 1] if "--only" in arguments else ""
    os.environ["ALLOW_PRIVATE_PROVIDER_URLS"] = "1"
    os.environ["LOG_LEVEL"] = "WARNING"
    missed: list[str] = []
    with services() as folder, model() as url:
        print(facts(), flush=True)
        if only in ("", "rate"):
            missed += rate(chosen, url)
        if only in ("", "worker"):
            missed += waiting(folder, url)
        if only in ("", "hung"):
            missed += hung(folder, url)
        from django.db import connections

        connections.close_all()
    print("missed: " + "; ".join(missed) if missed else "all goals reached")
    if chosen.quick:
        print("quick run: informational")
        return 0
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
