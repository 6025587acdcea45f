"""A customer asks for their order: it is told to whom it belongs, and a rehearsal invents one."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from agents.models import ToolCall
from agents.services.playground import try_agent
from agents.services.rehearsal import Setting, Visitor
from crm.models import Store, StoreProduct
from crm.services import merging
from crm.services.contacts import update_contact
from crm.services.points import add_point
from crm.store import orders
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.models import Tenant
from tests.agents.services.story import TEAM, Story, employ, make_story
from tests.agents.tools.shop import TOOLS
from tests.factories.crm import make_contact
from tests.factories.messaging import make_channel, make_conversation, make_identity
from tests.fakes.llm import FakeLLM
from tests.fakes.tiendanube import TiendanubeFake, order

# --- orders ------------------------------------------------------------------------------------------------------
ANA = Actor("user", "1", "Ana")  # of the team
SOL = Actor("agent", "1", "Sol")


def buyer(acme: Tenant, story: Story, by: Actor = ANA, **fields: Any) -> None:
    """Somebody of the team wrote so of the contact, unless another did."""
    with tenant_context(acme):
        update_contact(contact=story.conversation.contact, by=by, **fields)


@pytest.mark.parametrize(
    "proof", [{"email": "ana@example.com"}, {"phone": "+5491155551111"}, {"phone": "+541155551111"}]
)
def test_the_person_who_bought_is_told_how_the_order_stands(
    acme: Tenant, shop: TiendanubeFake, story: Story, use: Callable[..., Any], proof: dict[str, str]
) -> None:
    shop.shop.orders[9000100] = order(100)
    buyer(acme, story, **proof)
    got = use("order_status", {"number": 100})
    assert got["order"] == {
        "number": 100,
        "bought_on": "2026-11-18",
        "state": "en curso",
        "payment": "pagado",
        "shipping": "enviado",
        "total": "4999.00 ARS",
        "products": ["2 × Remera"],
        "tracking_number": "AR123",
        "tracking_link": "https://correo.example/AR123",
    }
    assert "Calle Falsa" not in json.dumps(got)


def test_a_number_alone_opens_no_order_and_does_not_say_whether_it_exists(
    acme: Tenant, shop: TiendanubeFake, story: Story, use: Callable[..., Any]
) -> None:
    shop.shop.orders[9000100] = order(100)
    unknown = use("order_status", {"number": 100})
    assert unknown["why"] == "nothing_to_check"
    buyer(acme, story, email="otra@example.com", phone="+5491144440000")
    theirs, nobodys = use("order_status", {"number": 100}), use("order_status", {"number": 555})
    assert theirs == nobodys
    assert theirs["why"] == "not_verified"
    with tenant_context(acme):
        told = str(list(ToolCall.objects.filter(tool="order_status").values_list("result", "refusal")))
    assert "ana@example.com" not in told
    assert "AR123" not in told


def test_a_number_inside_something_else_is_not_the_order(
    acme: Tenant, shop: TiendanubeFake, story: Story, use: Callable[..., Any]
) -> None:
    shop.shop.orders[9001001] = order(1001)  # the store's search finds it for "100"
    buyer(acme, story, email="ana@example.com")
    assert use("order_status", {"number": 100})["why"] == "not_verified"


@pytest.mark.parametrize(
    "empty", [{"contact_email": "", "contact_phone": ""}, {"contact_email": None, "contact_phone": None}]
)
def test_an_order_without_a_buyer_is_nobodys(
    acme: Tenant, shop: TiendanubeFake, story: Story, use: Callable[..., Any], empty: dict[str, Any]
) -> None:
    shop.shop.orders[9000100] = order(100, **empty)
    buyer(acme, story, email="", phone="+5491155551111")
    assert use("order_status", {"number": 100})["why"] == "not_verified"


def test_guessing_numbers_ends_soon(
    acme: Tenant, shop: TiendanubeFake, story: Story, use: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "RATE_LIMITS", {**settings.RATE_LIMITS, "store-order": "2/h"})
    buyer(acme, story, email="ana@example.com")
    for number in (1, 2):
        assert use("order_status", {"number": number})["why"] == "not_verified"
    before = len(shop.calls)
    assert "Demasiados intentos" in use("order_status", {"number": 3})["error"]
    other = make_story(acme, name="", phone=None, email="")
    buyer(acme, other, email="ana@example.com")
    assert "Demasiados intentos" in use("order_status", {"number": 3}, by=other)["error"]
    assert len(shop.calls) == before


@pytest.mark.parametrize(
    "said", [{"email": "ana@example.com"}, {"phone": "+5491155551111"}, {"name": "Ana", "email": "ana@example.com"}]
)
def test_what_somebody_types_opens_nobodys_order(
    acme: Tenant, shop: TiendanubeFake, story: Story, use: Callable[..., Any], said: dict[str, str]
) -> None:
    """The number and the e-mail of somebody else are easily known: an agent that saves them proves nothing."""
    shop.shop.orders[9000100] = order(100)
    assert use("create_customer", said)["ok"] is True
    before = len(shop.calls)
    got = use("order_status", {"number": 100})
    assert (got["ok"], got["why"]) == (False, "nothing_to_check")
    assert "persona" in got["error"]
    assert "create_customer" not in got["error"]
    assert len(shop.calls) == before


def test_what_the_team_wrote_counts_until_an_agent_writes_over_it(
    acme: Tenant, shop: TiendanubeFake, story: Story, use: Callable[..., Any]
) -> None:
    shop.shop.orders[9000100] = order(100)
    buyer(acme, story, email="otra@example.com")
    assert use("order_status", {"number": 100})["why"] == "not_verified"
    use("create_customer", {"email": "ana@example.com"})
    assert use("order_status", {"number": 100})["why"] == "nothing_to_check"
    buyer(acme, story, email="")
    buyer(acme, story, email="ana@example.com")  # a person looked, and wrote it
    assert use("order_status", {"number": 100})["ok"] is True


@pytest.mark.parametrize("by", [SOL, Actor.system("Formulario"), Actor("contact", "", "Quien escribió")])
def test_forms_and_chats_are_no_proof(
    acme: Tenant, shop: TiendanubeFake, story: Story, use: Callable[..., Any], by: Actor
) -> None:
    shop.shop.orders[9000100] = order(100)
    buyer(acme, story, by, email="ana@example.com", phone="+5491155551111")
    assert use("order_status", {"number": 100})["why"] == "nothing_to_check"


@pytest.mark.parametrize(("by", "right"), [(ANA, True), (SOL, False)])
def test_a_further_number_is_proof_when_the_team_wrote_it(
    acme: Tenant, shop: TiendanubeFake, story: Story, use: Callable[..., Any], by: Actor, right: bool
) -> None:
    shop.shop.orders[9000100] = order(100)
    with tenant_context(acme):
        for kind, value in (("phone", "+5491155551111"), ("email", "x@example.com")):
            add_point(contact=story.conversation.contact, kind=kind, value=value, by=by)
    assert use("order_status", {"number": 100})["ok"] is right
    with tenant_context(acme):  # what came with another person's row is of nobody known
        other = make_contact(phone=None, email="")
        merging.merge(kept=story.conversation.contact, other=other, by=ANA)
    assert use("order_status", {"number": 100})["ok"] is False


def whatsapp(
    acme: Tenant, llm: FakeLLM, *, provider: str = "meta_direct", source: str = "whatsapp", **chat: Any
) -> Story:
    employ(acme, llm, tools=TOOLS, channels=["whatsapp", "web"], name="Luz")
    with tenant_context(acme):
        channel = make_channel(provider=provider, channel_source=source)
        return Story(acme, make_conversation(channel=channel, **chat))


def test_the_number_somebody_writes_from_is_proof_whatever_else_was_typed(
    acme: Tenant, shop: TiendanubeFake, story: Story, llm: FakeLLM, use: Callable[..., Any]
) -> None:
    shop.shop.orders[9000100] = order(100)
    with tenant_context(acme):
        contact = make_contact(phone="+5491155551111", email="")
    hers = whatsapp(acme, llm, contact=contact, address="5491155551111")
    use("create_customer", {"email": "ana@example.com", "phone": "+5491144440000"}, by=hers)
    assert use("order_status", {"number": 100}, by=hers)["ok"] is True


def test_a_stranger_at_whatsapp_who_types_the_buyers_number_is_not_the_buyer(
    acme: Tenant, shop: TiendanubeFake, story: Story, llm: FakeLLM, use: Callable[..., Any]
) -> None:
    shop.shop.orders[9000100] = order(100)
    with tenant_context(acme):
        contact = make_contact(phone=None, email="")
    theirs = whatsapp(acme, llm, contact=contact, address="AR.123", address_kind="bsuid")
    use("create_customer", {"phone": "+5491155551111"}, by=theirs)
    assert use("order_status", {"number": 100}, by=theirs)["why"] == "nothing_to_check"
    with tenant_context(acme):
        make_identity(channel=theirs.conversation.channel, contact=contact, kind="wa_id", external_id="5491155551111")
    assert use("order_status", {"number": 100}, by=theirs)["ok"] is True


@pytest.mark.parametrize(("source", "right"), [("whatsapp", True), ("web", False)])
def test_behind_chatwoot_only_whatsapp_knows_the_number(
    acme: Tenant, shop: TiendanubeFake, story: Story, llm: FakeLLM, use: Callable[..., Any], source: str, right: bool
) -> None:
    """At a web page somebody says themselves which number is theirs, and comes to the contact that has it."""
    shop.shop.orders[9000100] = order(100)
    with tenant_context(acme):
        contact = make_contact(phone="+5491155551111", email="")
        if not right:
            update_contact(contact=contact, by=ANA, email="ana@example.com")
    chat = whatsapp(
        acme, llm, provider="chatwoot", source=source, contact=contact, address="9", address_kind="chatwoot"
    )
    assert use("order_status", {"number": 100}, by=chat)["ok"] is right


def test_an_order_behind_many_that_the_number_finds_too_is_found(
    acme: Tenant, shop: TiendanubeFake, story: Story, use: Callable[..., Any]
) -> None:
    """The store looks for "100" everywhere: 1001, 2100, a phone with 100 in it."""
    for number in range(250):
        shop.shop.orders[number] = order(100_000 + number)
    shop.shop.orders[9000100] = order(100)
    buyer(acme, story, email="ana@example.com")
    assert use("order_status", {"number": 100})["ok"] is True
    assert [(each["page"], each["per_page"]) for each in shop.asked("orders")] == [("1", "200"), ("2", "200")]


def test_looking_for_an_order_ends(acme: Tenant, shop: TiendanubeFake, story: Story, use: Callable[..., Any]) -> None:
    for number in range(1100):
        shop.shop.orders[number] = order(100_000 + number, products=[])
    buyer(acme, story, email="ana@example.com")
    assert use("order_status", {"number": 100})["why"] == "not_verified"
    assert len(shop.asked("orders")) == 5


def test_pages_of_orders_are_not_waited_for_without_end(
    acme: Tenant, shop: TiendanubeFake, story: Story, use: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orders, "SECONDS", 0.4)
    shop.slow = 0.3
    for number in range(1100):
        shop.shop.orders[number] = order(100_000 + number, products=[])
    buyer(acme, story, email="ana@example.com")
    assert use("order_status", {"number": 100})["why"] == "away"
    assert len(shop.asked("orders")) == 2


@pytest.mark.parametrize(
    ("moment", "day"),
    [("2026-11-19T01:30:00+0000", "2026-11-18"), ("2026-11-18T23:30:00-0300", "2026-11-18"), ("ayer", None)],
)
def test_the_day_of_an_order_is_the_companys(
    acme: Tenant, shop: TiendanubeFake, story: Story, use: Callable[..., Any], moment: str, day: str | None
) -> None:
    shop.shop.orders[9000100] = order(100, created_at=moment)
    buyer(acme, story, email="ana@example.com")
    assert use("order_status", {"number": 100})["order"].get("bought_on") == day


# --- rehearsed ---------------------------------------------------------------------------------------------------
class TestInARehearsal:
    def tried(self, acme: Tenant, llm: FakeLLM, name: str, arguments: Any, before: Any = (), **visitor: str) -> Any:
        agent = employ(acme, llm, tools=TOOLS, name="Luz", channels=[])
        llm.call(name, arguments)
        llm.say("Listo.")
        setting = Setting(visitor=Visitor(**visitor))
        run = try_agent(tenant=acme, agent=agent, text="hola", by=TEAM, setting=setting, before=before)
        step = next(step for step in run.steps if step["type"] == "tool")
        return run, {"ok": step["ok"], **step["result"]}

    def test_stock_is_as_it_was_last_read_and_numbers_hold(
        self, acme: Tenant, shop: TiendanubeFake, llm: FakeLLM
    ) -> None:
        with tenant_context(acme):
            StoreProduct.objects.update(read_at=timezone.now() - timedelta(hours=3))
        before = len(shop.calls)
        first, got = self.tried(acme, llm, "search_products", {"query": "remera"})
        names = [each["name"] for each in got["products"]]
        _run, got = self.tried(acme, llm, "check_stock", {"product": "la 2"}, before=[first])
        assert (got["ok"], got["product"]["name"], got["live"]) == (True, names[1], False)
        assert "Ensayo" in got["says"]
        assert "hace 3" in got["says"]
        assert "no contesta" not in got["says"]
        assert len(shop.calls) == before
        with tenant_context(acme):
            assert Store.objects.get().state == "connected"

    def test_the_invented_buyer_has_an_invented_order(self, acme: Tenant, shop: TiendanubeFake, llm: FakeLLM) -> None:
        before = len(shop.calls)
        _run, got = self.tried(acme, llm, "order_status", {"number": 100}, email="lara@ejemplo.com")
        assert (got["ok"], got["simulated"], got["order"]["number"]) == (True, True, 100)
        assert got["order"]["payment"] == "pagado"
        assert got["order"]["products"]
        assert "inventado" in got["says"]
        assert len(shop.calls) == before

    def test_who_only_types_an_e_mail_is_refused_as_a_customer_would_be(
        self, acme: Tenant, shop: TiendanubeFake, llm: FakeLLM
    ) -> None:
        first, got = self.tried(acme, llm, "create_customer", {"email": "lara@ejemplo.com"})
        assert got["ok"] is True
        _run, got = self.tried(acme, llm, "order_status", {"number": 100}, before=[first])
        assert (got["ok"], got["why"]) == (False, "nothing_to_check")


def test_an_app_without_the_permission_for_orders_says_so_and_keeps_the_catalogue(
    acme: Tenant, shop: TiendanubeFake, story: Story, use: Callable[..., Any]
) -> None:
    buyer(acme, story, email="ana@example.com")
    shop.shop.status = 403
    assert use("order_status", {"number": 1})["why"] == "not_allowed"
    assert use("search_products", {"query": "remera"})["ok"] is True
