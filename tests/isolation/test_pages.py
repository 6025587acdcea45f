"""Every address of the URL table × people × verbs × other people's keys: never the other company's words, never a crash."""

import json

import pytest
from django.test import Client

from tenants import context
from tenants.domain import roles
from tests.isolation.urltable import NUMBERED, UNSAFE, Address, addresses
from tests.isolation.world import ACME, GLOBEX, WORD, World, digest
from tests.support.clients import browser
from tests.support.thorough import dealt

# Answers without a person: nothing of a company may be on them. Anything else that answers a stranger is a mistake.
PUBLIC = {
    "",
    "login/",
    "login/codigo/",  # back to the start for whoever gave no password
    "preferencias/",
    "healthz",
    "readyz",
    "csp-report/",  # takes a browser's note, shows nothing
    "api/v1/",  # says that an address does not exist
    "api/v1/schema",
    "api/v1/docs",
    "demo/chat/%(channel_id)s/",  # the page around a web chat, for trying it
    "jsi18n/",
    "empezar/",  # says whether a company can be asked for here
    "registro/",
    "recuperar/",
    "enlace/%(token)s/",
    "f/%(company)s/%(form)s/",  # the company of the address, and only what it published
    "reservar/%(company)s/",  # the booking page: the company of the address, and only what it published
    "reservar/%(company)s/%(service)s/",
    "reservar/%(company)s/%(service)s/datos/",
    "reservar/%(company)s/cita/%(token)s/",  # one appointment, for whoever holds its signed address
    "reservar/%(company)s/cita/%(token)s/cita.ics",
    "reservar/%(company)s/cita/%(token)s/mover/",
    "reservar/%(company)s/cita/%(token)s/cancelar/",
    "entrada/%(company)s/%(form)s/",  # nothing without the token of that door
    "entrada/%(company)s/%(form)s/%(token)s/",
    "webhooks/google-calendar/",  # nothing without the channel and its token
    "webhooks/tiendanube/%(route_key)s/",  # nothing without the signature of the app's secret
    "archivos/enviado/%(token)s/",  # one file that is being sent, for the provider that fetches it: signed, ten minutes
    "agenda/ics/%(token)s.ics",  # one seller's agenda for whoever holds its signed address
    "api/v1/auth/register",
    "api/v1/auth/login",
    "api/v1/auth/token",
    "api/v1/auth/refresh",
    "api/v1/auth/logout",
}
HEALTH = {"healthz", "readyz"}  # 503 is an answer
# Open to whoever is signed in, whatever the status in a company: about the person only.
PERSONAL = {
    "logout/",
    "empresas/",
    "empezar/%(pk)s/",  # how far one's own request for a company is
    "perfil/",
    "seguridad/",
    "seguridad/sesiones/%(pk)s/terminar/",
    "seguridad/sesiones/terminar-las-demas/",
    "seguridad/segundo-factor/",
    "seguridad/segundo-factor/empezar/",
    "seguridad/segundo-factor/desactivar/",
    "seguridad/segundo-factor/codigos/",
    "api/v1/auth/me",
    "api/v1/auth/sessions",
    "api/v1/auth/sessions/%(pk)s",
    "api/v1/auth/totp",
    "api/v1/auth/totp/enrol",
    "api/v1/auth/totp/confirm",
    "api/v1/auth/totp/disable",
    "api/v1/auth/totp/recovery-codes",
}
REFUSED = {301, 302, 401, 403, 404, 405}
FOREIGN = {403, 404, 405}
MISSHAPEN = {400, 415, 422}
NAMED_KEYS = {
    "contact": "crm.Contact",
    "lead": "crm.Lead",
    "owner": "crm.Seller",
    "seller": "crm.Seller",
    "stage": "crm.Stage",
    "channel": "messaging.Channel",
    "conversation": "messaging.Conversation",
    "conversation_id": "messaging.Conversation",
    "message": "messaging.Message",
    "agent": "agents.Agent",
    "version": "agents.AgentVersion",
    "document": "rag.Document",
    "other": "crm.Contact",
    "attachment": "messaging.Attachment",
}
ALL = addresses()
WITH_KEYS = [each for each in ALL if each.ids and not NUMBERED & {each.model(name) for name in each.ids}]
# Of the company's own addresses the probes ask each with every kind of outsider; here are the others.
BESIDE = [
    each
    for each in ALL
    if each.is_admin or each.scope != "tenant" or not (each.permission("GET") or each.permission("POST"))
]
# tests/isolation/test_probes.py asks every door in every run; what these read beside it is dealt.
by_route = pytest.mark.parametrize("address", dealt(BESIDE, 1, share=2), ids=str)
# The admin's own tests walk its pages for each model; here it is asked for foreign keys and by strangers.
by_product_route = pytest.mark.parametrize(
    "address", dealt([each for each in ALL if not each.is_admin], 0, share=2), ids=str
)


def ask(client: Client, verb: str, path: str, *, body: dict[str, object] | None = None) -> tuple[int, str]:
    """Status and everything readable in the answer."""
    if verb == "GET":
        answer = client.get(path, body or {})
    elif path.startswith("/api/"):
        answer = client.generic(verb, path, json.dumps(body or {}, default=str), content_type="application/json")
    else:
        answer = client.generic(verb, path, _form(body or {}), content_type="application/x-www-form-urlencoded")
    text = b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[attr-defined]
    return answer.status_code, text.decode(errors="replace") + str(dict(answer.items()))


def _form(body: dict[str, object]) -> str:
    return "&".join(f"{name}={value}" for name, value in body.items())


def person(world: World, name: str | None) -> Client:
    return browser(world.cast[name] if name else None, raise_request_exception=False)


def foreign_body(world: World) -> dict[str, object]:
    keys = {name: world.theirs[label] for name, label in NAMED_KEYS.items()}
    return {
        **keys,
        "assignee": world.cast["gus"].user.pk,
        "user": world.cast["gus"].user.pk,
        "tenant_id": world.cast.globex.pk,
    }


@by_product_route
def test_every_address_names_its_gate(address: Address) -> None:
    if address.route in PUBLIC | PERSONAL:
        return
    if address.scope == "platform":
        return  # its gate is the staff's own: test_probes asks there
    if address.scope in ("auth", "none"):
        pytest.fail("open to strangers: name it in PUBLIC or PERSONAL, or give it a permission")
    asked = {address.permission(verb) for verb in address.verbs}
    assert asked <= roles.TABLE[roles.CEO], asked


@by_route
def test_strangers_and_people_without_access_see_nothing(address: Address, world: World, db: None) -> None:
    wrong = []
    for name in (None, "pia", "iris", "root") if not address.is_admin else (None, "pia"):
        client = person(world, name)
        for verb in ("GET", *(UNSAFE if address.is_api and name is None else ("POST",))):
            for path in address.paths(world.mine)[:3]:
                status, text = ask(client, verb, path)
                open_to_them = address.route in PUBLIC or bool(name and address.route in PERSONAL)
                open_to_them |= name == "root" and address.scope == "platform"
                fine = (status < 500 or address.route in HEALTH) if open_to_them else status in REFUSED
                if not fine or ACME in text or GLOBEX in text:
                    wrong.append(f"{name} {verb} {path} → {status}")
    assert wrong == []


@pytest.mark.parametrize("address", dealt(WITH_KEYS, 1, share=2), ids=str)
def test_the_other_companys_keys_open_nothing(address: Address, world: World, db: None) -> None:
    """Ana is acme's CEO: nothing but the company stands between her and these rows."""
    client, wrong = person(world, "ana"), []
    for path in address.paths(world.theirs):
        for verb in address.verbs:
            status, text = ask(client, verb, path)
            allowed = FOREIGN if verb == "GET" else FOREIGN | MISSHAPEN
            opened = status not in allowed and address.route not in PUBLIC
            if opened or status >= 500 or GLOBEX in text:
                wrong.append(f"{verb} {path} → {status}")
    assert wrong == []
    assert digest(world.cast.globex) == world.untouched


@by_product_route
def test_own_pages_show_nothing_of_the_other_company(address: Address, world: World, db: None) -> None:
    """Own keys in the address, the other company's in the query and body."""
    client, wrong = person(world, "ana"), []
    body = foreign_body(world)
    for path in address.paths(world.mine)[:3]:
        cases = [("GET", {}), ("GET", {"search": WORD, "q": WORD, "limit": 200}), ("GET", body)]
        cases += [(verb, body) for verb in address.verbs if verb != "GET"]
        for verb, sent in cases:
            status, text = ask(client, verb, path, body=sent)
            if (status >= 500 and address.route not in HEALTH) or GLOBEX in text:
                wrong.append(f"{verb} {path} {'with foreign keys' if sent is body else ''} → {status}")
    assert wrong == []
    assert digest(world.cast.globex) == world.untouched


def test_the_probes_reach_pages_that_answer(world: World, db: None) -> None:
    """If all of the above were refusals because of a slip in the probes, this would fail."""
    client = person(world, "ana")
    shown = [
        address.route
        for address in WITH_KEYS
        if any(ACME in ask(client, "GET", path)[1] for path in address.paths(world.mine))
    ]
    assert len(shown) >= 3


def test_a_page_that_forgets_its_company_is_noticed(world: World, db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """With every company entered as globex, ana's pages show globex's words and the probes say so."""
    theirs = context.context_of(world.cast.globex)
    member = world.cast["ana"].member
    monkeypatch.setattr("tenants.identity.membership", lambda claimed, tenant: member if claimed else None)
    monkeypatch.setattr(context, "context_of", lambda tenant: theirs)
    client = person(world, "ana")
    shown = [
        path for address in WITH_KEYS for path in address.paths(world.theirs) if GLOBEX in ask(client, "GET", path)[1]
    ]
    assert shown
