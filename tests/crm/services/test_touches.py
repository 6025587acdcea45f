import pytest

from crm.models import Lead, Touch
from crm.services.touches import note_touch
from tests.factories.crm import make_contact, make_lead

pytestmark = pytest.mark.usefixtures("in_acme")


def test_the_first_arrival_is_never_rewritten_and_the_last_is_the_latest() -> None:
    lead = make_lead(source="feria")
    note_touch(contact=lead.contact, lead=lead, kind=Touch.Kind.MESSAGE, source="feria")
    note_touch(contact=lead.contact, lead=lead, kind=Touch.Kind.FORM, source="web", campaign="otoño")
    note_touch(contact=lead.contact, lead=lead, kind=Touch.Kind.AD, source="anuncio", ad_id="7")
    first, *_between, last = Touch.objects.filter(contact=lead.contact).order_by("at", "id")
    assert (first.source, last.source, last.ad_id) == ("feria", "anuncio", "7")
    stored = Lead.objects.get(pk=lead.pk)
    assert (stored.source, stored.last_source) == ("feria", "anuncio")


def test_a_lead_without_a_source_gets_that_of_its_first_arrival() -> None:
    lead = make_lead()
    note_touch(contact=lead.contact, lead=lead, kind=Touch.Kind.FORM, source="web")
    stored = Lead.objects.get(pk=lead.pk)
    assert (stored.source, stored.last_source) == ("web", "web")


def test_whatever_an_advertiser_says_fits() -> None:
    touch = note_touch(contact=make_contact(), kind=Touch.Kind.AD, source="x" * 99, click_id="y" * 999, page="a\x00b")
    touch.refresh_from_db()
    assert (len(touch.source), len(touch.click_id), touch.page) == (60, 300, "ab")
