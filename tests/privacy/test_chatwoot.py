"""Chatwoot calls people and chats by small numbers: erasing one of them leaves whatever else has the same number."""

import pytest

from messaging.ingest.models import InboundEvent
from messaging.services import privacy, privacy_raw
from tenants.context import tenant_context
from tenants.domain.privacy import Subject
from tenants.models import Tenant
from tests.factories.messaging import make_channel, make_conversation, make_identity, make_inbound_event
from tests.fakes import chatwoot_events as wire


@pytest.mark.parametrize("door", ["own", "beside"])
def test_a_person_without_a_phone_is_found_by_place_and_not_by_number(acme: Tenant, door: str) -> None:
    with tenant_context(acme):
        own, beside, elsewhere = (
            make_channel(
                provider="chatwoot", channel_source="web", config={"account_id": account, "inbox_id": str(inbox)}
            )
            for account, inbox in (("1", 7), ("1", 8), ("2", 7))
        )
        contact = make_identity(channel=own, kind="chatwoot_contact", external_id="163").contact
        chat = {"address_kind": "chatwoot", "address": "150"}
        make_conversation(channel=own, contact=contact, **chat)
        body = {
            "hers": wire.message(
                sender=wire.contact(id=163, phone_number=None), conversation=wire.conversation(id=150)
            ),
            "his": wire.message(sender=wire.contact(id=150, phone_number=None), conversation=wire.conversation(id=163)),
        }
        at = own if door == "own" else beside
        stored = {
            name: make_inbound_event(channel=at, raw=wire.dump(each).decode(), state="done")
            for name, each in body.items()
        }
        twin = make_inbound_event(channel=elsewhere, raw=wire.dump(body["hers"]).decode(), state="done")
        subject = Subject(str(contact.pk))
        privacy.find(subject)

        told = list(privacy_raw.received(acme, subject))
        ids = privacy_raw.event_ids(acme, subject)
        privacy_raw.forget_events(acme, subject, ids, before=twin.received_at)

        assert [each["content"] for each in told] == [body["hers"]]
        for row in (*stored.values(), twin):
            row.refresh_from_db()
        assert stored["hers"].raw == privacy_raw.NOTHING
        assert '"id":150' in stored["his"].raw.replace(" ", "")
        assert twin.raw != privacy_raw.NOTHING


def test_chats_of_who_is_erased_are_marked_where_they_are_and_nowhere_else(acme: Tenant) -> None:
    with tenant_context(acme):
        own, elsewhere = (
            make_channel(
                provider="chatwoot", channel_source="web", config={"account_id": account, "inbox_id": str(inbox)}
            )
            for account, inbox in (("1", 7), ("2", 7))
        )
        contact = make_identity(channel=own, kind="chatwoot", external_id="150").contact
        make_conversation(channel=own, contact=contact, external_chatwoot_id="151", provider="chatwoot")

        privacy.forget_words(acme, Subject(str(contact.pk)))

        numbers = ["150", "151", "152"]
        assert privacy_raw.erased_until(acme, own, numbers).keys() == {"150", "151"}
        assert privacy_raw.erased_until(acme, elsewhere, numbers) == {}
        marks = InboundEvent.objects.filter(tenant_id=acme.pk)
        assert {(row.raw, row.state) for row in marks} == {(privacy_raw.NOTHING, "done")}
