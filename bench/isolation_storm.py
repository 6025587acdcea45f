"""Interleaved requests of eight companies over few pooled connections, from 64 threads, with errors at random.

`python -m bench.isolation_storm [--requests 100000] [--threads 64] [--companies 8]`. Requests go through the whole stack in
this process; between them transactions are broken off, fail in PostgreSQL, or are left through an exception. Goals: no row of
another company in any answer, no answer to a foreign key, and afterwards exactly the rows that were acknowledged.
Exit code 1 when one is missed.
"""

import json
import random
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bench.harness import facts, services

if TYPE_CHECKING:
    from tenants.models import Tenant, User

POOL = 20  # connections, fewer than threads
SHOWN = 10
FATES = {"list": 40, "create": 12, "foreign": 12, "refused": 10, "raised": 9, "broken": 9, "undone": 8}


@dataclass
class Company:
    """`user` directs it, `rows` must be in it at the end, `key` is of one of them."""

    tenant: "Tenant"
    user: "User"
    key: str
    rows: int = 1

    @property
    def mark(self) -> str:
        return f"of {self.tenant.pk}"


@dataclass
class Storm:
    companies: list[Company]
    left: int
    handler: Any
    wrong: list[str] = field(default_factory=list)
    met: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self) -> bool:
        """Whether there is another request to make."""
        with self.lock:
            self.left -= 1
            return self.left >= 0

    def complain(self, words: str) -> None:
        with self.lock:
            self.wrong.append(words)

    def note(self, fate: str, company: Company, *, kept: bool) -> None:
        with self.lock:
            self.met[fate] += 1
            company.rows += kept


class Worker(threading.Thread):
    """One thread's share: any company, any fate, one after the other."""

    def __init__(self, storm: Storm, seed: int) -> None:
        super().__init__(daemon=True)
        self.storm, self.chance = storm, random.Random(seed)

    def run(self) -> None:
        from django.db import connection

        while self.storm.take():
            company = self.chance.choice(self.storm.companies)
            [fate] = self.chance.choices(list(FATES), list(FATES.values()))
            try:
                kept = getattr(self, fate)(company)
                self.storm.note(fate, company, kept=bool(kept))
            except Exception as error:  # noqa: BLE001 (whatever it was, the run must say so)
                self.storm.complain(f"{fate} of {company.tenant.pk}: {error!r}")
            finally:
                connection.close()  # back to the pool, for another thread to take

    def ask(self, company: Company, verb: str, path: str, body: Any = None) -> tuple[int, str]:
        from django.test import Client

        from tenants.services.tokens import access_token

        client = Client(SERVER_NAME="localhost", raise_request_exception=False)
        client.handler = self.storm.handler  # with its middleware loaded once
        headers = {"authorization": f"Bearer {access_token(company.user)}"}
        content = json.dumps(body) if body is not None else ""
        answer = client.generic(verb, path, content, content_type="application/json", headers=headers)
        return answer.status_code, answer.content.decode()

    # --- fates -------------------------------------------------------------------------------------------
    def list(self, company: Company) -> None:
        status, text = self.ask(company, "GET", "/api/v1/contacts/?limit=200")
        names = {row["name"] for row in json.loads(text)["results"]} if status == 200 else {f"status {status}"}
        if names != {company.mark}:
            self.storm.complain(f"{company.tenant.pk} sees {sorted(names)}")

    def create(self, company: Company) -> bool:
        status, text = self.ask(company, "POST", "/api/v1/contacts/", {"name": company.mark})
        if status != 201:
            self.storm.complain(f"{company.tenant.pk} cannot write: {status} {text[:100]}")
        return status == 201

    def foreign(self, company: Company) -> None:
        other = self.chance.choice([each for each in self.storm.companies if each is not company])
        status, text = self.ask(company, self.chance.choice(["GET", "PATCH"]), f"/api/v1/contacts/{other.key}/", {})
        if status != 404 or other.mark in text:
            self.storm.complain(f"{company.tenant.pk} reaches a row of {other.tenant.pk}: {status}")

    def refused(self, company: Company) -> None:
        status, _text = self.ask(company, "POST", "/api/v1/contacts/", {"name": "x" * 300})
        if status != 400:
            self.storm.complain(f"{company.tenant.pk}: a bad body is answered {status}")

    def raised(self, company: Company) -> None:
        from tenants.context import tenant_context

        try:
            with tenant_context(company.tenant):
                self.write_and_look(company)
                raise RuntimeError
        except RuntimeError:
            self.outside()

    def broken(self, company: Company) -> None:
        from django.db import DatabaseError, connection

        from tenants.context import tenant_context

        try:
            with tenant_context(company.tenant), connection.cursor() as cursor:
                self.write_and_look(company)
                cursor.execute("select 1 / 0")
        except DatabaseError:
            self.outside()

    def undone(self, company: Company) -> None:
        from django.db import transaction

        from tenants.context import tenant_context

        with tenant_context(company.tenant):
            self.write_and_look(company)
            transaction.set_rollback(True)

    def write_and_look(self, company: Company) -> None:
        from crm.models import Contact
        from tenants.models import Membership

        Contact.objects.create(name=company.mark)
        names = set(Contact.objects.order_by().values_list("name", flat=True).distinct())
        owners = set(Membership.objects.values_list("tenant_id", flat=True))
        if names != {company.mark} or owners != {company.tenant.pk}:
            self.storm.complain(f"{company.tenant.pk} sees {sorted(names)} and members of {owners}")

    def outside(self) -> None:
        """After a company was left through the window, the connection is nobody's."""
        from django.db import DatabaseError

        from crm.models import Contact

        try:
            Contact.objects.count()
        except DatabaseError:
            return
        self.storm.complain("contacts are readable outside of a company")


def found(count: int) -> list[Company]:
    """New companies, each with a CEO and one contact that says whose it is."""
    from crm.models import Contact
    from tenants.context import auth_scope, tenant_context
    from tenants.models import Membership, User
    from tenants.services.provisioning import create_tenant

    made = []
    for number in range(count):
        tenant = create_tenant(slug=f"storm-{number}", name=f"Storm {number}")
        with auth_scope():
            user = User.objects.create_user(f"{number}@storm.test", name="Storm", tenant_ids=[tenant.pk])
            Membership.objects.create(user=user, tenant=tenant, role="ceo", status="active")
        with tenant_context(tenant):
            key = str(Contact.objects.create(name=f"of {tenant.pk}").pk)
        made.append(Company(tenant, user, key))
    return made


def loaded() -> Any:
    """The whole stack behind a test client, ready."""
    from django.test.client import ClientHandler

    handler = ClientHandler(enforce_csrf_checks=False)
    handler.load_middleware()
    return handler


def rows_in(company: Company) -> int:
    from crm.models import Contact
    from tenants.context import tenant_context

    with tenant_context(company.tenant):
        return Contact.objects.count()


def number(arguments: list[str], name: str, default: int) -> int:
    return int(arguments[arguments.index(name) + 1]) if name in arguments else default


def main(arguments: list[str]) -> int:
    wanted, threads = number(arguments, "--requests", 100_000), number(arguments, "--threads", 64)
    with services():
        storm = Storm(_prepared(number(arguments, "--companies", 8)), wanted, loaded())
        print(facts(), flush=True)
        began = time.perf_counter()
        workers = [Worker(storm, seed) for seed in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        took = time.perf_counter() - began
        held = [(each, rows_in(each)) for each in storm.companies]
    lost = [f"{each.mark}: {rows} rows, {each.rows} acknowledged" for each, rows in held if rows != each.rows]
    wrong = [*storm.wrong, *lost]
    print(
        f"{sum(storm.met.values())} requests in {took:.0f} s by {threads} threads over {POOL} connections: {dict(storm.met)}"
    )
    print(f"{len(wrong)} wrong", *wrong[:SHOWN], sep="\n")
    return 1 if wrong else 0


def _prepared(count: int) -> list[Company]:
    import logging

    from django.conf import settings

    logging.disable(logging.WARNING)  # refusals are part of the plan
    settings.RATE_LIMITS = dict.fromkeys(settings.RATE_LIMITS, "1000000/s")
    settings.DATABASES["default"]["OPTIONS"]["pool"] = {"min_size": 1, "max_size": POOL, "timeout": 60}  # type: ignore[index]  # ours
    return found(count)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
