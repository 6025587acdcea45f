import logging
from collections.abc import Callable
from typing import Any

import pytest

from agents.services.agents import create_agent
from messaging.models import Channel
from messaging.services.channels import create_channel
from tenants.context import tenant_context
from tenants.services.vault import put_credential
from tests.fakes.graph import GraphFake
from tests.fakes.llm import FakeLLM
from tests.messaging.services.saying import BY, Worker, make_number, stop_time
from tests.privacy.person import Story, Zoe
from tests.support.cast import Cast
from tests.support.tasks import Queue


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Every word of every logger."""
    caplog.set_level(logging.DEBUG)
    return caplog


@pytest.fixture
def story(
    live_tenants: Cast,
    graph: GraphFake,
    llm: FakeLLM,
    queued: Queue,
    monkeypatch: pytest.MonkeyPatch,
    api_as: Callable[..., Any],
) -> Story:
    acme = live_tenants.acme
    worker = Worker(stop_time(monkeypatch), queued)
    number = make_number(acme)
    with tenant_context(acme):
        put_credential(category="openai", name="API_KEY", value="sk-of-acme", by=BY)
        put_credential(category="openai", name="BASE_URL", value=llm.base_url, by=BY)
        tools = ["create_customer", "qualify_lead", "handoff_to_human", "report_assistance"]
        create_agent(
            by=BY,
            name="Lía",
            model_provider="openai",
            model_version="gpt-4o-mini",
            system_prompt_template="Ayudar.",
            enabled_tools=tools,
            channels=["whatsapp"],
        )
        shop: Channel = create_channel(
            provider="web", channel_source="web", name="Sitio", config={"allowed_domains": []}, by=BY
        )
    return Story(
        number=number, shop=shop, worker=worker, graph=graph, llm=llm, ana=live_tenants["ana"], api=api_as("ana")
    )


@pytest.fixture
def zoe(story: Story) -> Zoe:
    return story.tell()
