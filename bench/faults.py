"""kill -9 of everything while customers write: what was acknowledged is never lost, doubled or answered twice.

    python -m bench.faults [--kills 24] [--messages 5000] [--contacts 210] [--companies 3] [--rate 20] [--hurry]

Starts a product of its own (own data folder, own PostgreSQL and Redis with fsync on, web, worker, beat) on free ports of
127.0.0.1, sends webhooks as Meta does, kills processes, waits until nothing moves any more, prints the figures and ends
with 1 if one of them is a violation. `--hurry` settles what dead senders left at once after the storm.
"""

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import psycopg

from bench.fault_judge import FORBIDDEN, Judge
from bench.fault_storm import SECRET, Ledger, Number, Storm, StormGraph, plan
from bench.fault_world import World
from config.embedded.bootstrap import with_database
from config.embedded.services import DATABASE

WEIGHTS = {"web": 4, "worker": 3, "agents": 2, "redis": 3, "postgres": 3, "beat": 1}
MEDIA = b"\x89PNG\r\n\x1a\n" + bytes(200)


class Interrupted(Exception):
    """Ctrl-C or SIGTERM: stop what was started and leave."""


@dataclass
class Options:
    kills: int = 24
    messages: int = 5000
    contacts: int = 210
    companies: int = 3
    rate: float = 20.0
    patience: float = 420.0
    hurry: bool = False
    keep: bool = False
    seed: int = 0


class Run:
    """One storm over one world. `run` returns the figures."""

    def __init__(self, options: Options, folder: Path) -> None:
        self.options = options
        self.chance = random.Random(options.seed)
        self.began = time.monotonic()
        self.ledger = Ledger()
        self.graph = StormGraph(ledger=self.ledger, chance=random.Random(options.seed + 1))
        self.world = World(folder, graph_url=self.graph.url, say=self.say)
        self.storm = Storm(self.ledger, chance=random.Random(options.seed + 2))
        self.killed = dict.fromkeys(WEIGHTS, 0)
        self.timing: dict[str, float] = {}

    def say(self, line: str) -> None:
        print(f"[{time.monotonic() - self.began:6.1f} s] {line}", flush=True)

    def run(self) -> dict[str, int]:
        try:
            self.graph.start()
            self.world.start_services()
            numbers = make_companies(self.options.companies, self.world)
            self.graph.serve(numbers)
            judge = self._judge(numbers)
            self.world.start_programs()
            self.say(f"ready: {len(numbers)} companies on port {self.world.port}, data in {self.world.folder}")
            self._rage(numbers)
            self._settle(judge)
            return judge.verdict(self.ledger, self.graph)
        finally:
            self.storm.stop()
            self.graph.close()
            self.world.stop()

    def _judge(self, numbers: list[Number]) -> Judge:
        assert self.world.services.postgres is not None
        address = with_database(self.world.services.postgres.admin_url, DATABASE)
        return Judge(address, numbers, self.world.folder / "spool")

    def _rage(self, numbers: list[Number]) -> None:
        """Send everything and kill at even distances while it is being sent."""
        options, media = self.options, self.graph.add_media(MEDIA, "image/png")
        webhooks = plan(
            numbers, messages=options.messages, contacts=options.contacts, media_id=media, chance=self.chance
        )
        started = time.monotonic()
        self.storm.start(webhooks, rate=options.rate)
        distance = options.messages / options.rate / (options.kills + 1)
        due = started + distance
        told = started
        while not self.storm.done:
            self.world.mend()
            now = time.monotonic()
            if sum(self.killed.values()) < options.kills and now >= due:
                due = max(due + distance, now) if self._strike() else now + 0.2
            if now - told > 30:
                told = now
                self.say(f"{self.ledger.total} acknowledged, {sum(self.killed.values())} killed")
            time.sleep(0.05)
        self.timing["storm, s"] = time.monotonic() - started
        self.say(f"all sent: {self.ledger.total} messages acknowledged, killed {self.killed}")

    def _strike(self) -> bool:
        """Kill somebody: everybody once in the beginning, then by weight; now and then lose answers of the provider."""
        fresh = [name for name, times in self.killed.items() if not times and name != "beat"]
        name = self.chance.choice(fresh) if fresh else self.chance.choices([*WEIGHTS], [*WEIGHTS.values()])[0]
        if not self.world.kill(name, away=self.chance.uniform(0.1, 2.5)):
            return False
        self.killed[name] += 1
        if self.chance.random() < 0.3:
            self.graph.lose_answers(1)
        return True

    def _settle(self, judge: Judge) -> None:
        """Until nothing waits, three looks in a row; bounded by the options' patience."""
        started, calm = time.monotonic(), 0
        waiting: dict[str, int] = {}
        while calm < 3 and time.monotonic() - started < self.options.patience:
            time.sleep(1.0)
            self.world.mend()
            try:
                if self.options.hurry and time.monotonic() - started > 15:
                    judge.age_sends()
                waiting = judge.waiting()
            except psycopg.OperationalError as error:
                self.say(f"the database does not answer yet: {error}".strip())
                continue
            calm = calm + 1 if not any(waiting.values()) and self.graph.reported else 0
        self.timing["quiet after, s"] = time.monotonic() - started
        if any(waiting.values()):
            self.say(f"still waiting after {self.options.patience:.0f} s: {waiting}")


def make_companies(count: int, world: World) -> list[Number]:
    """Companies with a WhatsApp number each, answered by the labelled demo model."""
    os.environ.update(world.environment)
    import django

    django.setup()
    from django.db import connections

    from messaging.services.channels import create_channel, webhook_url
    from tenants.context import tenant_context
    from tenants.domain.actor import Actor
    from tenants.services.provisioning import create_tenant
    from tenants.services.vault import put_credential

    by, numbers = Actor.system("Prueba de fallas"), []
    for index in range(count):
        tenant = create_tenant(slug=f"storm-{index}", name=f"Empresa {index}")
        with tenant_context(tenant):
            config = {"phone_number_id": f"10650000000{index:04}"}
            channel = create_channel(
                provider="meta_direct", channel_source="whatsapp", name="WhatsApp", config=config, by=by
            )
            put_credential(category="whatsapp_cloud", name="ACCESS_TOKEN", value="storm-token", by=by)
            put_credential(category="meta", name="APP_SECRET", value=SECRET, by=by)
            numbers.append(Number(tenant.slug, tenant.pk, config["phone_number_id"], webhook_url(channel)))
    connections.close_all()
    connections["default"].close_pool()  # type: ignore[attr-defined]  # PostgreSQL's wrapper has it
    return numbers


def violations(figures: dict[str, int], kills: int) -> list[str]:
    """Names of figures that break a promise. One bubble in flight may stay unknown for each kill."""
    broken = [name for name in FORBIDDEN if figures[name]]
    return broken + (["bubbles unknown"] if figures["bubbles unknown"] > kills else [])


def show(run: Run, figures: dict[str, int]) -> list[str]:
    """Print the table; the broken promises come back."""
    broken = violations(figures, sum(run.killed.values()))
    lines: dict[str, Any] = {f"killed: {name}": times for name, times in run.killed.items()}
    lines |= {name: f"{seconds:.1f}" for name, seconds in run.timing.items()}
    lines |= figures
    for name, value in lines.items():
        promise = "  must be 0" if name in FORBIDDEN else ""
        print(f"{name:34} {value!s:>8}{promise}{'   VIOLATED' if name in broken else ''}")
    print("FAILED: " + ", ".join(broken) if broken else "nothing lost, nothing doubled", flush=True)
    return broken


def parse(arguments: list[str]) -> Options:
    parser = argparse.ArgumentParser(prog="python -m bench.faults", description="kill -9 while messages arrive")
    defaults = Options()
    for name, value in vars(defaults).items():
        if isinstance(value, bool):
            parser.add_argument(f"--{name}", action="store_true")
        else:
            parser.add_argument(f"--{name}", type=type(value), default=value)
    return Options(**vars(parser.parse_args(arguments)))


def main(arguments: list[str]) -> int:
    options = parse(arguments)

    def interrupted(number: int, frame: FrameType | None) -> None:
        raise Interrupted

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupted)
    folder = Path(tempfile.mkdtemp(prefix="crm-faults-"))
    folder.chmod(0o711)  # the account PostgreSQL runs as passes through
    broken: list[str] | None = None
    try:
        run = Run(options, folder)
        broken = show(run, run.run())
    except Interrupted:
        print("interrupted", file=sys.stderr)
    finally:
        if options.keep or broken:
            print(f"data and logs stay in {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return 0 if broken == [] else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
