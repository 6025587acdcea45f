import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.core import signing
from django.http import HttpResponse
from django.test import Client

from crm.models import Consent, Contact, InboundForm, Lead, Note, Notification, Submission, Touch
from crm.services import blocking
from crm.services.custom_fields import create_field
from crm.services.inbound_forms import update_form
from crm.views import public_form
from tenants.context import tenant_context
from tenants.live.models import LiveEvent
from tenants.models import Tenant
from tests.factories.crm import make_contact, make_lead, make_pipeline, make_seller, make_stage
from tests.factories.doors import ASKS, BY, make_form
from tests.support.cast import Person
from tests.support.statements import Statements

URL = "/f/acme/web/"
PERSON = {"name": "Ana Ruiz", "phone": "11 5555-1234", "email": "", "message": "Quiero dos"}


@pytest.fixture
def form(acme: Tenant) -> InboundForm:
    with tenant_context(acme):
        return make_form()


@pytest.fixture
def visitor(client_as: Callable[..., Client]) -> Client:
    return client_as(None)


@pytest.fixture(autouse=True)
def _unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forms in these tests were opened a minute ago."""
    now = signing.time.time()
    monkeypatch.setattr("crm.views.public_form._stamp", lambda opened: _old_stamp(opened, now - 60))


def _old_stamp(opened: InboundForm, at: float) -> str:
    signer = public_form._signer(opened)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(signing.time, "time", lambda: at)
        return signer.sign("1")


def started(page: HttpResponse) -> str:
    found = re.search(r'name="started" value="([^"]+)"', page.content.decode())
    assert found
    return found[1]


def send(visitor: Client, url: str = URL, **over: Any) -> Any:
    page = visitor.get(url)
    assert page.status_code == 200
    return visitor.post(url, {**PERSON, "started": started(page), **over})


def one(acme: Tenant, model: Any) -> Any:
    with tenant_context(acme):
        return model.objects.get()


def count(acme: Tenant, model: Any, **filters: Any) -> int:
    with tenant_context(acme):
        return model.objects.filter(**filters).count()


class TestWhoFillsItIn:
    def test_a_visitor_becomes_a_lead_and_is_thanked(self, acme: Tenant, form: InboundForm, visitor: Client) -> None:
        sent = send(visitor, f"{URL}?utm_source=boletin&utm_campaign=mayo&gclid=abc")
        assert sent.status_code == 303
        assert "Gracias" in visitor.get(sent["Location"]).content.decode()
        with tenant_context(acme):
            lead = Lead.objects.select_related("contact", "stage").get()
            assert (lead.contact.name, lead.contact.phone) == ("Ana Ruiz", "+541155551234")
            assert (lead.stage.is_initial, lead.source, lead.last_source) == (True, "boletin", "boletin")
            touch = Touch.objects.get()
            assert (touch.kind, touch.lead_id, touch.campaign, touch.click_id) == ("form", lead.pk, "mayo", "abc")
            assert Submission.objects.get().lead_id == lead.pk
            assert Note.objects.get().text == "Quiero dos"
            assert LiveEvent.objects.filter(type="NEW_LEAD", data__id=str(lead.pk)).count() == 1

    def test_no_cookie_is_set_and_none_is_needed(self, form: InboundForm) -> None:
        visitor = Client(enforce_csrf_checks=True)
        page = visitor.get(URL)
        sent = visitor.post(URL, {**PERSON, "started": started(page)})
        assert sent.status_code == 303
        assert not page.cookies
        assert not sent.cookies
        assert "<script" not in page.content.decode()

    def test_what_was_written_stays_after_an_error(self, acme: Tenant, form: InboundForm, visitor: Client) -> None:
        sent = send(visitor, phone="12", message="Sigue aquí")
        text = sent.content.decode()
        assert sent.status_code == 422
        assert "Sigue aquí" in text
        assert "Ana Ruiz" in text
        assert "El teléfono no se entiende" in text
        assert count(acme, Lead) == 0

    def test_somebody_who_cannot_be_reached_is_asked_for_it(self, form: InboundForm, visitor: Client) -> None:
        sent = send(visitor, phone="", email="")
        assert sent.status_code == 422
        assert "Falta el teléfono o el correo" in sent.content.decode()

    def test_an_impatient_finger_makes_one_lead(self, acme: Tenant, form: InboundForm, visitor: Client) -> None:
        page = visitor.get(URL)
        for _each in range(2):
            assert visitor.post(URL, {**PERSON, "started": started(page)}).status_code == 303
        assert (count(acme, Lead), count(acme, Touch), count(acme, Submission)) == (1, 1, 1)

    def test_the_companys_own_fields_are_asked_and_kept(self, acme: Tenant, visitor: Client) -> None:
        with tenant_context(acme):
            create_field(on="lead", label="Zona", kind="choice", options=["Norte", "Sur"], by=BY)
            create_field(on="contact", label="Nacimiento", kind="date", by=BY)
            make_form(fields=[*ASKS, {"name": "lead.zona", "required": True}, {"name": "contact.nacimiento"}])
        assert "Elegir una de las opciones" in send(visitor, **{"lead.zona": "Este"}).content.decode()
        assert send(visitor, **{"lead.zona": "Sur", "contact.nacimiento": "2000-05-04"}).status_code == 303
        with tenant_context(acme):
            lead = Lead.objects.select_related("contact").get()
            assert (lead.custom, lead.contact.custom) == ({"zona": "Sur"}, {"nacimiento": "2000-05-04"})

    def test_a_yes_is_noted_with_its_words_and_a_no_says_nothing(self, acme: Tenant, visitor: Client) -> None:
        asks = [*ASKS, {"name": "consent", "required": False, "purpose": "marketing"}]
        with tenant_context(acme):
            make_form(fields=asks, consent_text="Acepto recibir novedades")
        send(visitor)
        assert count(acme, Consent) == 0
        send(visitor, consent="on", message="otra vez")
        consent = one(acme, Consent)
        assert (consent.purpose, consent.granted) == ("marketing", True)
        assert "Acepto recibir novedades" in consent.source

    def test_the_form_decides_pipeline_seller_labels_and_source(
        self, acme: Tenant, sol: Person, visitor: Client
    ) -> None:
        with tenant_context(acme):
            pipeline = make_pipeline(name="Postventa")
            stage = make_stage(pipeline=pipeline, is_initial=True)
            seller = make_seller(user=sol.user)
            make_form(pipeline=pipeline, owner=seller, tags=["web"], source="Sitio")
        send(visitor)
        lead = one(acme, Lead)
        assert (lead.stage_id, lead.owner_id, lead.tags, lead.source) == (stage.pk, seller.pk, ["web"], "Sitio")


class TestWhoIsKnown:
    def test_is_given_what_they_lacked_and_loses_nothing(
        self, acme: Tenant, form: InboundForm, visitor: Client
    ) -> None:
        with tenant_context(acme):
            known = make_contact(name="Ana", phone="+5491155551234", email="", city="")
            lead = make_lead(contact=known, source="feria")
        send(visitor, name="Otro Nombre", email="ana@correo.test")
        with tenant_context(acme):
            contact = Contact.objects.get()
            assert (contact.name, contact.phone, contact.email) == ("Ana", "+5491155551234", "ana@correo.test")
            stored = Lead.objects.get()
            assert (stored.pk, stored.source, stored.last_source) == (lead.pk, "feria", "Web")

    def test_their_seller_is_told(self, acme: Tenant, sol: Person, form: InboundForm, visitor: Client) -> None:
        with tenant_context(acme):
            make_lead(contact=make_contact(phone="+5491155551234"), owner=make_seller(user=sol.user))
        send(visitor)
        notice = one(acme, Notification)
        assert (notice.user_id, notice.kind) == (sol.user.pk, "form")

    def test_an_ended_lead_is_not_reused(self, acme: Tenant, form: InboundForm, visitor: Client) -> None:
        with tenant_context(acme):
            make_lead(contact=make_contact(phone="+5491155551234"), stage=make_stage(kind="lost"))
        send(visitor)
        assert count(acme, Lead) == 2

    def test_somebody_blocked_is_thanked_and_nothing_happens(
        self, acme: Tenant, form: InboundForm, visitor: Client
    ) -> None:
        with tenant_context(acme):
            blocking.block(contact=make_contact(phone="+5491155551234"), reason="spam", by=BY)
        sent = send(visitor)
        assert sent.status_code == 303
        assert count(acme, Lead) == 0
        assert one(acme, Submission).state == "refused"


class TestPrograms:
    def test_what_fills_in_everything_is_thanked_and_kept_out(
        self, acme: Tenant, form: InboundForm, visitor: Client
    ) -> None:
        assert send(visitor, website="https://spam.test").status_code == 303
        assert count(acme, Lead) == 0
        assert one(acme, Submission).state == "refused"

    def test_nobody_fills_it_in_at_once(
        self, acme: Tenant, form: InboundForm, visitor: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("crm.views.public_form._stamp", lambda opened: _old_stamp(opened, signing.time.time()))
        sent = send(visitor)
        assert sent.status_code == 422
        assert "demasiado rápido" in sent.content.decode()
        assert "Quiero dos" in sent.content.decode(), "people who do keep what they wrote"
        assert count(acme, Lead) == 0

    @pytest.mark.parametrize(
        "stamp", ["", "1", "1:abc:def", "x" * 200, "\x00"], ids=["none", "bare", "forged", "long", "nul"]
    )
    def test_a_form_that_was_not_opened_is_not_taken(
        self, acme: Tenant, form: InboundForm, visitor: Client, stamp: str
    ) -> None:
        assert visitor.post(URL, {**PERSON, "started": stamp}).status_code == 422
        assert count(acme, Lead) == 0

    def test_an_address_that_sends_too_often_waits(self, acme: Tenant, form: InboundForm, visitor: Client) -> None:
        answers = [send(visitor, message=str(number)) for number in range(6)]
        assert [each.status_code for each in answers] == [303] * 5 + [429]
        assert int(answers[-1]["Retry-After"]) > 0
        assert "Ana Ruiz" in answers[-1].content.decode(), "what was written stays"


class TestWhereItStands:
    def test_only_the_companys_sites_may_frame_it(self, acme: Tenant, form: InboundForm, visitor: Client) -> None:
        assert "frame-ancestors 'none'" in visitor.get(f"{URL}?embed=1")["Content-Security-Policy"]
        with tenant_context(acme):
            update_form(form=form, by=BY, allowed_domains=["https://www.acme.test/x", "*.acme.test"])
        framed = visitor.get(f"{URL}?embed=1")["Content-Security-Policy"]
        assert "frame-ancestors www.acme.test *.acme.test" in framed
        assert "frame-ancestors 'none'" in visitor.get(URL)["Content-Security-Policy"]
        assert send(visitor, f"{URL}?embed=1")["Location"].endswith("?listo&embed=1")

    def test_closed_unknown_and_foreign_doors_look_alike(
        self, acme: Tenant, globex: Tenant, form: InboundForm, visitor: Client
    ) -> None:
        with tenant_context(acme):
            update_form(form=make_form(name="Cerrado"), by=BY, is_active=False)
        with tenant_context(globex):
            make_form(name="Ajeno", by=BY)
        pages = [
            visitor.get(f"/f/{path}/") for path in ("acme/cerrado", "acme/nada", "nada/web", "globex/web", "acme/ajeno")
        ]
        assert {page.status_code for page in pages} == {404}
        texts = {re.sub(r'(csrf-token" content|value)="[^"]*"', "", page.content.decode()) for page in pages}
        assert len(texts) == 1

    def test_a_suspended_company_has_no_doors(
        self, acme: Tenant, form: InboundForm, visitor: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(
            "tenants.services.registry.by_slug", lambda slug: Tenant(pk=acme.pk, slug=slug, status="suspended")
        )
        assert visitor.get(URL).status_code == 404

    def test_it_is_in_the_companys_language(
        self, acme: Tenant, form: InboundForm, visitor: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        acme.locale = "en"
        monkeypatch.setattr("tenants.services.registry.by_slug", lambda slug: acme)
        assert 'lang="en"' in visitor.get(URL, headers={"Accept-Language": "es"}).content.decode()

    def test_it_takes_few_statements(
        self, form: InboundForm, visitor: Client, statements: Callable[[], AbstractContextManager[Statements]]
    ) -> None:
        visitor.get(URL)
        with statements() as seen:
            visitor.get(URL)
        assert seen.count <= 4


@pytest.mark.parametrize(
    "body",
    [
        {"name": "x\x00y", "phone": "\ud800"},
        {"name": "x" * 100_000},
        {"name": "<script>alert(1)</script>", "phone": "1" * 500},
        {f"campo{n}": "x" for n in range(900)},
    ],
    ids=["nul", "long", "script", "many"],
)
def test_hostile_words_never_break_it(acme: Tenant, form: InboundForm, visitor: Client, body: dict[str, str]) -> None:
    encoded = {name: value.encode("utf-8", "surrogatepass") for name, value in body.items()}
    sent = visitor.post(URL, encoded)
    assert sent.status_code in (400, 413, 422)
    assert "<script>alert" not in sent.content.decode()
    assert count(acme, Lead) == 0


def test_a_body_beyond_any_form_is_not_read(form: InboundForm, visitor: Client) -> None:
    assert visitor.post(URL, {"message": "x" * 300_000}).status_code == 413
