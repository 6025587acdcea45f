"""Many threads, few pooled connections, several companies, errors at random: nobody ever reads another company's row."""

import random
import threading
from collections.abc import Iterator

import pytest
from django.db import DatabaseError, connection, transaction

from crm.models import Contact
from tenants import context
from tenants.context import auth_scope, context_of, tenant_context
from tenants.db import base
from tenants.models import Membership, Tenant
from tests.support.cast import Cast, make_company
from tests.support.live import drop_companies
from tests.support.services import Services

THREADS, TURNS = 8, 250  # 2,000 transactions


@pytest.fixture
def companies(live_tenants: Cast, test_services: Services) -> Iterator[list[Tenant]]:
    """Four of them, each with one row that says whose it is."""
    more = [make_company(slug=f"{live_tenants.acme.slug}-{number}") for number in (3, 4)]
    four = [live_tenants.acme, live_tenants.globex, *more]
    for tenant in four:
        with tenant_context(tenant):
            Contact.objects.create(name=f"of {tenant.pk}")
    yield four
    drop_companies(more, test_services)


class Storm:
    """One thread's work. `wrong` is shared and must stay empty; `kept` counts committed rows by company."""

    def __init__(
        self,
        companies: list[Tenant],
        seed: int,
        turns: int,
        wrong: list[str],
        kept: dict[int, int],
        lock: threading.Lock,
    ) -> None:
        self.companies, self.chance, self.turns = companies, random.Random(seed), turns
        self.wrong, self.kept, self.lock = wrong, kept, lock

    def run(self) -> None:
        try:
            for _turn in range(self.turns):
                self.turn(self.chance.choice(self.companies))
        except Exception as error:  # noqa: BLE001 (a thread's death must be seen by the test)
            self.wrong.append(repr(error))
        finally:
            connection.close()

    def turn(self, tenant: Tenant) -> None:
        fate = self.chance.choices(("kept", "raised", "broken", "undone", "nested"), (4, 2, 2, 1, 1))[0]
        try:
            with tenant_context(tenant):
                self.look(tenant)
                Contact.objects.create(name=f"of {tenant.pk}")
                self.meet(fate, tenant)
            if fate in ("kept", "nested"):
                with self.lock:
                    self.kept[tenant.pk] += 1
        except (RuntimeError, DatabaseError):
            pass
        if self.chance.random() < 0.1:
            connection.close()  # back to the pool, for another thread to take
        elif self.chance.random() < 0.1:
            self.outside()

    def meet(self, fate: str, tenant: Tenant) -> None:
        if fate == "raised":
            raise RuntimeError
        if fate == "broken":
            with connection.cursor() as cursor:
                cursor.execute("select 1 / 0")
        if fate == "nested":
            self.nested(tenant)
        self.look(tenant)
        if fate == "undone":
            transaction.set_rollback(True)

    def look(self, tenant: Tenant) -> None:
        names = set(Contact.objects.values_list("name", flat=True))
        if names - {f"of {tenant.pk}"}:
            self.wrong.append(f"{tenant.pk} sees {names}")
        owners = set(Membership.objects.values_list("tenant_id", flat=True))
        if owners - {tenant.pk}:
            self.wrong.append(f"{tenant.pk} sees members of {owners}")

    def nested(self, tenant: Tenant) -> None:
        """Other scopes and failing savepoints inside, and back again."""
        try:
            with transaction.atomic():
                Contact.objects.create(name=f"lost of {tenant.pk}")
                raise RuntimeError
        except RuntimeError:
            self.look(tenant)
        with auth_scope():
            try:
                with transaction.atomic():
                    Contact.objects.count()
                self.wrong.append("a scope without a company reads contacts")
            except DatabaseError:
                pass
        self.look(tenant)

    def outside(self) -> None:
        try:
            Contact.objects.count()
            self.wrong.append("contacts are readable outside of a company")
        except DatabaseError:
            pass


def blow(companies: list[Tenant], *, turns: int) -> tuple[list[str], dict[int, int]]:
    """What went wrong, and how many rows each company should now have."""
    wrong: list[str] = []
    kept = {tenant.pk: 1 for tenant in companies}
    lock = threading.Lock()
    threads = [
        threading.Thread(target=Storm(companies, seed, turns, wrong, kept, lock).run, daemon=True)
        for seed in range(THREADS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not any(thread.is_alive() for thread in threads)
    if sum(kept.values()) < THREADS * turns / 3:
        wrong.append(f"hardly anything was kept: {kept}")
    return wrong, kept


def test_two_thousand_transactions_never_mix(companies: list[Tenant]) -> None:
    wrong, kept = blow(companies, turns=TURNS)
    assert wrong == []
    for tenant in companies:
        with tenant_context(tenant):
            assert Contact.objects.count() == kept[tenant.pk]


@pytest.mark.slow
def test_ten_thousand_transactions_of_eight_companies_never_mix(
    companies: list[Tenant], live_tenants: Cast, test_services: Services
) -> None:
    more = [make_company(slug=f"{live_tenants.acme.slug}-{number}") for number in range(5, 9)]
    try:
        for tenant in more:
            with tenant_context(tenant):
                Contact.objects.create(name=f"of {tenant.pk}")
        wrong, _kept = blow([*companies, *more], turns=10_000 // THREADS)
    finally:
        connection.close()
        drop_companies(more, test_services)
    assert wrong == []


@pytest.mark.parametrize("fault", ["session", "same company"])
def test_the_storm_notices_a_fault(fault: str, companies: list[Tenant], monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        if fault == "session":
            patch.setattr("tenants.db.base.STATEMENT", base.STATEMENT.replace("true", "false"))
        else:
            patch.setattr(context, "context_of", lambda tenant: context_of(companies[0]))
        wrong, _kept = blow(companies, turns=20)
        connection.close()
        connection.close_pool()
    assert wrong
