"""The outbound filter: nothing secret, internal or of somebody else in the words that leave."""

import base64

import pytest

from agents.domain.output_filter import emails_in, inspect, longest_run, phones_in

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
