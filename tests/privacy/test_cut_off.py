"""An erasure that is killed anywhere goes on where it was, and what is being written meanwhile is waited for."""

import json
import struct
import zlib
from collections.abc import Callable
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from django.utils import timezone

from agents.models import AgentRun, PrivacyRequest
from agents.privacy import copies, erasure, requests
from agents.services import privacy as agents
from crm.models import Contact
from crm.services import privacy as crm
from messaging.ingest.models import InboundEvent
from messaging.models import Message
from messaging.services import privacy as messaging
from messaging.services import privacy_raw as raw
from messaging.services.turns import LONGEST_SECONDS
from tenants.context import tenant_context
from tenants.models import SystemEvent
from tenants.services import redaction
from tests.fakes import graph_events as wire
from tests.privacy.person import MARK, PHONE, Story, Zoe
from tests.privacy.test_canary import everywhere
from tests.support.services import Services
from tests.support.together import at_once


class Killed(BaseException):
    """As kill -9: nothing catches it, and the open transaction is lost."""


def asked(zoe: Zoe, story: Story) -> UUID:
    with tenant_context(zoe.tenant):
        contact = Contact.objects.get(pk=zoe.contact_id)
        return requests.ask_erasure(contact=contact, by=story.ana.actor, confirm=str(contact)).pk


def once(patch: pytest.MonkeyPatch, place: Any, name: str, *, before: bool) -> None:
    """Die at the first call of `place.name`, before or right after its work."""
    original, died = getattr(place, name), []

    def dying(*args: Any, **kwargs: Any) -> Any:
        if died:
            return original(*args, **kwargs)
        died.append(1)
        if before:
            raise Killed(name)
        original(*args, **kwargs)
        raise Killed(name)

    patch.setattr(place, name, dying)


def around_steps(patch: pytest.MonkeyPatch) -> None:
    """Die before each step, and after each: done and committed, but not yet noted as done."""
    died: set[str] = set()

    def dying(name: str, step: erasure.Step) -> erasure.Step:
        def run(tenant: Any, pk: UUID) -> None:
            if f"before {name}" not in died:
                died.add(f"before {name}")
                raise Killed(f"before {name}")
            step(tenant, pk)
            if f"after {name}" not in died:
                died.add(f"after {name}")
                raise Killed(f"after {name}")

        return run

    patch.setattr(erasure, "STEPS", tuple((name, dying(name, step)) for name, step in erasure.STEPS))


INSIDE = [
    (messaging, "fence"), (messaging, "forget_words"), (messaging, "forget"), (crm, "forget"), (agents, "forget"),
    (raw, "forget_spool"), (raw, "forget_events"), (raw, "forget_notices"), (redaction, "forget_live"),
    (copies, "forget_of"), (raw, "forget_keys"), (redaction, "forget_emails"), (redaction, "redact"), (crm, "tell"),
]  # fmt: skip


@pytest.mark.slow
def test_killed_at_every_step_and_inside_of_each_it_ends_the_same(
    zoe: Zoe, story: Story, test_services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    pk = asked(zoe, story)
    around_steps(monkeypatch)
    for place, name in INSIDE:
        once(monkeypatch, place, name, before=False)
    kills, done = 0, False
    while not done:
        try:
            done = requests.work(tenant=zoe.tenant, request_id=pk)
        except Killed:
            kills += 1
        assert kills < 100
    assert kills == 2 * len(erasure.STEPS) + len(INSIDE)
    assert everywhere(zoe, test_services) == []
    with tenant_context(zoe.tenant):
        row = PrivacyRequest.objects.get(pk=pk)
        assert (row.state, row.subject, row.error) == ("done", {}, "")
        told = SystemEvent.objects.get(tenant=zoe.tenant, action="person.erased")
        emptied = SystemEvent.objects.filter(tenant=zoe.tenant, redacted_at__isnull=False)
        assert sorted(emptied.values_list("position", flat=True)) == told.diff["redacted"] == row.redacted


@pytest.mark.slow
def test_two_workers_at_once_make_one_end_of_it(zoe: Zoe, story: Story, test_services: Services) -> None:
    pk = asked(zoe, story)
    works: list[Callable[[], object]] = [lambda: requests.work(tenant=zoe.tenant, request_id=pk)] * 2
    at_once(works, nullcontext)
    assert requests.work(tenant=zoe.tenant, request_id=pk)
    assert everywhere(zoe, test_services) == []
    with tenant_context(zoe.tenant):
        assert SystemEvent.objects.filter(tenant=zoe.tenant, action="person.erased").count() == 1


@pytest.mark.slow
def test_an_agent_in_the_middle_of_its_turn_says_nothing_more_and_leaves_nothing_behind(
    zoe: Zoe, story: Story, test_services: Services
) -> None:
    sent, seen = len(story.graph.sends), []
    pk = asked(zoe, story)
    with tenant_context(zoe.tenant):
        chat = zoe_chat(zoe)
        chat.mode, chat.human_override_until = "ai", None
        chat.save()
    story.worker.queued.clear()  # it begins in the middle of the turn and not before
    original = story.llm.brain

    def meanwhile(request: dict[str, Any]) -> Any:
        if not seen:
            seen.append(requests.work(tenant=zoe.tenant, request_id=pk))
        return original(request) if original else None

    story.llm.brain = meanwhile
    story._says(f"¿Sigue ahí? {MARK}-tarde")
    story.worker.run(seconds=120)
    assert seen == [False]  # it waited for the turn
    assert requests.work(tenant=zoe.tenant, request_id=pk)
    assert len(story.graph.sends) == sent
    assert everywhere(zoe, test_services) == []


def zoe_chat(zoe: Zoe) -> Any:
    return Contact.objects.get(pk=zoe.contact_id).conversations.get(channel=zoe.channel)


@pytest.mark.slow
def test_whatever_is_being_written_is_waited_for(zoe: Zoe, story: Story, test_services: Services) -> None:
    pk = asked(zoe, story)

    def waits() -> str:
        assert not requests.work(tenant=zoe.tenant, request_id=pk)
        with tenant_context(zoe.tenant):
            row = PrivacyRequest.objects.get(pk=pk)
        assert row.due_at is not None
        return row.error

    with tenant_context(zoe.tenant):
        bubble = Message.objects.filter(conversation=zoe_chat(zoe), direction="out").first()
        Message.objects.filter(pk=bubble.pk).update(status="sending", sending_since=timezone.now())
        run = AgentRun.objects.create(conversation_id=zoe_chat(zoe).pk, reply=f"{MARK}-a-medias")
    assert "turn" in waits()
    with tenant_context(zoe.tenant):
        AgentRun.objects.filter(pk=run.pk).update(status="done")
    assert "sent" in waits()
    with tenant_context(zoe.tenant):
        Message.objects.filter(pk=bubble.pk).update(status="sent")
        late = InboundEvent.objects.filter(tenant_id=zoe.tenant.pk, raw__contains=PHONE).first()
        InboundEvent.objects.filter(tenant_id=zoe.tenant.pk, pk=late.pk).update(
            state="received", lease_until=timezone.now() + timedelta(seconds=20)
        )
    spool = held_by_the_door(zoe)
    assert "door" in waits()
    spool.unlink()
    assert "webhook" in waits()
    story.worker.clock.forward(30)
    assert requests.work(tenant=zoe.tenant, request_id=pk)
    assert everywhere(zoe, test_services) == []


def held_by_the_door(zoe: Zoe) -> Path:
    mine = wire.dump(wire.inbound(wire.text(f"{MARK}-en-el-disco", sender=PHONE))).decode()
    body = json.dumps([zoe.tenant.pk, "meta_direct", str(zoe.channel.pk), "d" * 64, mine]).encode()
    path = Path(settings.DATA_DIR) / "spool" / "2-2.spool"
    path.write_bytes(struct.pack(">II", len(body), zlib.crc32(body)) + body)
    return path


@pytest.mark.slow
def test_a_turn_whose_worker_died_does_not_hold_it_up_for_ever(zoe: Zoe, story: Story, test_services: Services) -> None:
    with tenant_context(zoe.tenant):
        AgentRun.objects.create(conversation_id=zoe_chat(zoe).pk, reply=f"{MARK}-muerto")
    pk = asked(zoe, story)
    assert not requests.work(tenant=zoe.tenant, request_id=pk)
    with tenant_context(zoe.tenant):
        old = timezone.now() - timedelta(seconds=LONGEST_SECONDS + 1)
        AgentRun.objects.filter(reply=f"{MARK}-muerto").update(created_at=old)
    assert requests.work(tenant=zoe.tenant, request_id=pk)
    assert everywhere(zoe, test_services) == []


@pytest.mark.slow
def test_a_message_that_comes_while_she_is_erased_goes_with_her_and_a_later_one_is_somebody_new(
    zoe: Zoe, story: Story, test_services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    pk = asked(zoe, story)
    original = messaging.forget_words

    def meanwhile(*args: Any, **kwargs: Any) -> list[str]:
        gone = original(*args, **kwargs)
        if not gone and not came:
            came.append(1)
            at_once([lambda: story._says(f"¡Otra cosa! {MARK}-tarde")], nullcontext)
        return gone

    came: list[int] = []
    monkeypatch.setattr(messaging, "forget_words", meanwhile)
    assert requests.work(tenant=zoe.tenant, request_id=pk)
    assert came
    assert everywhere(zoe, test_services) == []


@pytest.mark.slow
def test_without_waiting_for_the_turn_its_trace_would_come_back(
    zoe: Zoe, story: Story, test_services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the waiting is for: a turn that ends after its trace was emptied writes it again."""
    monkeypatch.setattr(agents, "settled", lambda _subject: None)
    with tenant_context(zoe.tenant):
        run = AgentRun.objects.filter(conversation_id=zoe_chat(zoe).pk).first()
    assert requests.work(tenant=zoe.tenant, request_id=asked(zoe, story))
    with tenant_context(zoe.tenant):
        run.save()
    assert any("agents_agentrun" in each for each in everywhere(zoe, test_services))
