"""Who looked at what is in the trail: after it ran, with how it ended, once in a while, and never with anybody's words."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from rest_framework.test import APIClient

from config.lib import redis as redis_client
from config.lib.errors import RateLimited
from crm.models import Contact
from messaging.models import Conversation
from tenants import audit_access
from tenants.context import auth_scope, platform_scope, tenant_context
from tenants.models import SystemEvent, Tenant
from tenants.services import audit
from tests.factories.crm import make_contact, make_lead, make_seller
from tests.factories.messaging import make_conversation
from tests.support.cast import Cast, Person
from tests.support.statements import Statements
from tests.tenants.audit.trail import ANA, actions, events, problems

Browser = Callable[..., Client]
Api = Callable[..., APIClient]
SECRET = "Zoraida Quispe"


@pytest.fixture
def contact(acme: Tenant) -> Contact:
    with tenant_context(acme):
        return make_contact(name=SECRET)


@pytest.fixture
def chat(acme: Tenant, contact: Contact) -> Conversation:
    with tenant_context(acme):
        return make_conversation(contact=contact)


def told(tenant: Tenant, action: str) -> list[SystemEvent]:
    return [each for each in events(tenant) if each.action == action]


def test_a_page_that_was_shown_is_told_with_who_what_and_from_where(
    client_as: Browser, acme: Tenant, ana: Person, chat: Conversation
) -> None:
    client_as("ana", HTTP_USER_AGENT="Firefox").get(f"/bandeja/{chat.pk}/")
    event = told(acme, "conversation.viewed")[0]
    assert (event.actor_kind, event.actor_id, event.actor_label) == ("user", str(ana.user.pk), "Ana")
    assert (event.resource_type, event.resource_id, event.outcome) == ("conversation", str(chat.pk), "ok")
    assert (event.ip, event.agent, event.diff) == ("127.0.0.1", "Firefox", {})


def test_an_api_answer_is_told_alike(api_as: Api, acme: Tenant, contact: Contact) -> None:
    api_as("ana").get(f"/api/v1/contacts/{contact.pk}/")
    event = told(acme, "contact.viewed")[0]
    assert (event.resource_type, event.resource_id, event.outcome) == ("contact", str(contact.pk), "ok")


def test_an_admin_page_is_told_alike(client_as: Browser, acme: Tenant, contact: Contact) -> None:
    client_as("ana").get("/admin/crm/contact/")
    client_as("ana").get(f"/admin/crm/contact/{contact.pk}/change/")
    assert [each.resource_id for each in told(acme, "contacts.listed")] == [""]
    assert [each.resource_id for each in told(acme, "contact.viewed")] == [str(contact.pk)]


def test_repeats_within_five_minutes_are_told_once_fragments_included(
    client_as: Browser, acme: Tenant, chat: Conversation
) -> None:
    client = client_as("ana")
    for _each in range(3):
        client.get(f"/bandeja/{chat.pk}/")
        client.get(f"/bandeja/{chat.pk}/?desde=1", HTTP_HX_REQUEST="true")
        client.get(f"/bandeja/{chat.pk}/ficha/", HTTP_HX_REQUEST="true")
    assert len(told(acme, "conversation.viewed")) == 1
    assert 0 < redis_client.client().ttl(next(redis_client.client().scan_iter("audit:told:*"))) <= 300


def test_each_person_address_and_resource_is_told(
    client_as: Browser, acme: Tenant, chat: Conversation, contact: Contact
) -> None:
    with tenant_context(acme):
        other = make_conversation(contact=contact)
    for name, place, address in (
        ("ana", chat, "10.0.0.1"),
        ("ana", chat, "10.0.0.2"),
        ("rita", chat, "10.0.0.1"),
        ("ana", other, "10.0.0.1"),
    ):
        client_as(name, REMOTE_ADDR=address).get(f"/bandeja/{place.pk}/")
    assert len(told(acme, "conversation.viewed")) == 4


def test_while_redis_is_away_every_access_is_told(
    client_as: Browser, acme: Tenant, chat: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_as("ana")
    monkeypatch.setattr(settings, "REDIS_URL", "redis://127.0.0.1:9/0")
    monkeypatch.setattr(audit_access, "lately", audit_access.Lately())
    redis_client.client.cache_clear()
    try:
        for _each in range(3):
            assert client.get(f"/bandeja/{chat.pk}/").status_code == 200
    finally:
        monkeypatch.undo()
        redis_client.client.cache_clear()
    assert len(told(acme, "conversation.viewed")) == 3


def test_a_search_is_told_without_its_words(client_as: Browser, api_as: Api, acme: Tenant, contact: Contact) -> None:
    client_as("ana").get("/leads/", {"q": SECRET})
    api_as("ana").get("/api/v1/contacts/", {"search": SECRET})
    assert [each.diff for each in told(acme, "leads.listed")] == [{"search": True}]
    assert [each.diff for each in told(acme, "contacts.listed")] == [{"search": True}]
    assert SECRET not in str([vars(each) for each in events(acme)])


def test_bug_the_seeds_logged_before_running_so_that_refused_looked_like_done(
    client_as: Browser, api_as: Api, acme: Tenant, chat: Conversation
) -> None:
    """Here the event says how it ended, and is written once that is known."""
    missing = "0190a0b0-0000-7000-8000-00000000dead"
    client_as("ana").get(f"/bandeja/{chat.pk}/")
    client_as("ana").get(f"/bandeja/{missing}/")
    assert [(each.resource_id, each.outcome) for each in told(acme, "conversation.viewed")] == [
        (str(chat.pk), "ok"),
        (missing, "refused"),
    ]
    api_as("teo").get("/api/v1/runs/")
    assert [each.outcome for each in told(acme, "runs.listed")] == ["refused"]


def test_refusals_are_told_each_time(client_as: Browser, acme: Tenant) -> None:
    client = client_as("sol")
    for _each in range(3):
        assert client.get("/agentes/turnos/0190a0b0-0000-7000-8000-00000000dead/").status_code == 403
    assert actions(acme)[-3:] == [("run.viewed", "refused")] * 3


def test_what_breaks_is_told_as_failed_and_the_rest_of_it_is_undone(
    client_as: Browser, acme: Tenant, chat: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: Any, **kwargs: Any) -> None:
        audit.record(action="never", by=ANA)
        raise ZeroDivisionError

    monkeypatch.setattr("messaging.views.inbox.chat_context", broken)
    assert client_as("ana", raise_request_exception=False).get(f"/bandeja/{chat.pk}/").status_code == 500
    assert actions(acme)[-1] == ("conversation.viewed", "failed")
    assert not told(acme, "never")


def test_an_act_is_told_by_its_service_and_its_refusal_here(
    client_as: Browser, acme: Tenant, chat: Conversation, sol: Person
) -> None:
    client_as("ana").post(f"/bandeja/{chat.pk}/tomar/")
    assert ("conversation.taken_over", "ok") in actions(acme)
    assert not told(acme, "conversation.viewed")
    with tenant_context(acme):
        lead = make_lead(owner=make_seller())
    assert client_as("sol").post(f"/leads/{lead.pk}/vendedor/").status_code == 404
    event = told(acme, "lead.viewed")[0]
    assert (event.outcome, event.actor_label, event.diff) == ("refused", "Sol", {"method": "POST"})


def test_a_stranger_is_in_nobodys_trail(client_as: Browser, acme: Tenant, chat: Conversation) -> None:
    before = actions(acme)
    assert client_as(None).get(f"/bandeja/{chat.pk}/").status_code == 302
    assert client_as(None).get("/api/v1/contacts/").status_code == 401
    assert actions(acme) == before


def test_a_suspended_or_waiting_member_who_tries_is_told(client_as: Browser, acme: Tenant) -> None:
    client_as("iris").get("/bandeja/")
    client_as("pia").get("/leads/")
    assert [(each.action, each.outcome, each.actor_label) for each in events(acme)[-2:]] == [
        ("conversations.listed", "refused", "Iris"),
        ("leads.listed", "refused", "Pia"),
    ]


@pytest.mark.parametrize(
    ("face", "path"), [("page", "/canales/"), ("api", "/api/v1/settings/"), ("admin", "/admin/crm/seller/")]
)
def test_a_403_anywhere_is_told_once_with_its_address(
    client_as: Browser, api_as: Api, acme: Tenant, face: str, path: str
) -> None:
    (api_as if face == "api" else client_as)("sol").get(path)
    event = events(acme)[-1]
    assert (event.action, event.outcome, event.actor_label) == ("access.refused", "refused", "Sol")
    assert event.diff["method"] == "GET"
    assert event.diff["route"].rstrip("/?$").endswith(path.strip("/").split("/")[-1])


def test_a_form_from_another_site_is_told(client_as: Browser, acme: Tenant, chat: Conversation) -> None:
    assert client_as("ana", csrf=True).post(f"/bandeja/{chat.pk}/tomar/").status_code == 403
    event = events(acme)[-1]
    assert (event.action, event.diff["method"]) == ("access.refused", "POST")
    assert str(chat.pk) not in str(event.diff)


def test_somebody_of_another_company_cannot_fill_the_trail(api_as: Api, acme: Tenant) -> None:
    """Known to the platform, not to the company: told once in a while, whatever is asked for."""
    api = api_as("gus", HTTP_X_TENANT=acme.slug)
    before = len(events(acme))
    for path in ("contacts/", "leads/", "members/", "contacts/"):
        assert api.get(f"/api/v1/{path}").status_code == 403
    assert len(events(acme)) == before + 1
    assert events(acme)[-1].action == "access.refused"


def test_the_first_refusal_of_a_limits_window_is_told(
    client_as: Browser, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def limited(*args: Any, **kwargs: Any) -> None:
        raise RateLimited("Demasiados.", retry_after=30)

    monkeypatch.setattr("messaging.views.home._chats", limited)
    for _each in range(3):
        assert client_as("ana").get("/mi-dia/").status_code == 429
    assert actions(acme)[-1] == ("limit.reached", "refused")
    assert len(told(acme, "limit.reached")) == 1


def test_a_limit_at_the_door_is_told_to_the_platform_once(client_as: Browser, acme: Tenant) -> None:
    client = client_as(None)
    codes = [client.post("/login/", {"email": "nobody@x.test", "password": "no"}).status_code for _each in range(9)]
    assert codes[-1] == 429
    with platform_scope("test"):
        rows = list(SystemEvent.objects.filter(tenant=None, action="limit.reached"))
    assert [(each.outcome, each.ip, each.diff["route"]) for each in rows] == [("refused", "127.0.0.1", "login/")]
    assert "nobody@x.test" not in str([vars(each) for each in rows])


def test_a_page_pays_one_statement_for_being_told(
    client_as: Browser, acme: Tenant, chat: Conversation, statements: Callable[[], AbstractContextManager[Statements]]
) -> None:
    with statements() as seen:
        client_as("ana").get(f"/bandeja/{chat.pk}/ficha/")
    assert len([sql for sql in seen.sql if "tenants_audithead" in sql or "tenants_systemevent" in sql]) == 1


def test_bug_the_seeds_security_events_had_no_company(acme: Tenant, globex: Tenant) -> None:
    with tenant_context(acme):
        audit.log_security_event(action="key.changed", by=ANA, outcome="ok", name="API_KEY")
    with auth_scope():
        audit.log_security_event(action="role.changed", by=ANA, outcome="ok", tenant_id=acme.pk)
    audit.log_security_event(action="export.refused", by=ANA, tenant_id=acme.pk)
    assert actions(acme)[-3:] == [("key.changed", "ok"), ("role.changed", "ok"), ("export.refused", "refused")]
    assert {each.tenant_id for each in events(acme)} == {acme.pk}
    assert "key.changed" not in [each.action for each in events(globex)]


def test_a_refusal_told_from_inside_survives_the_undoing_of_its_request(
    client_as: Browser, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*args: Any, **kwargs: Any) -> None:
        audit.log_security_event(action="vault.refused", by=ANA, reason="no")
        raise RateLimited("Basta.", retry_after=30)

    monkeypatch.setattr("messaging.views.home._chats", refused)
    client_as("ana").get("/mi-dia/")
    assert ("vault.refused", "refused") in actions(acme)


def test_a_trail_with_every_kind_of_access_still_holds(client_as: Browser, api_as: Api, live_tenants: Cast) -> None:
    acme = live_tenants.acme
    for name in ("ana", "sol", "iris", "gus"):
        for path in ("/bandeja/", "/leads/", "/canales/", "/auditoria/", "/admin/crm/contact/"):
            client_as(name).get(path)
        api_as(name).get("/api/v1/contacts/")
    assert len(events(acme)) > 10
    assert problems(acme) == []
