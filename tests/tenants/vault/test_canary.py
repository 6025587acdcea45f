"""One secret in every place a secret can be put, everything driven that touches it: it is found nowhere but where asked for."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.forms import TextInput

from config.lib import commit
from config.lib.redis import client as redis_client
from tenants import forms_vault
from tenants.context import tenant_context
from tenants.models import Credential
from tenants.providers_check import base
from tenants.providers_check.registry import KINDS
from tenants.services import platform_vault, vault, vault_health, vault_rotation
from tests.isolation.urltable import addresses
from tests.support import clients
from tests.support.cast import PASSWORD, Cast
from tests.support.services import Services
from tests.support.tasks import Queue
from tests.tenants.vault import canary
from tests.tenants.vault.canary import CANARY, Answers
from tests.tenants.vault.conftest import BY
from tests.tenants.vault.providers import PEM, SECRET_NAMES, Providers

REAL_SEND = commit.send
REVEAL = "openai/API_KEY/reveal"


class Drive:
    """Everything that people, integrations and workers do with secrets."""

    def __init__(self, cast: Cast, providers: Providers, queued: Queue) -> None:
        self.cast, self.providers, self.queued = cast, providers, queued
        self.answers = Answers()
        self.ana = clients.browser(cast["ana"], raise_request_exception=False)
        self.api = clients.integration(cast["ana"], raise_request_exception=False)
        self.pubsub = redis_client().pubsub()
        self.pubsub.psubscribe("*")

    def page(self, verb: str, path: str, body: dict[str, Any] | None = None, **headers: str) -> Any:
        answer = getattr(self.ana, verb)(path, body or {}, **headers)
        return self.answers.note(f"{verb} {path}", answer)

    def call(self, verb: str, path: str, body: dict[str, Any] | None = None, **headers: str) -> Any:
        answer = getattr(self.api, verb)(f"/api/v1/credentials/{path}", body or {}, **headers)
        return self.answers.note(f"{verb} {path}", answer)

    def store(self) -> None:
        """By the form of each provider, through the API, for a channel, and by the platform."""
        for kind in KINDS.values():
            values = {name: self.value(kind.category, name) for name in kind.names}
            assert self.page("post", f"/credenciales/{kind.category}/", values).status_code == 303, kind.category
            for name, value in values.items():
                assert self.call("put", f"{kind.category}/{name}", {"value": value}).status_code == 200
        channel = {"category": "whatsapp_cloud", "name": "ACCESS_TOKEN@7f", "value": CANARY}
        assert self.page("post", "/credenciales/", channel).status_code == 302
        platform_vault.put(category="instagram", name="ACCESS_TOKEN", value=CANARY, by=BY)
        platform_vault.lend(category="instagram", name="ACCESS_TOKEN", everyone=True, tenant_ids=[], by=BY)

    def value(self, category: str, name: str) -> str:
        for known, values in self.providers.sets().values():
            if known == category and name in values:
                return values[name]
        others = {
            "HOST": "127.0.0.1",
            "PORT": "9",
            "APP_ID": "4711",
            "SIGNUP_CONFIG_ID": "4711",
            "PIN": "471100",
            "FROM": f"{CANARY}@acme.test",
            "DSN": f"postgresql://crm:{CANARY}@127.0.0.1:9/crm",
            "BASE_URL": f"{self.providers.url}/v1",
            "SERVICE_ACCOUNT_JSON": json.dumps(
                {"client_email": "a", "private_key": PEM, "token_uri": self.providers.url}
            ),
        }
        return others.get(name, CANARY)

    def read_pages(self) -> None:
        with tenant_context(self.cast.acme):
            rows = list(Credential.objects.values_list("pk", "category", "name"))
        for address in addresses():
            if "GET" in address.verbs and not address.ids:
                for path in address.paths({}):
                    self.page("get", path)
        for key, category, name in rows:
            for path in (f"/credenciales/{category}/{name}/", f"/credenciales/{category}/{name}/mostrar/"):
                self.page("get", path)
            self.page("get", f"/credenciales/{category}/tarjeta/", HTTP_HX_REQUEST="true")
            self.page("get", f"/admin/tenants/credential/{key}/change/")
            self.call("get", f"{category}/{name}")
            self.call("get", f"{category}/{name}/versions")
        for path in ("", "lent"):
            self.call("get", path)

    def refuse(self) -> None:
        """Errors of every kind with the secret in the request."""
        for kind in KINDS.values():
            self.page("post", f"/credenciales/{kind.category}/", dict.fromkeys(self.hidden(kind), f"{CANARY}\n" * 2))
        self.page("post", "/credenciales/", {"category": "openai", "name": "api key", "value": CANARY})
        self.page("post", "/credenciales/openai/API_KEY/mostrar/", {"password": CANARY})
        self.call("post", REVEAL, {"password": CANARY})
        self.call("post", REVEAL, {"pass": CANARY})
        self.call("put", "openai/OTHER", {"value": CANARY}, HTTP_IDEMPOTENCY_KEY="one")
        self.call("put", "openai/API_KEY", {"value": CANARY}, HTTP_IDEMPOTENCY_KEY="two")
        self.call("put", "openai/API_KEY", {"value": f"{CANARY}\x00"})
        for body in (json.dumps({"value": f"{CANARY}\ud800"}), f'{{"value": "{CANARY}"', f'["{CANARY}"]'):
            path = "/api/v1/credentials/openai/API_KEY"
            self.answers.note(body, self.api.generic("PUT", path, body, content_type="application/json"))
        self.call("put", "openai/API_KEY", {"value": CANARY, "expires_at": "soon"})
        self.call("put", "openai/API_KEY", {"value": CANARY * 1000})
        self.call("put", "supabase/DSN", {"value": f"nonsense {CANARY}"})
        self.call("put", "google/SERVICE_ACCOUNT_JSON", {"value": f'{{"private_key": "{CANARY}"}}'})

    @staticmethod
    def hidden(kind: base.Kind) -> list[str]:
        return [each.name for group in kind.groups for each in group.fields if not each.shown]

    def crash(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A fault of the code in the middle of storing: a 500 and a traceback in the log."""

        def broken(*_args: object, **_named: object) -> None:
            raise RuntimeError("a fault of the code")

        with monkeypatch.context() as patch:
            patch.setattr(vault, "_remember", broken)
            assert self.call("put", "openai/API_KEY", {"value": CANARY}).status_code == 500
            assert self.page("post", "/credenciales/openai/", {"API_KEY": CANARY}).status_code == 500

    def test(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Every set against providers that take it, refuse it, break and keep silent; queued as in production."""
        monkeypatch.setattr(base, "SECONDS", 0.2)
        monkeypatch.setitem(vault_health.limits.settings.RATE_LIMITS, "provider-test", "10000/m")
        with tenant_context(self.cast.acme):
            rows = {vault_health.set_key(row): row for row in Credential.objects.all() if vault_health.testable(row)}
        for mode in ("", "page", "broken", "silent"):
            self.providers.mode = mode
            for row in rows.values():
                assert self.call("post", f"{row.category}/{row.name}/test").status_code == 202
            self.queued.drain()
            self.page("get", "/credenciales/")

    def change(self) -> None:
        self.call("post", "openai/API_KEY/restore", {"version": 1})
        self.call("patch", "instagram/ACCESS_TOKEN", {"expires_at": "2026-11-25T00:00:00Z"})
        for turn in range(vault_health.TURNS):
            vault_health.look_after(turn)
        vault_rotation.rotate(by=BY, new_data_keys=True)
        self.call("delete", "ycloud/API_KEY")

    def found(self, services: Services, log: canary.Listener, folder: Path) -> dict[str, Any]:
        """Where it was seen; empty entries left out."""
        told = []
        while (message := self.pubsub.get_message(ignore_subscribe_messages=True)) is not None:
            told.append(str(message))
        self.pubsub.close()
        where = {
            "answers": self.answers.showing,
            "database": canary.in_database(services),
            "redis": canary.in_redis(),
            "live": [each[:200] for each in told if canary.found_in(each.encode())],
            "log": [line[:300] for line in log.lines if canary.found_in(line.encode(errors="replace"))],
            "files": canary.in_files(folder),
        }
        return {name: places for name, places in where.items() if places}


@pytest.fixture
def drive(
    live_tenants: Cast,
    providers: Providers,
    queued: Queue,
    test_services: Services,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Drive]:
    def send(task: str, **options: Any) -> bool:
        queued.note(task, **options)
        return REAL_SEND(task, **options)  # to the broker as well: what lies there is searched

    monkeypatch.setattr(commit, "send", send)
    yield Drive(live_tenants, providers, queued)
    with test_services.inside() as inside:  # of no company, so nobody else takes it away
        inside.execute("delete from tenants_platformcredential")


def test_a_secret_is_found_nowhere_but_in_the_answer_that_reveals_it(
    drive: Drive, test_services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with canary.listening() as log:
        drive.store()
        drive.read_pages()
        drive.refuse()
        drive.crash(monkeypatch)
        drive.test(monkeypatch)
        drive.change()
        drive.read_pages()
        assert drive.found(test_services, log, tmp_path) == {}
        assert drive.answers.seen > 300
        assert redis_client().llen("sync") or redis_client().llen("default")  # there were real messages to search
        shown = drive.call("post", REVEAL, {"password": PASSWORD})
    assert shown.json()["value"] == CANARY
    assert drive.answers.showing == [f"post {REVEAL}"]


def echo(monkeypatch: pytest.MonkeyPatch) -> None:
    box = forms_vault._box

    def open_box(field: base.Field, *, stored: bool) -> Any:
        made = box(field, stored=stored)
        made.widget = TextInput()
        return made

    monkeypatch.setattr(forms_vault, "_box", open_box)


def _around_checked(monkeypatch: pytest.MonkeyPatch, tell: Callable[[str], object]) -> None:
    checked = vault.checked

    def telling(category: str, name: str, value: str) -> str:
        tell(value)
        return checked(category, name, value)

    monkeypatch.setattr(vault, "checked", telling)


def logged(monkeypatch: pytest.MonkeyPatch) -> None:
    _around_checked(monkeypatch, lambda value: vault_health.logger.info("storing %s", value))


def cached(monkeypatch: pytest.MonkeyPatch) -> None:
    _around_checked(monkeypatch, lambda value: redis_client().set("opened", value))


def queue_it(monkeypatch: pytest.MonkeyPatch) -> None:
    _around_checked(monkeypatch, lambda value: REAL_SEND("tenants.tasks.nothing", tenant_id=1, value=value))


def told_in_the_trail(monkeypatch: pytest.MonkeyPatch) -> None:
    record = vault.record
    monkeypatch.setattr(vault, "record", lambda **event: record(**{**event, "diff": {"value": CANARY}}))


def stored_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vault, "seal", lambda key, plain, bound_to: plain)


@pytest.mark.parametrize(
    ("plant", "where"),
    [
        (echo, "answers"),
        (logged, "log"),
        (cached, "redis"),
        (queue_it, "redis"),
        (told_in_the_trail, "database"),
        (stored_plain, "database"),
    ],
)
def test_each_kind_of_leak_would_be_found(
    plant: Callable[[pytest.MonkeyPatch], None],
    where: str,
    drive: Drive,
    test_services: Services,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plant(monkeypatch)
    with canary.listening() as log:
        drive.call("put", "openai/API_KEY", {"value": CANARY})
        drive.page("post", "/credenciales/openai/", {"API_KEY": f"{CANARY}\n{CANARY}"})
        assert where in drive.found(test_services, log, tmp_path)


def test_every_secret_name_of_the_fakes_is_really_hidden() -> None:
    boxes = {each.name: each for kind in KINDS.values() for group in kind.groups for each in group.fields}
    assert not [name for name in SECRET_NAMES if boxes[name].shown]
