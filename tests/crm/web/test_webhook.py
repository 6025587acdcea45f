import json
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections
from django.test import Client

from config.lib.link_tokens import LinkTokens, without_token
from crm.models import Contact, InboundForm, Lead, Note, Submission, Touch
from crm.services import blocking, inbound_forms
from crm.services.custom_fields import create_field
from tenants.context import tenant_context
from tenants.models import SystemEvent, Tenant
from tests.factories.crm import make_contact, make_lead
from tests.factories.doors import BY, make_form, make_webhook
from tests.support.cast import Cast

URL = "/entrada/acme/meta-ads/"
PERSON = {"name": "Ana Ruiz", "phone": "+54 9 11 5555-1234", "email": "ana@correo.test", "message": "Quiero dos"}


class Door:
    """An open door of a company and whoever knocks at it."""

    def __init__(self, company: Tenant, client: Client, **over: Any) -> None:
        self.company, self.client = company, client
        with tenant_context(company):
            self.form, self.token = make_webhook(**over)

    def send(self, body: Any = PERSON, *, url: str = URL, token: str | None = None, **headers: str) -> Any:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        given = {"Authorization": f"Bearer {self.token if token is None else token}", **headers}
        return self.client.post(url, raw, content_type="application/json", headers=given)

    def count(self, model: Any, **filters: Any) -> int:
        with tenant_context(self.company):
            return model.objects.filter(**filters).count()

    def one(self, model: Any) -> Any:
        with tenant_context(self.company):
            return model.objects.get()


@pytest.fixture
def door(acme: Tenant, client_as: Callable[..., Client]) -> Door:
    return Door(acme, client_as(None))


class TestWhatComesIn:
    def test_a_message_becomes_a_lead(self, door: Door) -> None:
        answer = door.send({**PERSON, "utm_source": "fb", "utm_campaign": "mayo"})
        assert answer.status_code == 201
        with tenant_context(door.company):
            lead = Lead.objects.select_related("contact").get()
            assert answer.json() == {
                "lead": str(lead.pk),
                "contact": str(lead.contact_id),
                "submission": str(Submission.objects.get().pk),
            }
            assert (lead.contact.phone, lead.contact.email, lead.source) == ("+5491155551234", "ana@correo.test", "fb")
            assert (Touch.objects.get().kind, Note.objects.get().text) == ("webhook", "Quiero dos")

    @pytest.mark.parametrize(
        "headers",
        [{"Authorization": "bearer %s"}, {"Authorization": "", "X-Token": "%s"}],
        ids=["bearer", "x-token"],
    )
    def test_the_token_may_come_in_either_header(self, door: Door, headers: dict[str, str]) -> None:
        filled = {name: value % door.token if "%s" in value else value for name, value in headers.items()}
        assert door.send(**filled).status_code == 201

    def test_systems_that_only_know_an_address_put_the_token_at_its_end(self, door: Door) -> None:
        assert door.send(url=f"{URL}{door.token}/", token="").status_code == 201

    def test_a_plain_form_is_read_too(self, door: Door) -> None:
        answer = door.client.post(
            URL,
            "Nombre=Ana&telefono=1155551234",
            content_type="application/x-www-form-urlencoded",
            headers={"X-Token": door.token},
        )
        assert answer.status_code == 201
        assert door.one(Contact).name == "Ana"

    def test_their_names_are_mapped_to_ours(self, acme: Tenant, client_as: Callable[..., Client]) -> None:
        with tenant_context(acme):
            create_field(on="lead", label="Zona", kind="choice", options=["Norte", "Sur"], by=BY)
        mapping = [
            {"name": "name", "path": "data.persona.nombre"},
            {"name": "phone", "path": "data.telefonos.0"},
            {"name": "external_id", "path": "meta.id"},
            {"name": "lead.zona", "path": "data.zona"},
        ]
        door = Door(acme, client_as(None), fields=mapping)
        body = {"data": {"persona": {"nombre": "Ana"}, "telefonos": ["1155551234"], "zona": "sur"}, "meta": {"id": 77}}
        assert door.send(body).status_code == 201
        lead = door.one(Lead)
        assert lead.custom == {"zona": "Sur"}
        assert door.one(Submission).external_id == "77"

    def test_the_same_message_twice_is_one_lead(self, door: Door) -> None:
        first = door.send({**PERSON, "external_id": "a1"})
        second = door.send({**PERSON, "external_id": "a1", "name": "Otra"})
        assert (first.status_code, second.status_code) == (201, 200)
        assert first.json() == second.json()
        assert (door.count(Lead), door.count(Touch)) == (1, 1)

    def test_a_repeated_request_is_known_by_its_key(self, door: Door) -> None:
        answers = [door.send(**{"Idempotency-Key": "k1"}) for _each in range(2)]
        assert [each.status_code for each in answers] == [201, 200]

    def test_what_was_refused_may_be_sent_again_once_it_is_right(self, door: Door) -> None:
        assert door.send({"external_id": "a1", "phone": "12"}).status_code == 422
        assert door.send({**PERSON, "external_id": "a1"}).status_code == 201

    def test_somebody_known_keeps_their_lead(self, door: Door) -> None:
        with tenant_context(door.company):
            lead = make_lead(contact=make_contact(phone="+541155551234", name="Ana"), source="feria")
        assert door.send().json()["lead"] == str(lead.pk)
        assert door.count(Lead) == 1


class TestWhatDoesNot:
    @pytest.mark.parametrize(
        ("body", "field"),
        [({"name": "Ana"}, "phone"), ({"phone": "12"}, "phone"), ({"email": "no"}, "email"), ([], "phone")],
        ids=["nobody", "phone", "email", "empty"],
    )
    def test_is_kept_with_the_reason_and_named(self, door: Door, body: Any, field: str) -> None:
        answer = door.send(body)
        assert answer.status_code == 422
        assert field in answer.json()["error"]["fields"]
        row = door.one(Submission)
        assert (row.state, str(row.pk)) == ("refused", answer.json()["submission"])
        assert row.error
        assert door.count(Contact) == 0

    @pytest.mark.parametrize(
        "raw",
        [b"{", b"", b"null", b'"x"', b"[" * 100_000, b'{"a":' * 2000 + b"1" + b"}" * 2000, b'{"n": NaN}', b"\xff\xfe", b'{"a": ' + b"9" * 5000 + b"}"],
        ids=["cut", "empty", "null", "text", "deep", "nested", "nan", "bytes", "number"],
    )  # fmt: skip
    def test_a_shape_that_cannot_be_read_is_kept_so_that_somebody_sees_it(self, door: Door, raw: bytes) -> None:
        assert door.send(raw).status_code == 422
        assert door.one(Submission).state == "refused"

    def test_letters_that_no_database_takes_do_no_harm(self, door: Door) -> None:
        body = b'{"name": "A\\u0000na\\ud800", "phone": "1155551234", "x\\u0000": ["\\u0000"]}'
        assert door.send(body).status_code == 201
        assert door.one(Contact).name == "Ana"

    def test_somebody_blocked_stays_out(self, door: Door) -> None:
        with tenant_context(door.company):
            blocking.block(contact=make_contact(phone="+5491155551234"), reason="spam", by=BY)
        assert door.send().status_code == 422
        assert door.count(Lead) == 0

    def test_secrets_of_the_other_system_are_not_kept(self, door: Door) -> None:
        sent = {**PERSON, "access_token": "s3cr3t", "pago": {"card_number": "4111111111111111"}, "clave": "x1y2"}
        assert door.send(sent).status_code == 201
        kept = json.dumps(door.one(Submission).payload)
        assert "s3cr3t" not in kept
        assert "4111" not in kept
        assert "x1y2" not in kept
        assert "Quiero dos" in kept

    def test_a_company_in_the_message_is_only_a_word(self, door: Door, globex: Tenant) -> None:
        body = {**PERSON, "tenant": "globex", "tenant_id": globex.pk, "company": "globex"}
        assert door.send(body, **{"X-Tenant": "globex"}).status_code == 201
        with tenant_context(globex):
            assert not Contact.objects.exists()


class TestTheToken:
    @pytest.mark.parametrize("token", ["", "x", "ñ", "A" * 5000], ids=["none", "wrong", "letters", "long"])
    def test_without_the_right_one_nothing_is_written(self, door: Door, token: str) -> None:
        answer = door.client.post(
            URL, b"{}", content_type="application/json", headers={"X-Token": token.encode().decode("latin-1")}
        )
        assert answer.status_code == 401
        assert answer["WWW-Authenticate"] == "Bearer"
        assert (door.count(Submission), door.count(Contact)) == (0, 0)

    def test_it_is_not_taken_from_the_query(self, door: Door) -> None:
        assert door.send(url=f"{URL}?token={door.token}").status_code == 401

    def test_another_doors_and_another_companys_open_nothing(self, door: Door, globex: Tenant) -> None:
        with tenant_context(door.company):
            _other, others = make_webhook(name="Otra")
        with tenant_context(globex):
            _theirs, foreign = make_webhook()
        assert door.send(token=others).status_code == 401
        assert door.send(token=foreign).status_code == 401
        assert door.send(url="/entrada/globex/meta-ads/").status_code == 401
        assert door.count(Submission) == 0
        with tenant_context(globex):
            assert not Submission.objects.exists()

    def test_a_renewed_one_ends_the_one_before(self, door: Door) -> None:
        with tenant_context(door.company):
            renewed = inbound_forms.renew_token(form=door.form, by=BY)
        assert door.send().status_code == 401
        assert door.send(token=renewed).status_code == 201

    def test_it_lies_nowhere_as_it_is(self, door: Door) -> None:
        door.send()
        with tenant_context(door.company):
            row = InboundForm.objects.get()
            everything = json.dumps(
                [
                    list(InboundForm.objects.values()),
                    list(Submission.objects.values()),
                    list(SystemEvent.objects.values("diff")),
                ],
                default=str,
            )
        assert door.token not in everything
        assert row.token_last4 == door.token[-4:]

    def test_no_log_line_holds_it(self, door: Door) -> None:
        for path in (
            f"{URL}{door.token}/",
            f"{URL}?token={door.token}",
            f"%2Fentrada%2Facme%2Fmeta-ads%2F{door.token}",
        ):
            assert door.token not in without_token(f"POST {path} 401")
        record = logging.LogRecord("x", 30, "", 0, "Unauthorized: %s", (f"{URL}{door.token}/",), None)
        LinkTokens().filter(record)
        assert door.token not in record.getMessage()


class TestTheDoor:
    def test_one_that_is_unknown_closed_or_a_form_is_not_found(self, door: Door) -> None:
        with tenant_context(door.company):
            make_form(name="Web")
            inbound_forms.update_form(form=door.form, by=BY, is_active=False)
        for path in ("acme/meta-ads", "acme/web", "acme/nada", "nada/meta-ads"):
            answer = door.send(url=f"/entrada/{path}/")
            assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")

    def test_it_only_receives(self, door: Door) -> None:
        answer = door.client.get(URL)
        assert (answer.status_code, answer["Allow"]) == (405, "POST")

    def test_what_is_too_large_is_not_read(self, door: Door) -> None:
        assert door.send(b'{"x": "' + b"y" * 300_000 + b'"}').status_code == 413
        assert door.count(Submission) == 0

    def test_a_system_that_sends_too_often_waits(self, door: Door, settings: Any) -> None:
        settings.RATE_LIMITS = {**settings.RATE_LIMITS, "inbound": "2/m"}
        answers = [door.send({**PERSON, "external_id": str(n)}) for n in range(3)]
        assert [each.status_code for each in answers] == [201, 201, 429]
        assert int(answers[-1]["Retry-After"]) > 0


def test_a_storm_of_the_same_message_makes_one_lead(live_tenants: Cast) -> None:
    door = Door(live_tenants.acme, Client())
    url = f"/entrada/{live_tenants.acme.slug}/meta-ads/"

    def knock(number: int) -> int:
        try:
            sent = {**PERSON, "external_id": "one"}
            mine = Client()
            return mine.post(
                url, json.dumps(sent), content_type="application/json", headers={"X-Token": door.token}
            ).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(knock, range(16)))
    assert statuses == [200] * 15 + [201]
    assert (door.count(Lead), door.count(Contact), door.count(Submission)) == (1, 1, 1)


def test_a_storm_of_messages_about_one_person_makes_one_contact_and_one_lead(live_tenants: Cast) -> None:
    door = Door(live_tenants.acme, Client())
    url = f"/entrada/{live_tenants.acme.slug}/meta-ads/"

    def knock(number: int) -> int:
        try:
            sent = {**PERSON, "phone": "", "external_id": str(number)}
            return (
                Client()
                .post(url, json.dumps(sent), content_type="application/json", headers={"X-Token": door.token})
                .status_code
            )
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(knock, range(12))) == {201}
    assert (door.count(Lead), door.count(Contact), door.count(Touch)) == (1, 1, 12)
