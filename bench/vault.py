"""10,000 secrets under rotation while eight threads read: how many reads fail (goal: none), and how fast both go.

`python -m bench.vault [--secrets 10000] [--readers 8]` with the services' environment set (as bin/test and bin/dev set
it). Rotates the key of VAULT_KEYS, then gives every company a new data key, then takes the old key away. Beside it, in
the same run: the readers alone. Works in a database of its own and drops it.
"""

import argparse
import base64
import os
import random
import sys
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

import django

COMPANIES = 4
WARM_UP = 5.0  # seconds of reading alone, the anchor


class Readers:
    """Threads that read secrets at random and compare them with what was stored."""

    def __init__(self, count: int, known: list[tuple[int, str, str]]) -> None:
        self.known, self.over = known, threading.Event()
        self.reads, self.failed, self.longest = [0] * count, [""] * 0, [0.0] * count
        self.threads = [threading.Thread(target=self._work, args=(number,), daemon=True) for number in range(count)]

    def _work(self, number: int) -> None:
        from django.db import connection

        from tenants.services.vault import get_tenant_credential

        chance = random.Random(number)
        while not self.over.is_set():
            tenant_id, channel, value = chance.choice(self.known)
            began = time.perf_counter()
            try:
                good = get_tenant_credential(tenant_id, "openai", "API_KEY", channel) == value
            except Exception as error:  # noqa: BLE001 (any failure at all counts)
                self.failed.append(repr(error))
            else:
                if not good:
                    self.failed.append("another value")
            self.longest[number] = max(self.longest[number], time.perf_counter() - began)
            self.reads[number] += 1
        connection.close()

    @contextmanager
    def during(self) -> Any:
        for thread in self.threads:
            thread.start()
        try:
            yield
        finally:
            self.over.set()
            for thread in self.threads:
                thread.join(60)

    def rate(self, seconds: float, since: int) -> float:
        return (sum(self.reads) - since) / seconds


def fill(secrets: int) -> list[tuple[int, str, str]]:
    """Companies with secrets; (company, channel, value)."""
    from tenants.context import tenant_context
    from tenants.domain.actor import Actor
    from tenants.services import registry, vault
    from tenants.services.provisioning import create_tenant

    by, known = Actor.system("bench"), []
    ids = [create_tenant(slug=f"bench-{number}", name="Bench").pk for number in range(COMPANIES)]
    registry.changed()
    for number in range(secrets):
        tenant = registry.by_id(ids[number % COMPANIES])
        assert tenant is not None
        value = f"sk-{number:06d}-{base64.urlsafe_b64encode(os.urandom(12)).decode()}"
        with tenant_context(tenant):
            vault.put_credential(category="openai", name=f"API_KEY@{number}", value=value, by=by)
        known.append((tenant.pk, str(number), value))
    return known


def timed(what: str, readers: Readers, work: Callable[[], Any]) -> Any:
    before, began = sum(readers.reads), time.perf_counter()
    result = work()
    seconds = time.perf_counter() - began
    print(f"{what}: {seconds:.1f} s, meanwhile {readers.rate(seconds, before):.0f} reads/s", flush=True)
    return result


def measure(secrets: int, count: int) -> int:
    """Print the figures; 0 when no read failed and everything was sealed anew."""
    from django.conf import settings

    from tenants.domain.actor import Actor
    from tenants.services import vault_rotation
    from tests.support import services

    running = services.start()
    try:
        began = time.perf_counter()
        known = fill(secrets)
        print(f"stored {secrets} secrets of {COMPANIES} companies in {time.perf_counter() - began:.1f} s", flush=True)
        by, old = Actor.system("bench"), settings.VAULT_KEYS[0]
        new = f"bench:{base64.b64encode(os.urandom(32)).decode()}"
        readers = Readers(count, known)
        with readers.during():
            timed(f"{count} readers alone", readers, lambda: time.sleep(WARM_UP))
            settings.VAULT_KEYS = [new, old]
            first = timed("new key of VAULT_KEYS", readers, lambda: vault_rotation.rotate(by=by))
            second = timed("new data keys", readers, lambda: vault_rotation.rotate(by=by, new_data_keys=True))
            settings.VAULT_KEYS = [new]
            timed("without the old key", readers, lambda: time.sleep(WARM_UP))
    finally:
        services.stop(running)
    wrong = first.unreadable + second.unreadable
    print(f"data keys wrapped anew: {first.rewrapped}; secrets and earlier values sealed anew: {second.resealed}")
    print(f"reads: {sum(readers.reads)}, failed: {len(readers.failed)}, longest {max(readers.longest) * 1000:.0f} ms")
    met = not readers.failed and not wrong and second.resealed == 2 * secrets
    print(
        "goal (0 failed reads, everything sealed anew):", "met" if met else f"NOT met {readers.failed[:3]} {wrong[:3]}"
    )
    return 0 if met else 1


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--secrets", type=int, default=10_000)
    options.add_argument("--readers", type=int, default=8)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.test")
    django.setup()
    chosen = options.parse_args()
    return measure(chosen.secrets, chosen.readers)


if __name__ == "__main__":
    sys.exit(main())
