"""Bringing every company to the present migrations: their SQL is compiled once and then only run, company by company.

A company changes in one transaction together with its history and its `schema_version`, so a run that was killed is simply
repeated. See `docs/decisions/008-compiled-migrations.md`.
"""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from queue import Empty, SimpleQueue

from django.db import DatabaseError, ProgrammingError, connections, transaction

from config.lib.refusals import CROSSED, sqlstate
from tenants.models import Tenant
from tenants.services import provisioning, registry
from tenants.services.compiled_migrations import OTHER_HISTORY, Plan, compile_plan
from tenants.services.provisioning import LOCK_PAUSE, LOCK_TRIES, OWNER

logger = logging.getLogger(__name__)

ONE_AT_A_TIME = 704117  # the advisory lock's number
ASK_AGAIN_SECONDS = 0.2
PARALLEL = 4
ROUNDS = 3  # a process of the release before may create companies while we work

# One statement tells whether there is anything to do at all.
STANDING = """
select (select count(*) from tenants_tenant where schema_version <> %s),
  exists (select from tenants_schemasnapshot where fingerprint = %s),
  array(select app || '.' || name from django_migrations)
"""


@dataclass(frozen=True)
class Standing:
    """How far the database is: companies behind, whether the snapshot exists, shared migrations that are missing."""

    behind: int
    compiled: bool
    missing: frozenset[str]

    @property
    def current(self) -> bool:
        return not self.behind and self.compiled and not self.missing


@dataclass(frozen=True)
class Company:
    number: int
    slug: str
    schema: str
    version: str


@dataclass
class Outcome:
    """How many companies were brought up to date by compiled SQL and by Django's own command; why others were not."""

    quickly: int = 0
    slowly: int = 0
    failed: dict[str, str] = field(default_factory=dict)


def standing() -> Standing | None:
    """None in a database whose shared tables are not there yet."""
    version = provisioning.fingerprint()
    try:
        with connections[OWNER].cursor() as cursor:
            cursor.execute(STANDING, [version, version])
            behind, compiled, applied = cursor.fetchone()
    except ProgrammingError:
        return None
    expected = {f"{app}.{name}" for app, name in provisioning.expected_public()}
    return Standing(behind, compiled, frozenset(expected - set(applied)))


def migrate_all() -> Outcome:
    """Bring the shared schema, the snapshot and every company up to date; safe to repeat and to run twice at once.

    One company's trouble stops nobody else; it is named in the outcome.
    """
    outcome = Outcome()
    found = standing()
    if found is not None and found.current:
        return outcome
    with alone():
        found = standing()  # another process may have done it while this one waited
        if found is None or found.missing:
            provisioning.migrate_public()
        provisioning.compile_snapshot()
        for _round in range(ROUNDS):
            behind = [each for each in companies_behind() if each.slug not in outcome.failed]
            if not behind:
                break
            _migrate(behind, outcome)
    registry.changed()
    return outcome


@contextmanager
def alone() -> Iterator[None]:
    """One migration at a time on this database; released with the connection, also after a kill.

    Asked for again and again instead of waited for: a statement that waits keeps an old snapshot, for which an index that
    is built concurrently would wait in turn.
    """
    with connections[OWNER].cursor() as cursor:
        while True:
            cursor.execute("select pg_try_advisory_lock(%s)", [ONE_AT_A_TIME])
            if cursor.fetchone()[0]:
                break
            time.sleep(ASK_AGAIN_SECONDS)
        try:
            yield
        finally:
            cursor.execute("select pg_advisory_unlock(%s)", [ONE_AT_A_TIME])


def companies_behind() -> list[Company]:
    """Suspended ones too: they may come back tomorrow."""
    rows = Tenant.objects.using(OWNER).exclude(schema_version=provisioning.fingerprint()).order_by("pk")
    return [Company(*row) for row in rows.values_list("pk", "slug", "schema_name", "schema_version")]


def _migrate(behind: Sequence[Company], outcome: Outcome) -> None:
    slow: list[Company] = []
    for version in sorted({each.version for each in behind}):
        alike = [each for each in behind if each.version == version]
        plan = compile_plan(version)
        if plan is None:
            slow += alike
        else:
            slow += _run(plan, alike, outcome)
    for company in slow:
        _attempt(company, outcome, partial(_by_django, company))
        outcome.slowly += company.slug not in outcome.failed


def _run(plan: Plan, companies: Sequence[Company], outcome: Outcome) -> list[Company]:
    """Apply the plan to all of them; those whose history is another one come back."""
    waiting: SimpleQueue[Company] = SimpleQueue()
    for company in companies:
        waiting.put(company)
    others: list[Company] = []

    def work() -> None:
        try:
            while True:
                company = waiting.get_nowait()
                try:
                    _attempt(company, outcome, partial(plan.apply, company.number, company.schema))
                except OtherHistory:
                    others.append(company)
        except Empty:
            return

    if plan.only_sql and len(companies) > 1:
        with ThreadPoolExecutor(PARALLEL, thread_name_prefix="migrate") as pool:
            for done in [pool.submit(_closing, work) for _each in range(min(PARALLEL, len(companies)))]:
                done.result()
    else:  # what runs Python is not asked to run beside itself
        work()
    outcome.quickly += len(companies) - len(others) - sum(each.slug in outcome.failed for each in companies)
    return others


def _closing(work: Callable[[], None]) -> None:
    try:
        work()
    finally:
        connections[OWNER].close()


class OtherHistory(Exception):
    """The company did not begin where its version says: Django's own command finds out what it needs."""


def _attempt(company: Company, outcome: Outcome, work: Callable[[], None]) -> None:
    """Run it, again when a lock was not to be had in time; what else breaks is noted and leaves the company as it was."""
    for attempt in range(LOCK_TRIES):
        try:
            work()
        except DatabaseError as error:
            state = sqlstate(error)
            if state == OTHER_HISTORY:
                raise OtherHistory(company.slug) from error
            if state in CROSSED and attempt < LOCK_TRIES - 1:
                time.sleep(LOCK_PAUSE * 2**attempt)
                continue
            logger.error("company %s not migrated: %s", company.slug, error)
            outcome.failed[company.slug] = str(error).partition("\n")[0]
        return


def _by_django(company: Company) -> None:
    provisioning.migrate_schema(company.schema)
    with transaction.atomic(using=OWNER), connections[OWNER].cursor() as cursor:
        cursor.execute(provisioning.role_sql(company.schema, provisioning.role_name(company.number)))
        Tenant.objects.using(OWNER).filter(pk=company.number).update(schema_version=provisioning.fingerprint())
