"""A webhook body that speaks of several people loses one of them and nothing else."""

import json
from typing import Any

import pytest

from messaging.domain.pruning import prune
from messaging.services.privacy_raw import names_a_phone
from tests.fakes import graph_events as wire

HERS, OTHER = "5491166667777", "5491177778888"


def value(body: Any) -> Any:
    return body["entry"][0]["changes"][0]["value"]


def test_messages_cards_and_statuses_of_the_person_go_and_the_others_stay_as_they_were() -> None:
    mine, theirs = wire.text("mía", sender=HERS), wire.text("de otra", sender=OTHER)
    cards = [wire.contact(wa_id=HERS), wire.contact(name="Luz", wa_id=OTHER)]
    body = wire.inbound(mine, theirs, contacts=cards)
    value(body)["statuses"] = [{"id": "wamid.1", "recipient_id": HERS}, {"id": "wamid.2", "recipient_id": OTHER}]
    split = prune(body, {HERS})
    assert value(split.rest)["messages"] == [theirs]
    assert value(split.rest)["contacts"] == [cards[1]]
    assert value(split.rest)["statuses"] == [{"id": "wamid.2", "recipient_id": OTHER}]
    assert mine in split.taken
    assert HERS not in json.dumps(split.rest)


def test_what_somebody_else_says_of_the_person_is_theirs_and_stays() -> None:
    card = {"phones": [{"wa_id": HERS}]}
    theirs = wire.message("contacts", [card], sender=OTHER)
    assert prune(wire.inbound(theirs), {HERS}).taken == []


@pytest.mark.parametrize("spelled", [HERS, f"+{HERS}", int(HERS)])
def test_a_body_of_an_unknown_shape_loses_the_innermost_entry(spelled: object) -> None:
    body = {"state_sync": [{"contact": {"phone_number": spelled}}, {"contact": {"phone_number": OTHER}}]}
    assert prune(body, {HERS}).rest == {"state_sync": [{"contact": {"phone_number": OTHER}}]}


def test_a_body_about_nobody_else_is_gone_whole() -> None:
    body = {"visitor_id": "v-1", "text": "hola"}
    assert prune(body, {"v-1"}).rest is None
    assert prune(body, {"v-2"}).rest == body
    assert not prune(body, {"v-2"}).found


def test_a_provider_id_that_holds_the_phone_is_known_in_base64_too() -> None:
    assert names_a_phone("wamid.HBgNNTQ5MTE2NjY2Nzc3NxUC", [HERS])
    assert names_a_phone(f"true_{HERS}@c.us", [HERS])
    assert not names_a_phone("wamid.HBgNNTQ5MTE3Nzc3ODg4OBUC", [HERS])
    assert not names_a_phone("no base64 at all ñ", ["123"])
