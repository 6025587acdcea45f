"""A Monday morning with Sol at her desk; and acme's store, with a few products."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine
from django.conf import settings

from agents.models import AgentRun
from agents.services.toolbox import LiveToolbox
from crm.models import Contact, Seller
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.agents.services.story import Story, employ
from tests.agents.tools.agenda import HOURS, NOW, desk_of
from tests.agents.tools.shop import TOOLS, stock_up
from tests.factories.crm import make_lead, make_seller
from tests.fakes.llm import FakeLLM
from tests.fakes.tiendanube import TiendanubeFake, product, variant
from tests.support.tasks import Queue


@pytest.fixture
def monday() -> Iterator[None]:
    with time_machine.travel(NOW, tick=True):
        yield


@pytest.fixture
def sol_sells(acme: Tenant) -> Seller:
    with tenant_context(acme):
        return make_seller(name="Sol", working_hours=HOURS)


@pytest.fixture
def desk(acme: Tenant, story: Story, sol_sells: Seller) -> LiveToolbox:
    """The agenda's tools acting for the story's contact, whose interest is known."""
    with tenant_context(acme):
        make_lead(contact=Contact.objects.get(pk=story.conversation.contact_id), interest="high")
    return desk_of(acme, story)


@pytest.fixture
def nube(monkeypatch: pytest.MonkeyPatch) -> Iterator[TiendanubeFake]:
    with TiendanubeFake() as fake:
        monkeypatch.setattr(settings, "TIENDANUBE_BASE_URL", fake.base_url)
        yield fake


@pytest.fixture
def shop(acme: Tenant, nube: TiendanubeFake, queued: Queue) -> TiendanubeFake:
    """Acme's store with four products, read a moment ago."""
    nube.shop.add(
        product(1, "Remera lisa", variant(10, "2500.00", 3, "S", "Azul", promotional_price="1999.00"),
                variant(11, "2500.00", 0, "M", "Azul"), description={"es": "<p>De <b>algodón</b></p>"}),
        product(2, "Remera rock", variant(20, "3500.00", 2, "M")),
        product(3, "Lámpara", variant(30, None, None)),
        product(4, "Gorra", variant(40, "900.00", 0)),
    )  # fmt: skip
    stock_up(acme, queued)
    return nube


@pytest.fixture
def use(acme: Tenant, story: Story, llm: FakeLLM) -> Callable[..., Any]:
    """`use(tool, arguments)`: the customer writes, the agent uses the tool; what came back to the model."""
    employ(acme, llm, tools=TOOLS)

    def used(name: str, arguments: Any, *, by: Story = story, says: str = "Listo.") -> Any:
        llm.call(name, arguments)
        llm.say(says)
        run = by.hear("hola")
        assert run.status == AgentRun.Status.DONE, (run.status, run.steps)
        return json.loads(llm.requests[-1]["messages"][-1]["content"])

    return used
