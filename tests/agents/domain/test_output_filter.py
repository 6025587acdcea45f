"""The outbound filter: nothing secret, internal or of somebody else in the words that leave."""

import base64
from time import perf_counter

import pytest

from agents.domain.output_filter import emails_in, inspect, longest_run, phones_in
from tests.fakes.obedient import STYLES

CANARY = "canario-7f3a9b-azul"
GREETING = (
    "Hola, gracias por escribir a Acme Solar, la empresa de termotanques solares más elegida de Rosario y alrededores"
)
OURS = "No afirmes que algo quedó hecho si una herramienta no lo confirmó en este mismo turno."


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Usá sk-proj-abcdefghijklmnop1234 para entrar", "openai_key"),
        ("AIzaSyA1234567890abcdefghijklmnopqrstuv", "google_key"),
        ("EAAG" + "a1B2" * 15, "meta_token"),
        ("Bearer abcdefghijklmnopqrstuvwxyz0123", "bearer"),
        ("postgresql://crm:secreto@db/crm", "connection_string"),
        ("eyJhbGciOiJIUzI1.eyJzdWIiOiIxMjM0.abcDEF-_123", "signed_token"),
        (f"el código es {CANARY}", "secret"),
        ("el código es " + base64.b64encode(CANARY.encode()).decode(), "secret"),
        ("Uso rag_search para eso", "internal_name"),
        ("tu ficha es 01a1fba7-824f-7b00-b2e2-564bd1120a0f", "internal_id"),
        ('{"name": "create_customer", "arguments": {}}', "internal_word"),
        ("Según mi system prompt no puedo", "internal_word"),
        ("Me dijeron: " + OURS, "prompt_leak"),
    ],
)
def test_what_must_not_leave_is_found(text, reason):
    found = inspect(text, secrets=[CANARY], internal_words=["rag_search"], our_words=OURS)
    assert reason in found.reasons


@pytest.mark.parametrize(
    "text",
    [
        "El TS-200 sale $ 850.000 y el TS-300 $ 1.150.000, en 12 cuotas de $ 95.833.",
        "Turno: 2026-11-24 a las 10:30. Atendemos de lunes a viernes de 9 a 18.",
        "El sistema solar calienta el agua aun en días nublados.",
        "Para buscar en la página usá el menú.",
        "Pedido 48213, llega el 25/11.",
    ],
)
def test_everyday_answers_pass(text):
    found = inspect(text, secrets=[CANARY], internal_words=["rag_search", "create_customer"], our_words=OURS)
    assert (found.reasons, found.phones, found.emails) == ((), (), ())


def test_phones_and_emails_are_known_only_from_the_turns_own_sources():
    text = "Llamá al +54 9 341 555-0101 o escribí a ventas@acme.test"
    assert inspect(text, sources=["Tel. 0341 15 555 0101", "ventas@acme.test"]).emails == ()
    unknown = inspect(text, sources=["otra cosa"])
    assert (unknown.phones, unknown.emails) == (("5493415550101",), ("ventas@acme.test",))
    assert inspect(text, sources=["+5493415550101"]).phones == ()


@pytest.mark.parametrize("text", ["11 5555 1234", "1155551234", "+54 11 5555-1234", "(011) 5555-1234"])
def test_phones_are_read_however_they_are_spaced(text):
    assert phones_in(f"mi cel es {text}, gracias")[0].endswith("1155551234")


@pytest.mark.parametrize(
    "text", ["$ 1.250.000", "DNI 30.123.456", "CBU 0170099220000067797370", "2026-11-24", "12.000"]
)
def test_amounts_documents_and_dates_are_no_phones(text):
    assert phones_in(text) == ()


def test_emails_are_read_once_and_in_lower_case():
    assert emails_in("A@x.test, a@X.test y b@y.test.") == ("a@x.test", "b@y.test")


def test_the_companys_instructions_may_be_quoted_only_where_they_quote():
    secret = "Nunca digas el precio de costo ni el margen que la dirección fijó para cada uno de los productos de la lista interna del año."
    prompt = f'Al saludar decí: "{GREETING}". {secret}'
    assert inspect(GREETING, prompt=prompt).reasons == ()
    leak = (
        "nunca digas el precio de costo ni el margen que la dirección fijó para cada uno de los productos de la lista"
    )
    assert inspect(leak, prompt=prompt).reasons == ("prompt_leak",)


def test_the_longest_run_counts_words_in_a_row():
    assert longest_run("uno dos tres cuatro", "cero uno dos tres") == 3
    assert longest_run("", "uno") == 0
    assert longest_run("a a a a", "a a") == 2


KNOWN = {"phone": "+5493415557788", "email": "marta.lopez@correo.test", "id": "01a1fba7-824f-7b00-b2e2-564bd1120a0f"}


@pytest.mark.parametrize("style", STYLES)
def test_no_coat_hides_a_secret_a_phone_an_address_or_an_id(style):
    say = STYLES[style]
    assert "secret" in inspect(say("sk-of-acme"), secrets=["sk-of-acme"]).reasons
    assert "internal_id" in inspect(say(KNOWN["id"])).reasons
    phone = inspect(say(KNOWN["phone"]))
    assert any(each.endswith(KNOWN["phone"][-8:]) for each in (*phone.phones, *phone.hidden_phones))
    email = inspect(say(KNOWN["email"]))
    assert KNOWN["email"] in (*email.emails, *email.hidden_emails)


@pytest.mark.parametrize(
    "text",
    [
        "Tengo 16:00, 16:30, 17:00, 17:30, 18:00, 18:30, 19:00, 19:30, 20:00 y 20:30.",
        "El 24/11 a las 10:00, 10:30, 11:00 y 11:30; el 25/11 a las 16:00, 16:30 y 17:00.",
        "Está en https://acme.example/productos/sk-ii-facial-treatment-essence",
        "Salen $ 18.500, $ 19.900, $ 24.000 y $ 31.250; en cuotas 1.541, 1.658 y 2.000.",
    ],
)
def test_hours_amounts_and_names_of_products_are_nobodys(text):
    found = inspect(text, given=["https://acme.example/productos/sk-ii-facial-treatment-essence"])
    assert (found.reasons, found.phones, found.hidden_phones) == ((), (), ())


def test_a_phone_among_hours_is_still_found():
    found = inspect("A las 16:00 o 16:30: 3 4 1 - 5 5 5 - 7 7 8 8")
    assert "15557788" in found.hidden_phones


def test_a_secret_in_two_messages_is_put_together():
    assert inspect("of-acme, y ya está", secrets=["sk-of-acme"], before="El principio es sk-").reasons == ("secret",)
    assert inspect("of-acme, y ya está", secrets=["sk-of-acme"]).reasons == ()


@pytest.mark.parametrize("style", ["base64", "reversed", "dashed", "rot13", "hex", "zero_width"])
def test_our_rules_in_another_coat_are_a_leak(style):
    assert "prompt_leak" in inspect(STYLES[style](OURS), our_words=OURS).reasons


def test_a_link_or_picture_that_nobody_gave_does_not_leave():
    assert inspect("Mirá https://robo.test/a", given=["https://acme.example/a"]).reasons == ("unknown_link",)
    assert inspect("Mirá https://acme.example/a", given=["https://acme.example/a"]).reasons == ()
    assert "image" in inspect("![x](https://acme.example/a)", given=["https://acme.example/a"]).reasons


def test_a_long_answer_is_read_in_time():
    text = "El TS-200 sale $ 850.000 y llega el 25/11, pedido 48213. " * 150
    begun = perf_counter()
    inspect(text, secrets=["sk-of-acme"], our_words=OURS * 20, prompt=OURS * 20, sources=[text])
    assert perf_counter() - begun < 3
