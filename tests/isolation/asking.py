"""One probe = one request: who asks, by which face, and what must come back; and who sends them."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.test import Client

from config.lib.redis import client as redis_client
from tenants.context import tenant_context
from tenants.domain import api_keys, roles
from tenants.identity import ACCESS_COOKIE
from tenants.models import ApiKey
from tenants.services.tokens import access_token
from tests.isolation.world import World, ask_for_factor, give_scope, open_visit
from tests.support.cast import Person
from tests.support.clients import browser

SESSION, BEARER, COOKIE, KEY = FACES = ("page", "bearer", "cookie", "key")
WITHOUT = "key without "  # + a permission
VISIT, FACTOR = "visit", "factor"
REFUSED = {301, 302, 401, 403, 404, 405}
MISSING = {404, 405}
MISSHAPEN = {400, 415, 422}
LIMITED = 429


@dataclass(frozen=True)
class Probe:
    """`wanted`: "refused" (any refusal), "missing" (as if it did not exist), "clean" (whatever, without the canaries)."""

    group: str
    who: str | None
    face: str
    verb: str
    path: str
    wanted: str
    canaries: tuple[str, ...]
    scope: str = ""
    body: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        told = f" ({self.scope})" if self.scope else ""
        return f"{self.group}: {self.who}{told} by {self.face} {self.verb} {self.path} {dict(self.body) or ''}"


def fine(probe: Probe, status: int, text: str) -> bool:
    if status >= 500 or any(canary in text for canary in probe.canaries):
        return False
    if probe.wanted == "clean":
        return status != LIMITED
    if probe.wanted == "refused":
        return status in REFUSED
    return status in (MISSING if probe.verb == "GET" else MISSING | MISSHAPEN)


@dataclass
class Asker:
    """Sends probes as the people of the world, each signed in once for each face. Use inside a test's transaction."""

    world: World
    clients: dict[tuple[str | None, str], Client] = field(default_factory=dict)
    scopes: dict[str, str] = field(default_factory=dict)
    asked: int = 0

    def ask(self, probe: Probe) -> tuple[int, str]:
        self._in_scope(probe)
        self.asked += 1
        if self.asked % 50 == 0:
            redis_client().flushdb()  # limits have tests of their own
        client, headers = self._client(probe.who, probe.face), dict(probe.headers)
        body = dict(probe.body)
        if probe.verb == "GET":
            answer = client.get(probe.path, body, headers=headers)
        elif probe.path.startswith("/api/"):
            said = json.dumps({name: _typed(value) for name, value in body.items()})
            answer = client.generic(probe.verb, probe.path, said, content_type="application/json", headers=headers)
        else:
            said = "&".join(f"{name}={value}" for name, value in body.items())
            kind = "application/x-www-form-urlencoded"
            answer = client.generic(probe.verb, probe.path, said, content_type=kind, headers=headers)
        text = b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[attr-defined]
        return answer.status_code, text.decode(errors="replace") + str(dict(answer.items()))

    def _in_scope(self, probe: Probe) -> None:
        if probe.who is None or not probe.scope or self.scopes.get(probe.who) == probe.scope:
            return
        if probe.scope in (VISIT, "late", "ended"):
            open_visit(self.world.cast[probe.who], self.world.cast.acme, how=probe.scope)
        elif probe.scope == FACTOR:
            ask_for_factor(self.world.cast.acme)
        else:
            give_scope(self.world, self.world.cast[probe.who], probe.scope)
        self.scopes[probe.who] = probe.scope

    def _client(self, who: str | None, face: str) -> Client:
        made = self.clients.get((who, face))
        if made is None:
            made = self.clients[who, face] = self._sign_in(self.world.cast[who] if who else None, face)
        return made

    def _sign_in(self, person: Person | None, face: str) -> Client:
        if person is None or face == SESSION:
            client = browser(person, raise_request_exception=False)
            if person is not None and person.tenant is None:  # the staff name the company they look into
                client.defaults["HTTP_X_TENANT"] = self.world.cast.acme.slug
            return client
        client = browser(raise_request_exception=False)
        if person.tenant is None:
            client.defaults["HTTP_X_TENANT"] = self.world.cast.acme.slug
        if face == COOKIE:
            client.cookies[ACCESS_COOKIE] = access_token(person.user)
        else:
            token = access_token(person.user) if face == BEARER else self._key(person, face)
            client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        return client

    def _key(self, person: Person, face: str) -> str:
        """An integration's key with every scope, or all but one, whatever its maker may do."""
        return make_key(self.world, person, roles.TABLE[roles.CEO] - {face.removeprefix(WITHOUT)})


def make_key(world: World, person: Person, permissions: Iterable[str]) -> str:
    tenant = person.tenant or world.cast.acme
    prefix, key = api_keys.new_key()
    with tenant_context(tenant):
        ApiKey.objects.create(
            tenant=tenant,
            created_by=person.user,
            name="sonda",
            prefix=prefix,
            key_hash=api_keys.digest(key),
            scopes=roles.scopes_of(permissions),
        )
    return key


def complaints(world: World, probes: Iterable[Probe], *, enough: int = 1_000_000) -> list[str]:
    """What was answered wrongly; asking stops when `enough` was found."""
    asker = Asker(world)
    wrong = []
    for probe in probes:
        status, text = asker.ask(probe)
        if not fine(probe, status, text):
            shown = [canary for canary in probe.canaries if canary in text]
            wrong.append(f"{probe} → {status} {shown or ''}")
            if len(wrong) >= enough:
                break
    return wrong


def _typed(value: str) -> Any:
    return json.loads(value) if value[:1] in "{[" else value
