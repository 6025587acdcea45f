"""The providers of the suite: how each is reached, made to fail and looked into. A new one is a class in BENCHES.

A bench says what its provider can (`kinds`, `signed`, `wired`…); a behaviour asks only those that can.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar

import pytest

from config.lib.errors import ProviderError
from messaging.providers import provider_class
from messaging.providers.base import Address, Endpoints, MediaRef, Provider
from tests.fakes import chatwoot, chatwoot_events, graph_events, graph_pages, ycloud
from tests.fakes.graph import GraphFake
from tests.fakes.graph import Rule as GraphRule

Json = dict[str, Any]
SECRET = "the-right-secret"
NOWHERE = "http://127.0.0.1:9"  # nothing listens there


class Bench:
    """One provider and its local server; `with Bench.open() as bench`.

    `refusals` are (name, the arguments of `refuse`, the kind of ProviderError it must become).
    """

    kind: ClassVar[tuple[str, str]]
    kinds: ClassVar[tuple[str, ...]] = ("text",)  # of messages it carries
    wired: ClassVar[bool] = True  # speaks HTTP
    signed: ClassVar[bool] = True
    timed: ClassVar[bool] = False  # the signature holds for five minutes
    batches: ClassVar[bool] = True  # one body may carry several things
    uploads: ClassVar[bool] = True  # takes a file's bytes
    fetches: ClassVar[bool] = True  # people's files are fetched from it
    keeps_refs: ClassVar[bool] = True  # our own reference travels with a message
    reads: ClassVar[bool] = True  # is told that a message was read
    told_facts: ClassVar[tuple[str, ...]] = ()  # keys of facts() besides which there may be others
    config: ClassVar[Json] = {}
    secrets: ClassVar[Mapping[str, str]] = {}  # category/NAME → value that works
    dead: ClassVar[tuple[str, str]] = ("", "")  # category/NAME and a value that the server refuses
    to: ClassVar[Address]
    refusals: ClassVar[tuple[tuple[str, Json, str], ...]] = ()
    throttle: ClassVar[Json] = {}  # `refuse` so that it asks to wait 30 seconds
    fake: Any

    @classmethod
    @contextmanager
    def open(cls) -> Iterator["Bench"]:
        yield cls()

    @property
    def adapter_class(self) -> type[Provider]:
        return provider_class(*self.kind)

    def adapter(self, *, dead: bool = False, away: bool = False) -> Provider:
        """As the product builds it. `dead`: with a credential that was revoked; `away`: where nobody listens."""
        given = dict(self.secrets) | ({self.dead[0]: self.dead[1]} if dead else {})
        if away:
            given |= self.addresses(NOWHERE)

        def secret(category: str, name: str, default: str | None = None) -> str:
            found = given.get(f"{category}/{name}", default)
            if found is None:
                raise ProviderError(f"{category}/{name}", kind="auth", code="missing_credential")
            return found

        return self.adapter_class.connected(
            config=self.config, secret=secret, endpoints=self.endpoints(NOWHERE if away else self.base)
        )

    @property
    def base(self) -> str:
        """Where the local server is."""
        return str(self.fake.url) if self.wired else NOWHERE

    def endpoints(self, base: str) -> Endpoints:
        return Endpoints(graph=base, graph_version="v25.0", instagram=base, ycloud=base)

    def addresses(self, base: str) -> dict[str, str]:
        """Secrets that are addresses, for a provider that each company hosts itself."""
        return {}

    def sent(self) -> list[Json]:
        """What the server accepted: {"id", "client_ref", "body"}, oldest first."""
        return list(self.fake.sends)

    def words(self, body: Json) -> str:
        """The text in a message as it travelled."""
        return str(body["text"]["body"])

    def refuse(self, **how: Any) -> None:
        """The next send is answered with an error."""
        raise NotImplementedError

    def lose(self, how: str) -> None:
        """The next send is accepted and then: `drop` (no answer), `hold` (a late one), `garbage`, `no_id`."""
        raise NotImplementedError

    def add_file(self, content: bytes, mime: str) -> MediaRef:
        """A file that a customer sent."""
        raise NotImplementedError

    def sign(self, raw: bytes, secret: str, *, age: int = 0) -> dict[str, str]:
        """Headers; `age` in seconds."""
        raise NotImplementedError

    def batch(self, *bodies: Any) -> Any:
        """One body with everything that these carry; anything that is no body is put among it as it is."""
        raise NotImplementedError


class Meta(Bench):
    """Its app demands a proof of every call."""

    kind = ("meta_direct", "whatsapp")
    kinds = ("text", "template", "media", "interactive", "reaction")
    config = {"phone_number_id": graph_events.PHONE_NUMBER_ID}
    secrets = {"whatsapp_cloud/ACCESS_TOKEN": "a-token", "meta/APP_SECRET": "app-secret"}
    dead = ("whatsapp_cloud/ACCESS_TOKEN", "dead-token")
    to = Address("wa_id", graph_events.CUSTOMER)
    told_facts = ("name",)
    refusals = (
        ("closed window", {"code": 131047}, "window"),
        ("stopped marketing", {"code": 131050}, "window"),
        ("pair limit", {"code": 131056}, "retry"),
        ("throughput", {"code": 130429}, "retry"),
        ("undeliverable", {"code": 131026}, "permanent"),
        ("bad parameter", {"code": 100}, "permanent"),
        ("template without text", {"code": 132000}, "permanent"),
        ("token", {"code": 190, "status": 401}, "auth"),
        ("permission", {"code": 200, "status": 403}, "auth"),
        ("server", {"code": 2, "status": 500}, "retry"),
        ("gateway", {"code": None, "status": 502}, "unknown"),
        ("a code of tomorrow", {"code": 999999}, "permanent"),
    )
    throttle = {"code": 130429, "retry_after": "30"}

    @classmethod
    @contextmanager
    def open(cls) -> Iterator[Bench]:
        with GraphFake() as fake:
            fake.needs_proof = True
            bench = cls()
            bench.fake = fake
            yield bench

    def refuse(self, *, code: int | None, status: int = 400, **more: Any) -> None:
        self.fake.fail(code, status=status, **more)

    def lose(self, how: str) -> None:
        self.fake.script(GraphRule(how))

    def add_file(self, content: bytes, mime: str) -> MediaRef:
        return MediaRef(provider_media_id=self.fake.add_media(content, mime), mime=mime)

    def sign(self, raw: bytes, secret: str, *, age: int = 0) -> dict[str, str]:
        return {"X-Hub-Signature-256": graph_events.sign(raw, secret)}

    def batch(self, *bodies: Any) -> Any:
        whole = [isinstance(body, dict) and "entry" in body for body in bodies]
        entries = [
            entry
            for body, is_body in zip(bodies, whole, strict=True)
            for entry in (body["entry"] if is_body else [body])
        ]
        return {"object": "whatsapp_business_account", "entry": entries}


class Messenger(Meta):
    kind = ("meta_direct", "facebook")
    kinds = ("text", "media", "interactive", "reaction")
    config = {"page_id": graph_pages.PAGE_ID}
    secrets = {"facebook/PAGE_ACCESS_TOKEN": "a-token", "meta/APP_SECRET": "app-secret"}
    dead = ("facebook/PAGE_ACCESS_TOKEN", "dead-token")
    to = Address("psid", graph_pages.PSID)
    told_facts = ("name", "subscribed")
    refusals = (
        ("closed window", {"code": 10, "subcode": 2018278}, "window"),
        ("throttle", {"code": 613}, "retry"),
        ("gone person", {"code": 551}, "permanent"),
        ("bad parameter", {"code": 100}, "permanent"),
        ("token", {"code": 190, "status": 401}, "auth"),
        ("permission", {"code": 10, "status": 403}, "auth"),
        ("gateway", {"code": None, "status": 502}, "unknown"),
    )
    throttle = {"code": 613, "retry_after": "30"}

    def words(self, body: Json) -> str:
        return str(body["message"]["text"])

    def sent(self) -> list[Json]:
        return [{"id": "", **one} for one in self.fake.sends]

    def add_file(self, content: bytes, mime: str) -> MediaRef:
        token = self.fake.files[self.fake.add_media(content, mime)].token
        return MediaRef(url=f"{self.fake.url}/_cdn/{token}")


class Instagram(Messenger):
    kind = ("meta_direct", "instagram")
    config = {"ig_user_id": graph_pages.IG_ID, "page_id": graph_pages.PAGE_ID}
    secrets = {"instagram/ACCESS_TOKEN": "a-token", "meta/APP_SECRET": "app-secret"}
    dead = ("instagram/ACCESS_TOKEN", "dead-token")
    uploads = False
    to = Address("igsid", graph_pages.IGSID)
    refusals = (("closed window", {"code": 10, "subcode": 2534022}, "window"),)


class YCloud(Bench):
    kind = ("ycloud", "whatsapp")
    kinds = ("text", "template", "media", "interactive", "reaction")
    timed = True
    config = {"phone_number": ycloud.NUMBER}
    secrets = {"ycloud/API_KEY": ycloud.KEY}
    dead = ("ycloud/API_KEY", "dead-key")
    to = Address("wa_id", ycloud.CUSTOMER.removeprefix("+"))
    told_facts = ("name", "quality", "limit")
    refusals = (
        ("closed window", {"whatsapp": 131047}, "window"),
        ("pair limit", {"whatsapp": 131056}, "retry"),
        ("undeliverable", {"whatsapp": 131026}, "permanent"),
        ("token of the number", {"whatsapp": 190}, "auth"),
        ("bad parameter", {"code": "PARAM_INVALID"}, "permanent"),
        ("unsubscribed", {"code": "RECIPIENT_UNSUBSCRIBED"}, "permanent"),
        ("blocked", {"code": "RECIPIENT_IN_BLOCK_LIST"}, "permanent"),
        ("no balance", {"code": "BALANCE_INSUFFICIENT"}, "auth"),
        ("key", {"code": "UNAUTHORIZED", "status": 401}, "auth"),
        ("forbidden", {"code": "FORBIDDEN", "status": 403}, "auth"),
        ("not found", {"code": "NOT_FOUND", "status": 404}, "permanent"),
        ("too fast", {"code": "TOO_MANY_REQUESTS", "status": 429}, "retry"),
        ("server", {"code": "INTERNAL_ERROR", "status": 500}, "retry"),
        ("gateway", {"code": None, "status": 504}, "unknown"),
        ("a code of tomorrow", {"code": "MOON_RISEN"}, "permanent"),
    )
    throttle = {"code": "TOO_MANY_REQUESTS", "status": 429, "retry_after": "30"}

    @classmethod
    @contextmanager
    def open(cls) -> Iterator[Bench]:
        with ycloud.YCloudFake() as fake:
            bench = cls()
            bench.fake = fake
            yield bench

    def refuse(self, **how: Any) -> None:
        self.fake.script(ycloud.Rule("error", **how))

    def lose(self, how: str) -> None:
        self.fake.script(ycloud.Rule(how))

    def add_file(self, content: bytes, mime: str) -> MediaRef:
        return MediaRef(provider_media_id="9001", url=self.fake.add_media(content, mime), mime=mime)

    def sign(self, raw: bytes, secret: str, *, age: int = 0) -> dict[str, str]:
        return {"YCloud-Signature": ycloud.sign(raw, secret, age=age)}

    def batch(self, *bodies: Any) -> Any:
        return list(bodies)


class Chatwoot(Bench):
    kind = ("chatwoot", "whatsapp")
    kinds = ("text", "template", "media", "interactive")
    timed = True
    batches = False
    config = {"account_id": str(chatwoot_events.ACCOUNT), "inbox_id": str(chatwoot_events.INBOX)}
    dead = ("chatwoot/API_TOKEN", "dead-token")
    to = Address("chatwoot", str(chatwoot_events.CONVERSATION))
    told_facts = ("name",)
    refusals = (
        ("token", {"status": 401, "body": {"error": "Invalid Access Token"}}, "auth"),
        ("not for bots", {"status": 401, "body": {"error": chatwoot.NOT_FOR_BOTS}}, "auth"),
        ("not a member", {"status": 403}, "auth"),
        ("conversation gone", {"status": 404}, "permanent"),
        (
            "bad value",
            {"status": 422, "body": {"message": "Content is too long", "attributes": ["content"]}},
            "permanent",
        ),
        ("too fast", {"status": 429}, "retry"),
        ("maintenance", {"status": 503}, "retry"),
        ("moved", {"status": 301}, "permanent"),
        ("server", {"status": 500}, "unknown"),
        ("gateway", {"status": 502}, "unknown"),
    )
    throttle = {"status": 429, "retry_after": "30"}

    @classmethod
    @contextmanager
    def open(cls) -> Iterator[Bench]:
        with chatwoot.ChatwootFake() as fake:
            bench = cls()
            bench.fake = fake
            yield bench

    @property
    def secrets(self) -> Mapping[str, str]:  # type: ignore[override]  # its address is one of them
        return {"chatwoot/BASE_URL": self.base, "chatwoot/API_TOKEN": "user-token"}

    def addresses(self, base: str) -> dict[str, str]:
        return {"chatwoot/BASE_URL": base}

    def sent(self) -> list[Json]:
        return [sent | {"client_ref": sent["body"].get("echo_id", "")} for sent in self.fake.sends]

    def words(self, body: Json) -> str:
        return str(body["content"])

    def refuse(self, **how: Any) -> None:
        self.fake.fail(**how)

    def lose(self, how: str) -> None:
        self.fake.script(chatwoot.Rule(how))

    def add_file(self, content: bytes, mime: str) -> MediaRef:
        return MediaRef(provider_media_id="1", url=self.fake.add_file(content, mime), mime=mime)

    def sign(self, raw: bytes, secret: str, *, age: int = 0) -> dict[str, str]:
        signed = chatwoot_events.signed(raw, secret, at=int(time.time()) - age)
        return {name: value for name, value in signed.items() if name != "X-Chatwoot-Delivery"}


class Web(Bench):
    kind = ("web", "web")
    wired = signed = batches = uploads = fetches = keeps_refs = False
    to = Address("visitor", "v-1")

    def sent(self) -> list[Json]:
        return []


#: Every registered adapter has its place here: see test_every_adapter_is_in_the_suite.
BENCHES: list[type[Bench]] = [Meta, Messenger, Instagram, YCloud, Chatwoot, Web]


def can(*abilities: str) -> Callable[[Any], Any]:
    """Run a test once for each provider that can: `can("signed")`, `can("media", "uploads")`."""

    def able(bench: type[Bench]) -> bool:
        return all(getattr(bench, one, one in bench.kinds) for one in abilities)

    params = [pytest.param(bench, id="-".join(bench.kind)) for bench in BENCHES if able(bench)]
    return pytest.mark.parametrize("bench", params, indirect=True)


def each_refusal() -> Callable[[Any], Any]:
    """Run a test once for each way in which each provider says no."""
    params = [
        pytest.param(bench, how, kind, id=f"{'-'.join(bench.kind)}-{name.replace(' ', '_')}")
        for bench in BENCHES
        for name, how, kind in bench.refusals
    ]
    return pytest.mark.parametrize("bench, how, kind", params, indirect=["bench"])
