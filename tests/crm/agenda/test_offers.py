"""Offers: signed for one company, good for some minutes, and not to be forged."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from config.lib.errors import Invalid
from crm.agenda import offers
from crm.models import Seller
from tenants.context import tenant_context
from tests.factories.agenda import make_agenda_settings, make_event, make_service
from tests.factories.crm import make_contact, make_seller
from tests.support.cast import Cast

START = datetime(2030, 3, 4, 15, tzinfo=UTC)


def make(**over: object) -> str:
    given = {"seller": make_seller(), "service": None, "start": START, "end": START + timedelta(hours=1)}
    return offers.make(**{**given, **over})  # type: ignore[arg-type]  # fields by name


def test_an_offer_says_again_what_was_offered(in_acme: object) -> None:
    seller, service, event = make_seller(), make_service(), make_event()
    contact = make_contact()
    said = offers.read(make(seller=seller, service=service, contact=contact, moving=event))

    assert (said.seller, said.service, said.contact, said.moving) == (seller.pk, service.pk, contact.pk, event.pk)
    assert (said.start, said.end) == (START, START + timedelta(hours=1))


def test_two_offers_of_one_time_have_their_own_numbers(in_acme: object) -> None:
    seller: Seller = make_seller()
    assert offers.read(make(seller=seller)).number != offers.read(make(seller=seller)).number


@pytest.mark.parametrize("spoil", ["", "x", "a:b", "{0}x", "x{0}", "é{0}"])
def test_what_was_not_signed_is_refused(in_acme: object, spoil: str) -> None:
    with pytest.raises(Invalid) as refused:
        offers.read(spoil.format(make()))
    assert refused.value.code == "offer_invalid"


def test_every_letter_counts(in_acme: object) -> None:
    token = make()
    for at in range(0, len(token), 7):
        forged = token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :]
        with pytest.raises(Invalid):
            offers.read(forged)


def test_another_companys_offer_is_no_offer(cast: Cast) -> None:
    with tenant_context(cast.acme):
        token = make()
    with tenant_context(cast.globex), pytest.raises(Invalid) as refused:
        offers.read(token)
    assert refused.value.code == "offer_invalid"


def test_an_offer_ends_after_the_companys_minutes(in_acme: object) -> None:
    make_agenda_settings(offer_minutes=10)
    token = make()
    with time_machine.travel(timezone.now() + timedelta(minutes=9), tick=False):
        offers.read(token)
    with time_machine.travel(timezone.now() + timedelta(minutes=11), tick=False), pytest.raises(Invalid) as refused:
        offers.read(token)
    assert refused.value.code == "offer_expired"
