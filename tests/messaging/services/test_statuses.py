"""Ticks: joined in any order, by WhatsApp's id or our own reference, and never to the wrong message."""

import pytest

from config.lib.errors import Conflict
from crm.models import Notification
from messaging.domain.timing import MOST_ATTEMPTS
from messaging.models import Channel, Message, PendingStatus
from messaging.providers.base import Delivery
from messaging.services import channel_health, channels, delivery, outbound, pace, statuses
from tenants.context import tenant_context
from tenants.live.models import LiveEvent
from tenants.models import Tenant
from tenants.services import tenant_settings
from tests.fakes import graph_events as wire
from tests.fakes.graph import GraphFake, Rule
from tests.messaging.services.saying import Agent, Number, Worker, make_number
from tests.support.cast import Person


@pytest.fixture
def answered(number: Number, agent: Agent, worker: Worker, graph: GraphFake) -> Number:
    agent.reply = "Hola, Ana."
    number.says("hola")
    worker.run()
    assert len(graph.sends) == 1
    return number


def state(number: Number) -> str:
    (row,) = number.messages(direction="out")
    return row.status


def test_ticks_follow_the_notices_and_are_seen_live(answered: Number, graph: GraphFake) -> None:
    wamid = graph.sends[0]["id"]
    for step in ("sent", "delivered", "read"):
        answered.reports(wamid, step)
        assert state(answered) == step
    with tenant_context(answered.tenant):
        live = [row.data.get("status") for row in LiveEvent.objects.filter(type="MESSAGE_STATUS").order_by("id")]
    assert live[-2:] == ["delivered", "read"]


def test_late_notices_do_not_take_a_tick_away(answered: Number, graph: GraphFake) -> None:
    wamid = graph.sends[0]["id"]
    for step in ("read", "delivered", "sent", "failed"):
        answered.reports(wamid, step)

    assert state(answered) == "read"


def test_a_failure_says_why(answered: Number, graph: GraphFake) -> None:
    answered.reports(graph.sends[0]["id"], "failed", error=131026)

    (row,) = answered.messages(direction="out")
    assert (row.status, row.error_code) == ("failed", "131026")
    assert row.error


def test_a_notice_that_comes_before_the_answer_of_the_send_call_is_joined(
    number: Number, agent: Agent, worker: Worker, graph: GraphFake, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = delivery._record_sent

    def late(claimed: delivery.Claimed, given: Delivery) -> None:
        notice = {"provider_message_id": given.provider_message_id, "status": "delivered", "at": worker.clock.at}
        PendingStatus.objects.create(channel=number.channel, **notice)
        record(claimed, given)

    monkeypatch.setattr(delivery, "_record_sent", late)
    agent.reply = "Hola"
    number.says("hola")
    worker.run()

    assert state(number) == "delivered"
    with tenant_context(number.tenant):
        assert not PendingStatus.objects.exists()


def test_a_notice_without_our_reference_waits_for_the_message(answered: Number, acme: Tenant) -> None:
    answered.reports("wamid.later", "delivered")
    answered.reports("wamid.later", "delivered")
    with tenant_context(acme):
        assert PendingStatus.objects.count() == 1
        Message.objects.filter(direction="out").update(provider_message_id="wamid.later")
        assert statuses.join_late() == 1
        assert not PendingStatus.objects.exists()

    assert state(answered) == "delivered"


def test_our_reference_finds_a_message_whose_answer_was_lost(
    number: Number, agent: Agent, worker: Worker, graph: GraphFake
) -> None:
    graph.script(Rule("drop"))
    agent.reply = "Hola"
    number.says("hola")
    worker.run()
    assert state(number) == "unknown"
    entry = graph.sends[0]
    number.reports(entry["id"], "read", client_ref=entry["client_ref"])

    (row,) = number.messages(direction="out")
    assert (row.status, row.provider_message_id) == ("read", entry["id"])


def test_news_of_a_first_attempt_are_not_news_of_the_second(
    answered: Number, worker: Worker, graph: GraphFake, ana: Person
) -> None:
    first = graph.sends[0]
    answered.reports(first["id"], "failed", error=131026)
    with tenant_context(answered.tenant):
        outbound.retry_message(message=answered.messages(direction="out")[0], by=ana.actor)
    worker.run()
    second = graph.sends[1]
    answered.takes(
        wire.statuses(
            wire.status(first["id"], "failed", client_ref=first["client_ref"], error=131026, again="yes"),
        )
    )
    assert state(answered) == "sent"
    answered.reports(second["id"], "delivered", client_ref=second["client_ref"])

    assert state(answered) == "delivered"


# --- failures that come after the call was accepted ---


def fails(number: Number, graph: GraphFake, code: int, *, which: int = -1, **more: object) -> None:
    entry = graph.sends[which]
    number.reports(entry["id"], "failed", error=code, client_ref=entry["client_ref"], **more)


@pytest.mark.parametrize("code", [131042, 131045])
def test_a_late_refusal_of_the_account_marks_the_channel_and_its_keepers_hear_of_it(
    answered: Number, graph: GraphFake, worker: Worker, ana: Person, code: int
) -> None:
    fails(answered, graph, code)

    (row,) = answered.messages(direction="out")
    channel = answered.conversation().channel
    assert (row.status, row.error_code, channel.status) == ("failed", str(code), "needs_reconnect")
    assert channel.status_detail == row.error
    channel_health.look_after(tenant=answered.tenant)
    with tenant_context(answered.tenant):
        told = [row.facts["title"] for row in Notification.objects.filter(user=ana.user)]
    assert told == [f"hay que volver a conectar «{channel.name}»"]


def test_a_call_that_is_accepted_does_not_heal_what_is_refused_late_but_a_test_does(
    answered: Number, graph: GraphFake, worker: Worker, ana: Person
) -> None:
    fails(answered, graph, 131042)
    with tenant_context(answered.tenant):
        outbound.retry_message(message=answered.messages(direction="out")[0], by=ana.actor)
    worker.run()
    assert (state(answered), answered.conversation().channel.status) == ("sent", "needs_reconnect")

    channels.check(tenant=answered.tenant, channel_id=answered.channel.pk)
    assert answered.conversation().channel.status == "connected"


def test_an_old_refusal_that_is_told_again_does_not_take_back_a_good_look_at_the_channel(
    answered: Number, graph: GraphFake, worker: Worker, ana: Person
) -> None:
    before = worker.clock.stamp()
    worker.clock.forward(3600)
    with tenant_context(answered.tenant):
        Channel.objects.update(status="connected", checked_at=worker.clock.at)
    fails(answered, graph, 131042, timestamp=before)

    assert (state(answered), answered.conversation().channel.status) == ("failed", "connected")


@pytest.mark.parametrize("code", [130429, 131056, 131000, 131016])
def test_what_was_not_delivered_for_a_passing_trouble_goes_again_by_itself(
    answered: Number, graph: GraphFake, worker: Worker, code: int
) -> None:
    began = worker.clock.at
    fails(answered, graph, code)
    (row,) = answered.messages(direction="out")
    assert (row.status, row.provider_message_id, row.error_code) == ("queued", None, str(code))

    worker.run()
    (row,) = answered.messages(direction="out")
    assert (row.status, row.attempts, row.provider_message_id) == ("sent", 2, graph.sends[1]["id"])
    assert (row.sent_at - began).total_seconds() >= 4

    fails(answered, graph, code, which=0, again="yes")  # once more about the first try
    assert state(answered) == "sent"
    answered.reports(graph.sends[1]["id"], "delivered", client_ref=graph.sends[1]["client_ref"])
    assert state(answered) == "delivered"
    assert answered.conversation().channel.status != "needs_reconnect"


def test_a_late_trouble_that_stays_ends_as_a_failure(answered: Number, graph: GraphFake, worker: Worker) -> None:
    for _try in range(MOST_ATTEMPTS):
        fails(answered, graph, 131000)
        worker.run(seconds=3600)

    assert (state(answered), len(graph.sends)) == ("failed", MOST_ATTEMPTS)


@pytest.fixture
def two(number: Number, agent: Agent, worker: Worker, graph: GraphFake) -> Number:
    """The first of two bubbles has left."""
    agent.reply = "uno\n\ndos"
    number.says("hola")
    worker.run(seconds=until_the_turn(number))
    assert [entry["text"] for entry in graph.sends] == ["uno"]
    return number


def until_the_turn(number: Number) -> float:
    """Until the buffer of the turn is over, and less than the distance of two bubbles more."""
    with tenant_context(number.tenant):
        return tenant_settings.of(number.tenant).buffer_seconds + 1


def test_the_next_bubble_waits_for_the_one_that_goes_again(two: Number, graph: GraphFake, worker: Worker) -> None:
    fails(two, graph, 131000)
    worker.run()

    assert [entry["text"] for entry in graph.sends] == ["uno", "uno", "dos"]
    assert [status for _text, status in two.out()] == ["sent", "sent"]


def test_what_others_have_overtaken_is_left_to_a_person(two: Number, graph: GraphFake, worker: Worker) -> None:
    worker.run()
    fails(two, graph, 131000, which=0)
    worker.run()

    assert [entry["text"] for entry in graph.sends] == ["uno", "dos"]
    assert [status for _text, status in two.out()] == ["failed", "sent"]


def test_an_answer_to_what_is_no_longer_the_last_word_does_not_go_again(
    answered: Number, graph: GraphFake, worker: Worker, agent: Agent
) -> None:
    agent.reply = ""
    answered.says("perdón, quería gorras")
    fails(answered, graph, 131000)

    assert state(answered) == "failed"


def test_what_was_written_on_the_phone_is_not_ours_to_send_again(number: Number, worker: Worker) -> None:
    number.says("hola")
    number.echoes("Ya te atiendo")
    (row,) = [each for each in number.messages(direction="out") if each.payload.get("echo")]
    number.reports(str(row.provider_message_id), "failed", error=131000)

    (row,) = [each for each in number.messages(direction="out") if each.payload.get("echo")]
    assert row.status == "failed"


def test_what_failed_long_ago_is_not_said_out_of_the_blue(answered: Number, graph: GraphFake, worker: Worker) -> None:
    worker.clock.forward(statuses.FRESH.total_seconds() + 1)
    fails(answered, graph, 131000)

    assert state(answered) == "failed"


def test_a_late_word_of_going_too_fast_slows_the_whole_channel(
    answered: Number, graph: GraphFake, worker: Worker
) -> None:
    fails(answered, graph, 130429)
    with tenant_context(answered.tenant):
        wait, _told = pace.wait(answered.channel.pk, message="another", per_second=50.0, now=worker.clock.at)

    assert wait >= 3


def test_news_of_an_earlier_try_is_no_news_of_the_next(answered: Number, graph: GraphFake, worker: Worker) -> None:
    entry = graph.sends[0]
    with tenant_context(answered.tenant):
        Message.objects.filter(direction="out").update(provider_message_id="wamid.second")
    answered.reports("wamid.first", "failed", error=131047, client_ref=entry["client_ref"])
    assert state(answered) == "sent"


def test_a_refused_call_that_is_told_once_more_waits_for_its_next_try(
    answered: Number, graph: GraphFake, worker: Worker
) -> None:
    entry = graph.sends[0]
    with tenant_context(answered.tenant):
        Message.objects.filter(direction="out").update(provider_message_id=None, status="queued", attempts=1)
    answered.reports("wamid.refused", "failed", error=130429, client_ref=entry["client_ref"])
    assert state(answered) == "queued"
    (row,) = answered.messages(direction="out")
    assert row.payload["earlier_ids"] == ["wamid.refused"]


def test_a_notice_about_another_companys_message_touches_nothing(
    answered: Number, globex: Tenant, graph: GraphFake
) -> None:
    other = make_number(globex)
    entry = graph.sends[0]
    other.reports(entry["id"], "read", client_ref=entry["client_ref"])

    assert state(answered) == "sent"


def test_a_notice_about_the_customers_own_message_changes_nothing(number: Number) -> None:
    wamid = number.says("hola")
    number.reports(wamid, "read")

    assert [row.status for row in number.messages()] == ["received"]


def test_a_retry_is_only_for_what_did_not_leave(answered: Number, ana: Person) -> None:
    with tenant_context(answered.tenant), pytest.raises(Conflict):
        outbound.retry_message(message=answered.messages(direction="out")[0], by=ana.actor)


def test_notices_that_never_found_their_message_are_dropped_after_some_days(
    number: Number, acme: Tenant, worker: Worker
) -> None:
    number.reports("wamid.stranger", "delivered")
    worker.clock.forward(statuses.KEEP_PENDING.total_seconds() + 1)
    with tenant_context(acme):
        assert statuses.forget_old_pending() == 1
