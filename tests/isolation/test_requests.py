"""Who one claims to be, where, and what then answers: no mixture opens another company."""

import itertools
import random
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client, override_settings

from crm.models import Contact
from tenants import identity
from tenants.context import auth_scope, platform_scope, tenant_context
from tenants.identity import ACCESS_COOKIE, SESSION_TENANT
from tenants.models import Membership, Tenant, User
from tenants.services import registry
from tenants.services.tokens import access_token
from tenants.sessions import SessionStore
from tenants.task_base import NoTenant, tenant_task
from tests.factories.crm import make_contact
from tests.support.cast import Cast, Person
from tests.support.clients import browser, session_of
from tests.support.tasks import run_task

PATHS = ("/contacts/", "/api/contacts/")
WAYS = ("session", "forged session", "cookie", "bearer", "session and bearer of another")
REFUSED = {302, 401, 403, 404}


@tenant_task(name="tests.isolation.look")
def look(*, tenant: Tenant) -> list[str]:
    with tenant_context(tenant):
        return list(Contact.objects.values_list("name", flat=True))


@pytest.fixture(autouse=True)
def _own_addresses() -> Iterator[None]:
    with override_settings(ROOT_URLCONF="tests.isolation.urls"):
        yield


def stamp(cast: Cast) -> None:
    for tenant in (cast.acme, cast.globex):
        with tenant_context(tenant):
            make_contact(name=f"of {tenant.pk}")


def client_of(person: Person, way: str, foreign: Tenant, other: Person) -> Client:
    """A client that proves itself in this way and, where it can, claims the other company."""
    client = browser()
    if way in ("session", "forged session", "session and bearer of another"):
        client = browser(person)
    if way == "forged session":
        session = SessionStore(client.cookies["session"].value)
        session[SESSION_TENANT] = foreign.pk
        session.save()
    if way == "cookie":
        client.cookies[ACCESS_COOKIE] = access_token(person.user)
    if way == "bearer":
        client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {access_token(person.user)}"
    if way == "session and bearer of another":  # the Bearer's person counts, with the Bearer's own companies
        client = browser(other)
        client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {access_token(person.user)}"
    return client


def complaints(cast: Cast, name: str) -> list[str]:
    """Everything this person gets to see that is not of the person's own company."""
    person = cast[name]
    foreign = cast.globex if person.tenant == cast.acme else cast.acme
    other = cast["gus"] if foreign == cast.globex else cast["ana"]
    hosts = ("localhost", f"{foreign.slug}.localhost", f"{cast.acme.slug}.localhost", "unknown.localhost")
    named = ("", foreign.slug, "nobody", str(foreign.pk))
    found = []
    for way, host, header, path in itertools.product(WAYS, hosts, named, PATHS):
        client = client_of(person, way, foreign, other)
        headers = {"x-forwarded-host": f"{foreign.slug}.localhost", "x-tenant-id": str(foreign.pk)}
        if header:
            headers["x-tenant"] = header
        answer = client.get(f"{path}?tenant={foreign.pk}&tenant_id={foreign.pk}", headers=headers, SERVER_NAME=host)
        case = f"{name} by {way} at {host} naming {header!r}: {path} → {answer.status_code}"
        if answer.status_code == 200:
            allowed = person.tenant is not None and person.member is not None and person.member.status == "active"
            if not allowed or answer.json() != {"names": [f"of {person.tenant.pk}"], "tenant": person.tenant.pk}:
                found.append(case)
        elif answer.status_code not in REFUSED:
            found.append(case)
    return found


@pytest.mark.parametrize("name", ["ana", "gus", "sol", "pia", "iris", "root"])
def test_no_mixture_of_claims_opens_another_company(cast: Cast, name: str) -> None:
    stamp(cast)
    assert complaints(cast, name) == []


def test_one_who_belongs_to_both_sees_one_at_a_time(cast: Cast) -> None:
    stamp(cast)
    ana = cast["ana"]
    with auth_scope():
        Membership.objects.create(user=ana.user, tenant=cast.globex, role="closer", status="active")
        User.objects.filter(pk=ana.user.pk).update(tenant_ids=[cast.acme.pk, cast.globex.pk])
    for tenant in (cast.acme, cast.globex):
        answer = browser(ana).get("/contacts/", headers={"x-tenant": tenant.slug})
        assert answer.json() == {"names": [f"of {tenant.pk}"], "tenant": tenant.pk}


def test_the_matrix_notices_a_membership_that_is_not_asked_for(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    stamp(cast)
    monkeypatch.setattr(identity, "membership", lambda claimed, tenant: cast["gus"].member if claimed else None)
    assert complaints(cast, "gus")


def test_the_matrix_notices_a_status_that_is_not_asked_for(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    stamp(cast)

    def admit(request: Any, tenant: Tenant, member: Membership | None) -> None:
        if member is not None:
            request.tenant, request.user, request.member = tenant, member.user, member

    monkeypatch.setattr("tenants.middleware.tenant.admit", admit)
    monkeypatch.setattr(Membership, "may", lambda self, permission: True)
    assert complaints(cast, "pia")


def test_a_request_that_fails_leaves_nothing(cast: Cast) -> None:
    client = browser(cast["ana"], raise_request_exception=False)
    assert client.get("/broken/").status_code == 500
    with tenant_context(cast.acme):
        assert not Contact.objects.filter(name="left behind").exists()


@pytest.mark.parametrize("number", [None, 0, -1, 987_654_321])
def test_a_task_without_a_real_company_does_not_run(cast: Cast, number: int | None) -> None:
    with pytest.raises(NoTenant):
        run_task("tests.isolation.look", tenant_id=number)


def test_a_company_cannot_be_named_in_a_tasks_arguments(cast: Cast) -> None:
    with pytest.raises(TypeError):
        run_task("tests.isolation.look", tenant_id=cast.globex.pk, tenant=cast.acme)


def test_a_suspended_companys_tasks_do_not_run(live_tenants: Cast) -> None:
    with platform_scope("a company is suspended"):
        Tenant.objects.filter(pk=live_tenants.acme.pk).update(status=Tenant.Status.SUSPENDED)
    registry.changed()
    with pytest.raises(NoTenant):
        run_task("tests.isolation.look", tenant_id=live_tenants.acme.pk)
    assert browser(live_tenants["ana"]).get("/contacts/").status_code in REFUSED


def test_requests_and_tasks_of_two_companies_interleave_without_mixing(live_tenants: Cast) -> None:
    stamp(live_tenants)
    wrong: list[str] = []
    sessions = {name: session_of(live_tenants[name]) for name in ("ana", "sol", "gus")}

    def work(seed: int) -> None:
        chance = random.Random(seed)
        try:
            for _turn in range(25):
                name = chance.choice(["ana", "sol", "gus"])
                tenant = live_tenants[name].tenant
                assert tenant is not None
                if chance.random() < 0.5:
                    names = run_task("tests.isolation.look", tenant_id=tenant.pk)
                else:
                    client = browser()
                    client.cookies["session"] = sessions[name]
                    names = client.get(chance.choice(PATHS)).json()["names"]
                if names != [f"of {tenant.pk}"]:
                    wrong.append(f"{name} sees {names}")
        except Exception as error:  # noqa: BLE001 (a thread's death must be seen by the test)
            wrong.append(repr(error))
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(seed,), daemon=True) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert wrong == []
    assert not any(thread.is_alive() for thread in threads)
