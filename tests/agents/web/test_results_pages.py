"""The pages of results: every number opens exactly its list, a person puts a result right, the chat shows it."""

import html
import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError
from django.test import Client
from django.utils import timezone

from agents.models import Assessment
from agents.services import results
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.models import SystemEvent, Tenant
from tenants.services import companies
from tests.factories.agents import make_agent, make_assessment, make_run
from tests.factories.crm import make_contact
from tests.factories.messaging import make_conversation
from tests.support.cast import Cast

Browser = Callable[..., Client]
HOME, LIST = "/agentes/resultados/", "/agentes/resultados/lista/"
MOST_STATEMENTS = 26
ANA = Actor("user", "", "Ana")


def text(browser: Client, path: str, status: int = 200) -> str:
    answer = browser.get(path)
    assert answer.status_code == status, path
    return plain(answer.content.decode())


def plain(body: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).replace("\xa0", " ").split())


@pytest.fixture
def ends(acme: Tenant) -> dict[str, Any]:
    """Ends of two agents in real chats, with turns that were held back and that failed."""
    with tenant_context(acme):
        vera, nico = make_agent(name="Vera"), make_agent(name="Nico")
        chat = make_conversation(contact=make_contact(name="Marta Paz"))
        given: tuple[tuple[Any, str, str, list[str]], ...] = (
            (vera, "resolved", "thanked", ["thanked"]),
            (vera, "resolved", "booked", ["booked"]),
            (vera, "handed_over", "person", ["handed:person", "unanswered"]),
            (nico, "unresolved", "complaint", ["complaint"]),
            (nico, "unknown", "silence", []),
        )
        rows = [
            make_assessment(agent=agent, outcome=outcome, reason=reason, facts=facts, conversation_id=chat.pk)
            for agent, outcome, reason, facts in given
        ]
        for status in ("done", "blocked", "blocked", "failed"):
            make_run(agent=nico, conversation_id=chat.pk, status=status)
        make_run(agent=nico, status="failed", purpose="test")
    return {"vera": vera, "nico": nico, "chat": chat, "rows": rows}


def numbers(body: str) -> list[tuple[str, int]]:
    """(address, number) of everything on the page that opens a list of ends or of turns."""
    pattern = r'<a class="(?:link|number-big)" href="(/agentes/(?:resultados/lista|turnos)/\?[^"]+)">(\d+)</a>'
    return [(html.unescape(href), int(number)) for href, number in re.findall(pattern, body)]


def test_every_number_opens_exactly_what_it_counts(ends: dict[str, Any], client_as: Browser) -> None:
    browser = client_as("ana")
    for query in ("", f"?agent={ends['nico'].pk}"):
        found = numbers(browser.get(f"{HOME}{query}").content.decode())
        assert len(found) >= 15
        for href, number in found:
            assert browser.get(href).content.decode().count("<tr data-row") == number, href


def test_the_page_says_what_happened_in_words(ends: dict[str, Any], client_as: Browser) -> None:
    page = text(client_as("ana"), HOME)
    for words in (
        "Atenciones terminadas 5",
        "Resuelto 2",
        "El contacto pidió una persona 1",
        "El contacto se quejó 1",
        "Quedaron sin respuesta 1",
        "Frenado por seguridad 2",
        "Con error 1",
        "Primera respuesta, la mitad en 20 s",
        "Con menos de 20 atenciones no se muestran porcentajes",
        "Falta el costo de una hora de trabajo. Poner el costo de la hora",
        "Costo por cita —",
    ):
        assert words in page, words
    assert "%" not in page.split("Cómo se cuenta")[0].replace("Con menos de", "")


def test_nothing_yet_is_said_and_no_zero_is_shown(acme: Tenant, client_as: Browser) -> None:
    page = text(client_as("ana"), HOME)
    assert "Ninguna atención de la IA terminó en estos días" in page
    assert "Resuelto 0" not in page


def test_a_failed_query_is_an_error_and_never_zeros(
    ends: dict[str, Any], client_as: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_asked: Any) -> Any:
        raise DatabaseError("gone")

    monkeypatch.setattr(results, "_turns", broken)
    browser = client_as("ana")
    browser.raise_request_exception = False
    answer = browser.get(HOME)
    assert answer.status_code >= 500
    assert "number-big" not in answer.content.decode()


def test_what_was_saved_is_told_with_what_it_was_reckoned_from(
    ends: dict[str, Any], acme: Tenant, client_as: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = client_as("ana")
    answer = browser.post("/agentes/costos/ajustes/", {"ai_warn_percent": "80", "hourly_cost": "6.000,50"})
    assert answer.status_code in (302, 303), plain(answer.content.decode())
    assert "Falta medir: hay 0 chats atendidos por personas y hacen falta 20." in text(browser, HOME)
    monkeypatch.setattr(results, "handling", lambda _now: results.Handling(40, 600))
    page = text(browser, HOME)
    assert "$ 2.000,17" in page
    assert "2 resueltas × 10 min que una persona está ocupada con un chat (la mitad de 40 chats medidos)" in page


def test_a_wrong_cost_of_an_hour_stays_beside_its_field(acme: Tenant, client_as: Browser) -> None:
    answer = client_as("ana").post("/agentes/costos/ajustes/", {"ai_warn_percent": "80", "hourly_cost": "0"})
    assert answer.status_code == 422
    assert "Debe ser mayor que 0" in plain(answer.content.decode())


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("outcome=resolved", 2),
        ("fact=unanswered", 1),
        ("reason=silence", 1),
        ("reason=-", 0),
        ("agent=-", 0),
        ("agent=nobody", 0),
        ("corrected=1", 0),
        ("outcome=%00", 5),
        ("from=2020-01-01&to=2020-01-31", 0),
        ("from=1900-99-99&to=x", 5),
        ("from=0001-01-01&to=9999-12-31", 5),
    ],
)
def test_ends_are_narrowed(ends: dict[str, Any], client_as: Browser, query: str, rows: int) -> None:
    assert client_as("ana").get(f"{LIST}?{query}").content.decode().count("<tr data-row") == rows


def test_the_list_leads_to_the_chat_and_to_the_end(ends: dict[str, Any], client_as: Browser) -> None:
    body = client_as("ana").get(LIST).content.decode()
    assert f'href="/bandeja/{ends["chat"].pk}/"' in body
    assert f'href="{HOME}{ends["rows"][0].pk}/"' in body
    assert "Marta Paz" in body
    cells = [plain(each) for each in re.findall(r'<td data-label="Resultado">(.*?)</td>', body, re.S)]
    assert sorted(cells) == ["Derivado a una persona", "No se sabe", "Resuelto", "Resuelto", "Sin resolver"]


def correct(browser: Client, row: Assessment, **over: str) -> Any:
    said = {"outcome": "resolved", "note": "compró en el local", "seen": "", **over}
    return browser.post(f"{HOME}{row.pk}/corregir/", said)


def test_a_person_puts_a_result_right(ends: dict[str, Any], acme: Tenant, client_as: Browser) -> None:
    browser, row = client_as("ana"), ends["rows"][4]
    assert correct(browser, row).status_code in (302, 303)
    page = text(browser, f"{HOME}{row.pk}/")
    assert '<h2 id="how">Resuelto</h2>' in browser.get(f"{HOME}{row.pk}/").content.decode()
    for words in ("Corregido. Vale en todos los números.", "Lo corrigió Ana", "compró en el local", "No se sabe: No"):
        assert words in page, words
    assert "Resuelto 3" in text(browser, HOME)
    with tenant_context(acme):
        assert SystemEvent.objects.filter(action="assessment.corrected", actor_label__startswith="Ana").count() == 1


def test_the_second_one_sees_what_the_first_said(ends: dict[str, Any], acme: Tenant, client_as: Browser) -> None:
    row = ends["rows"][4]
    correct(client_as("ana"), row)
    answer = correct(client_as("rita"), row, outcome="unresolved", note="no compró")
    page = plain(answer.content.decode())
    assert answer.status_code == 409
    assert "ya lo corrigió: Resuelto" in page
    assert "compró en el local" in page
    assert "no compró" in page, "what was typed is kept"
    seen = re.search(r'name="seen" value="([^"]+)"', answer.content.decode())
    assert seen is not None
    again = correct(client_as("rita"), row, outcome="unresolved", note="no compró", seen=html.unescape(seen[1]))
    assert again.status_code in (302, 303)
    with tenant_context(acme):
        row.refresh_from_db()
    assert (row.final, row.corrected_note) == ("unresolved", "no compró")


def test_a_refused_correction_says_why(ends: dict[str, Any], client_as: Browser) -> None:
    answer = correct(client_as("ana"), ends["rows"][0], outcome="great")
    assert answer.status_code == 422
    assert client_as("ana").get(f"{HOME}{ends['rows'][0].pk}/corregir/").status_code in (302, 303)


def test_who_reads_and_who_corrects(ends: dict[str, Any], acme: Tenant, cast: Cast, client_as: Browser) -> None:
    row = ends["rows"][0]
    assert client_as("sol").get(HOME).status_code == 403
    with tenant_context(acme):
        hidden = make_assessment(conversation_id=make_conversation(assignee=cast["ana"].user).pk)
    assert client_as("sol").get(f"{HOME}{hidden.pk}/").status_code == 404
    assert correct(client_as("sol"), hidden).status_code == 404
    assert client_as("gus").get(f"{HOME}{row.pk}/").status_code == 404
    assert correct(client_as("sol"), row).status_code in (302, 303), "a chat that nobody has is hers too"


def test_the_conversation_shows_how_it_ended_and_corrects(ends: dict[str, Any], client_as: Browser) -> None:
    browser, chat = client_as("sol"), ends["chat"]
    assert f"/bandeja/{chat.pk}/resultado/" in browser.get(f"/bandeja/{chat.pk}/").content.decode()
    part = browser.get(f"/bandeja/{chat.pk}/resultado/", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert "Corregir" in part
    assert "El contacto se quejó" in part
    assert "<strong>Sin resolver</strong>" in part
    page = text(browser, f"/bandeja/{chat.pk}/resultado/")
    assert "Marta Paz" in page


def test_a_chat_without_an_end_shows_nothing_beside_it(acme: Tenant, client_as: Browser) -> None:
    with tenant_context(acme):
        chat = make_conversation()
    browser = client_as("ana")
    assert browser.get(f"/bandeja/{chat.pk}/resultado/", headers={"HX-Request": "true"}).content == b""
    assert "todavía no terminó ninguna atención" in text(browser, f"/bandeja/{chat.pk}/resultado/")


def test_pages_cost_the_same_with_few_and_with_many_rows(acme: Tenant, client_as: Browser, statements: Any) -> None:
    browser = client_as("ana")
    for path in (HOME, LIST):
        counts = []
        for rows in (3, 30):
            with tenant_context(acme):
                for _n in range(rows):
                    make_assessment(conversation_id=make_conversation().pk)
            browser.get(path)
            with statements() as seen:
                browser.get(path)
            counts.append(seen.count)
        assert counts[0] == counts[1] <= MOST_STATEMENTS, (path, counts, str(seen))


def test_a_long_list_is_read_page_by_page(acme: Tenant, client_as: Browser) -> None:
    with tenant_context(acme):
        now = timezone.now()
        for n in range(60):
            make_assessment(ended_at=now - timedelta(seconds=n))
    browser = client_as("ana")
    body = browser.get(LIST).content.decode()
    assert body.count("<tr data-row") == 50
    following = re.search(r'href="(\?[^"]*cursor=[^"]+)"', body)
    assert following is not None
    assert browser.get(f"{LIST}{html.unescape(following[1])}").content.decode().count("<tr data-row") == 10


def test_the_cost_of_an_hour_is_in_the_company_settings(acme: Tenant, api_as: Callable[..., Any]) -> None:
    api = api_as("ana")
    assert api.patch("/api/v1/settings/", {"hourly_cost": "6000.5"}, format="json").status_code == 200
    assert Decimal(api.get("/api/v1/settings/").json()["hourly_cost"]) == Decimal("6000.5")
    with tenant_context(acme):
        companies.update_settings(by=ANA, changes={"hourly_cost": None})
    assert api.get("/api/v1/settings/").json()["hourly_cost"] is None
