"""Markup and endless words in everything people can write: nothing runs, and no page grows wider than its screen."""

from collections.abc import Callable

import pytest
from django.utils import timezone
from playwright.sync_api import Page

from agents.models import AgentRun
from crm.models import StageChange
from messaging.models import Conversation
from tenants.context import tenant_context
from tests.browser.conftest import Site, overflows
from tests.factories.agents import make_run, make_tool_call, make_version
from tests.factories.crm import initial_stage, make_contact, make_lead, make_seller
from tests.factories.messaging import make_attachment, make_channel, make_conversation, make_message
from tests.factories.rag import make_document
from tests.flows.hostile import ALL, LONG_WORD, TEXTS, WORDS

pytestmark = [pytest.mark.browser, pytest.mark.slow]
# What people read in places that scroll on their own, where the page's width says nothing.
CUT = """[...document.querySelectorAll('.thread *, .card-box *')].filter(each => {
    const box = each.getBoundingClientRect()
    return box.width && (box.right > innerWidth + 1 || box.left < -1) && !each.closest('.sr-only, pre, .tabs-line')
}).map(each => `${each.tagName}.${each.className}`).slice(0, 5)"""
EVIL = f"{WORDS['script']} {WORDS['attribute']} {LONG_WORD}"


def _hostile_run(chat: Conversation) -> AgentRun:
    run = make_run(
        conversation_id=chat.pk,
        agent=make_version(published_by=LONG_WORD[:160]).agent,
        model=LONG_WORD[:80],
        reply=EVIL,
        error=LONG_WORD[:400],
        flags=[LONG_WORD],
        steps=[
            {"type": "model", "text": EVIL, "ms": 1, "tools": [{"name": LONG_WORD, "arguments": EVIL}]},
            {"type": "tool", "name": LONG_WORD, "ok": False, "refusal": EVIL, "arguments": {"x": LONG_WORD}},
        ],
    )
    run.agent.name, run.agent.role, run.agent.system_prompt_template = LONG_WORD[:80], EVIL[:200], ALL
    run.agent.save()
    make_tool_call(run=run)
    return run


def infested(site: Site) -> list[str]:
    """acme with hostile words everywhere; the pages that show them."""
    with tenant_context(site.cast.acme):
        stage = initial_stage()
        contact = make_contact(name=LONG_WORD[:200], phone=None, email="a@example.com", notes=EVIL)
        seller = make_seller(name=LONG_WORD[:120])
        lead = make_lead(
            contact=contact,
            owner=seller,
            source=LONG_WORD[:60],
            needs=EVIL,
            budget=LONG_WORD[:200],
            timeline=EVIL[:200],
            tags=[LONG_WORD[:40]],
            score_reasons=[LONG_WORD],
        )
        StageChange.objects.create(
            lead=lead, source=stage, target=stage, actor_kind="user", actor_label=LONG_WORD[:160], reason=EVIL[:300]
        )
        make_lead(contact=make_contact(name=EVIL[:200]), needs=LONG_WORD)
        channel = make_channel(name=LONG_WORD[:120], status_detail=EVIL[:300])
        chat = make_conversation(
            contact=contact,
            channel=channel,
            mode="human",
            mode_reason=LONG_WORD[:300],
            waiting_since=timezone.now(),
            last_message_preview=LONG_WORD[:160],
        )
        run = _hostile_run(chat)
        for text in (*TEXTS.values(), EVIL, LONG_WORD):
            make_message(conversation=chat, text=text)
        make_message(conversation=chat, direction="out", text=EVIL, status="failed", error=LONG_WORD[:400])
        message = make_message(conversation=chat, kind="document", text="")
        make_attachment(
            message=message, kind="document", mime="application/pdf", filename=LONG_WORD[:240], state="ready"
        )
        make_document(title=LONG_WORD[:200], filename=LONG_WORD[:255], status="failed", error=EVIL)
    return [
        "/mi-dia/",
        "/bandeja/",
        f"/bandeja/{chat.pk}/",
        f"/bandeja/{chat.pk}/ficha/",
        "/leads/",
        f"/leads/{lead.pk}/",
        f"/leads/{lead.pk}/editar/",
        "/canales/",
        f"/canales/{channel.pk}/",
        "/conocimiento/",
        f"/conocimiento/probar/?q={LONG_WORD}",
        "/agentes/",
        f"/agentes/{run.agent_id}/",
        f"/agentes/turnos/{run.pk}/",
    ]


def test_no_hostile_word_runs_or_widens_a_page(open_as: Callable[..., Page], site: Site) -> None:
    paths = site.do(infested, site)
    wrong = []
    for size in ({"width": 360, "height": 740}, {"width": 1280, "height": 800}):
        page = open_as("ana", paths[0], phone=size["width"] == 360)
        for path in paths:
            page.goto(path)
            if overflows(page):
                wrong.append(f"{path} is {page.evaluate('document.documentElement.scrollWidth')} at {size['width']}")
            wrong += [f"{path} cuts {each} at {size['width']}" for each in page.evaluate(CUT)]
        # The page's own rules would refuse an inline script, and a script that ran would not find its function.
        wrong += [said for said in page.complaints if "zz9" in said or "Content Security" in said]  # type: ignore[attr-defined]
    assert wrong == [], "\n".join(wrong)
