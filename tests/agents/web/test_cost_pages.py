"""The pages of costs and of turns: numbers that open their lists, filters, limits, and who may look."""

import csv
import html
import io
import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from agents.models import Agent, AgentRun, LedgerEntry
from agents.services import ceiling
from crm.domain.periods import Period
from tenants.context import tenant_context
from tenants.models import SystemEvent, Tenant
from tenants.services import tenant_settings
from tests.factories.agents import make_agent, make_entry, make_run
from tests.factories.crm import make_contact
from tests.factories.messaging import make_conversation

Browser = Callable[..., Client]
HOME, ENTRIES, LIMITS, RUNS = (
    "/agentes/costos/",
    "/agentes/costos/gastos/",
    "/agentes/costos/ajustes/",
    "/agentes/turnos/",
)


def text(browser: Client, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200, path
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())).replace("\xa0", " ").split())


def links(browser: Client, path: str, prefix: str) -> list[str]:
    return [
        html.unescape(each) for each in re.findall(rf'href="({prefix}\?[^"]+)"', browser.get(path).content.decode())
    ]


@pytest.fixture
def spent(acme: Tenant) -> Tenant:
    """Three turns of two agents, a voice note, a charged message and a turn of unknown price."""
    with tenant_context(acme):
        vera, nico = make_agent(name="Vera"), make_agent(name="Nico")
        chat = make_conversation(contact=make_contact())
        now, rate = ceiling.day_begins(acme) + timedelta(minutes=1), {"rate": "1450", "currency": "ARS"}
        for agent, usd, model in ((vera, "0.0021", "gpt-4o-mini"), (vera, "0.01", "gpt-5"), (nico, "0.4", "gpt-5")):
            run = make_run(agent=agent, provider="openai", model=model, cost_usd=usd, conversation_id=chat.pk)
            make_entry(
                agent=agent,
                usd=usd,
                amount=Decimal(usd) * 1450,
                what=model,
                source=str(run.pk),
                created_at=now,
                conversation_id=chat.pk,
                **rate,
            )
        make_entry(kind="transcription", what="whisper-1", usd="0.0003", amount="0.435", created_at=now, **rate)
        make_entry(
            kind="message", what="marketing", usd="0.0618", amount="89.61", created_at=now, counted_usd=0, **rate
        )
        make_entry(agent=nico, what="modelo-propio", usd=None, counted_usd="0.02", created_at=now, **rate)
    return acme


def test_the_page_says_what_was_spent_in_both_currencies(spent: Tenant, client_as: Browser) -> None:
    page = text(client_as("ana"), HOME)
    assert "US$ 0.4742" in page  # 0.0021 + 0.01 + 0.4 + 0.0003 + 0.0618
    assert "$ 687,59" in page
    assert "1 gasto tiene un precio que no se conoce" in page
    for words in ("Vera", "Nico", "gpt-4o-mini", "modelo-propio", "Marketing", "Transcripción", "Sin tope"):
        assert words in page, words


def test_every_number_opens_exactly_what_it_counts(spent: Tenant, client_as: Browser) -> None:
    browser = client_as("ana")
    body = browser.get(HOME).content.decode()
    cells = re.findall(rf'<a class="link whitespace-nowrap" href="({ENTRIES}\?[^"]+)">([^<]+)</a>', body)
    assert len(cells) >= 10
    for href, shown in cells:
        page = text(browser, html.unescape(href))
        exact = re.search(r"US\$ ([\d.]+)|—", page.split("Quitar filtros")[-1].partition("gasto")[2])
        figure = html.unescape(shown).replace("\xa0", " ")
        assert exact is not None, href
        if figure == "—":
            assert exact[0] == "—", href
        else:
            assert figure == f"US$ {round(Decimal(exact[1]), 4):.4f}", href


def test_the_entries_lead_to_the_turn_and_the_conversation(spent: Tenant, client_as: Browser) -> None:
    browser = client_as("ana")
    body = browser.get(f"{ENTRIES}?kind=model").content.decode()
    turns = re.findall(r'href="(/agentes/turnos/[0-9a-f-]{36}/)"', body)
    assert len(turns) == 3
    assert browser.get(turns[-1]).status_code == 200
    assert "/bandeja/" in body
    assert "Transcripción</td>" not in body


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("kind=transcription", 1),
        ("what=gpt-5", 2),
        ("agent=-", 2),
        ("agent=nobody", 0),
        ("unpriced=1", 1),
        ("outcome=chat", 3),
        ("outcome=booking", 0),
        ("outcome=nonsense", 6),
        ("kind=%00", 6),
        ("purpose=test", 0),
        ("from=2020-01-01&to=2020-01-31", 0),
        ("from=1900-99-99&to=x", 6),
        ("from=0001-01-01&to=9999-12-31", 6),
    ],
)
def test_entries_are_narrowed(spent: Tenant, client_as: Browser, query: str, rows: int) -> None:
    body = client_as("ana").get(f"{ENTRIES}?{query}").content.decode()
    assert body.count("<tr data-row") == rows


def test_the_list_is_a_file_too_with_exact_figures_and_nothing_that_runs(spent: Tenant, client_as: Browser) -> None:
    with tenant_context(spent):
        make_entry(usd="0.000000075", agent=make_agent(name="=cmd|'x'!A1"), what="gpt-5-nano")
    answer = client_as("ana").get(f"{ENTRIES}?kind=model&format=csv")
    assert answer.headers["Content-Type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert len(rows) == 5
    assert sum((Decimal(row["usd"]) for row in rows if row["usd"]), Decimal(0)) == Decimal("0.412100075")
    assert [row["usd"] for row in rows if row["what"] == "modelo-propio"] == [""]
    assert not any(row["agent"].startswith("=") for row in rows)


def test_more_than_a_file_holds_asks_for_fewer_days(
    spent: Tenant, client_as: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agents.views.costs.MOST_IN_FILE", 5)
    browser = client_as("ana")
    answer = browser.get(f"{ENTRIES}?format=csv")
    assert answer.status_code == 303
    assert "elegir menos días" in browser.get(answer.headers["Location"]).content.decode()


def test_nothing_spent_is_0_and_a_limit_is_written_as_it_was_given(acme: Tenant, client_as: Browser) -> None:
    client_as("ana").post(LIMITS, {"ai_daily_spend_usd": "2,5", "ai_warn_percent": "70"})
    assert "US$ 0 de US$ 2.50 (0 %)" in text(client_as("ana"), HOME)


def test_without_a_rate_the_page_says_so_and_whoever_may_sets_it(spent: Tenant, client_as: Browser) -> None:
    assert "Sin cotización no hay importes en ARS." in text(client_as("ana"), HOME)
    sent = {"ai_daily_spend_usd": "2,50", "ai_warn_percent": "70", "usd_rate": "1.450,50", "fee_marketing": "0,0618"}
    assert client_as("ana").post(LIMITS, sent).headers["Location"] == HOME
    with tenant_context(spent):
        own = tenant_settings.of(Tenant.objects.get(pk=spent.pk))
    assert (own.ai_daily_spend_usd, own.ai_warn_percent, own.usd_rate) == (Decimal("2.5"), 70, Decimal("1450.5"))
    assert own.message_fees_usd == {"marketing": Decimal("0.0618")}
    page = client_as("ana").get(LIMITS).content.decode()
    assert 'value="0,0618"' in page
    assert 'value="1450,5"' in page
    page = text(client_as("ana"), HOME)
    assert "US$ 0.4324 de US$ 2.50 (17 %)" in page  # without the provider's fee, with the unknown at the ceiling rate
    assert "Sin cotización" not in page


def test_the_note_of_unknown_prices_leads_to_where_they_are_entered(spent: Tenant, client_as: Browser) -> None:
    ana, rita = client_as("ana"), client_as("rita")
    for path in (HOME, f"{ENTRIES}?unpriced=1"):
        assert f'href="{LIMITS}#precios"' in ana.get(path).content.decode(), path
        assert "#precios" not in rita.get(path).content.decode(), path
    with tenant_context(spent):
        make_agent(name="Alma", model_provider="openai", model_version="gpt-5.6-terra")
    page = ana.get(LIMITS).content.decode()
    assert 'id="precios"' in page
    assert re.findall(r'name="price_input_([^"]+)"', page) == ["gpt-5.6-terra", "modelo-propio"]
    sent = {"ai_warn_percent": "80", "price_input_gpt-5.6-terra": "1,75", "price_output_gpt-5.6-terra": "14.5"}
    assert ana.post(LIMITS, sent).headers["Location"] == HOME
    with tenant_context(spent):
        row = Tenant.objects.get(pk=spent.pk)
        event = SystemEvent.objects.filter(tenant_id=spent.pk, action="settings.updated").latest("pk")
    kept = {"gpt-5.6-terra": {"input": "1.75", "output": "14.5"}}
    assert row.settings["model_prices_usd"] == kept
    assert event.diff["model_prices_usd"] == [None, kept]
    page = ana.get(LIMITS).content.decode()
    assert 'value="1,75"' in page
    assert ana.post(LIMITS, {"ai_warn_percent": "80"}).headers["Location"] == HOME  # emptied: no price again
    with tenant_context(spent):
        assert "model_prices_usd" not in Tenant.objects.get(pk=spent.pk).settings
        LedgerEntry.objects.filter(usd=None).delete()
        Agent.objects.all().delete()
    assert "Todos los modelos de los agentes tienen precio." in text(ana, LIMITS)


def test_half_a_price_is_told_beside_its_field(spent: Tenant, client_as: Browser) -> None:
    for wrong, said in (
        ({"price_input_modelo-propio": "1"}, "Hacen falta el precio de entrada y el de salida."),
        ({"price_cached_modelo-propio": "1"}, "Hacen falta el precio de entrada y el de salida."),
        ({"price_input_modelo-propio": "mucho", "price_output_modelo-propio": "1"}, "Escribir un número"),
        ({"price_input_modelo-propio": "-1", "price_output_modelo-propio": "1"}, ""),
        ({"price_input_modelo-propio": "1", "price_output_modelo-propio": "10001"}, "entre 0 y 10.000"),
    ):
        answer = client_as("ana").post(LIMITS, {"ai_warn_percent": "80", **wrong})
        assert answer.status_code == 422
        assert said in answer.content.decode()
    with tenant_context(spent):
        assert "model_prices_usd" not in Tenant.objects.get(pk=spent.pk).settings


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"usd_rate": "mucho"}, "Escribir un número"),
        ({"usd_rate": "0"}, "mayor que 0"),
        ({"fee_marketing": "0,00000001"}, "Escribir un número"),
        ({"fee_marketing": "101"}, "entre 0 y 100"),
        ({"ai_warn_percent": "0"}, "mayor o igual"),
        ({"ai_daily_spend_usd": "2000000"}, "entre 0 y 1.000.000"),
    ],
)
def test_a_wrong_limit_is_told_and_nothing_is_saved(
    acme: Tenant, client_as: Browser, wrong: dict[str, str], said: str
) -> None:
    answer = client_as("ana").post(LIMITS, {"ai_warn_percent": "80", "usd_rate": "10", **wrong})
    assert answer.status_code == 422
    assert said in answer.content.decode()
    with tenant_context(acme):
        assert "usd_rate" not in Tenant.objects.get(pk=acme.pk).settings


def test_near_and_past_the_ceiling_the_page_says_what_happens(spent: Tenant, client_as: Browser) -> None:
    for most, words in (("0.50", "Cerca del tope"), ("0.40", "Tope alcanzado")):
        client_as("ana").post(LIMITS, {"ai_daily_spend_usd": most, "ai_warn_percent": "80"})
        assert words in text(client_as("ana"), HOME)


def test_who_may_look_and_who_may_set(spent: Tenant, client_as: Browser) -> None:
    assert client_as("rita").get(HOME).status_code == 200
    assert client_as("rita").get(LIMITS).status_code == 403
    assert "Tope y precios" not in text(client_as("rita"), HOME)
    for name in ("sol", "teo"):
        for path in (HOME, ENTRIES, RUNS):
            assert client_as(name).get(path).status_code == 403
    for path in (HOME, ENTRIES, RUNS):
        page = text(client_as("gus"), path)
        assert "Vera" not in page
        assert "US$ 0.4" not in page


def test_an_empty_month_offers_the_next_step(acme: Tenant, client_as: Browser) -> None:
    assert "Sin gastos en este período." in text(client_as("ana"), HOME)
    assert "La IA todavía no trabajó." in text(client_as("ana"), RUNS)


# --- the list of turns -------------------------------------------------------------------------------------------------


@pytest.fixture
def turns(acme: Tenant) -> dict[str, AgentRun]:
    handed = {"kind": "handoff", "text": "Derivado a una persona: se alcanzó el tope"}
    with tenant_context(acme):
        vera = make_agent(name="Vera")
        made = {
            "done": make_run(agent=vera, status="done", reply="Cuesta mil.", provider="openai", cost_usd="0.0021"),
            "budget": make_run(status="handed_off", flags=["budget"], receipts=[handed], cost_usd=0),
            "failed": make_run(status="failed", error="timeout: sin respuesta", cost_usd=None, provider="openai"),
            "tried": make_run(status="done", purpose="playground", flags=["playground", "by:Ana"], is_demo=True),
            "old": make_run(status="done", flags=["limit:steps"]),
        }
        AgentRun.objects.filter(pk=made["old"].pk).update(created_at=timezone.now() - timedelta(days=40))
    return made


def shown(browser: Client, query: str, made: dict[str, AgentRun]) -> set[str]:
    body = browser.get(f"{RUNS}?{query}").content.decode()
    return {name for name, run in made.items() if f"{RUNS}{run.pk}/" in body}


def test_a_turn_says_how_it_ended_and_what_it_cost(turns: dict[str, AgentRun], client_as: Browser) -> None:
    page = text(client_as("ana"), RUNS)
    for words in (
        "Cuesta mil.",
        "US$ 0.0021",
        "se alcanzó el tope",
        "timeout: sin respuesta",
        "Se acabaron los pasos del turno",
        "Sin costo",
    ):
        assert words in page, words
    assert "by:Ana" not in page


def test_turns_are_narrowed(turns: dict[str, AgentRun], client_as: Browser, acme: Tenant) -> None:
    browser = client_as("ana")
    with tenant_context(acme):
        today = ceiling.day_begins(acme).date()
    assert shown(browser, "estado=failed", turns) == {"failed"}
    assert shown(browser, f"agente={turns['done'].agent_id}", turns) == {"done"}
    assert shown(browser, "para=playground", turns) == {"tried"}
    assert shown(browser, "avisos=1", turns) == {"budget", "old"}
    assert shown(browser, f"desde={today}&hasta={today}", turns) == {"done", "budget", "failed", "tried"}
    assert shown(browser, f"hasta={today - timedelta(days=1)}", turns) == {"old"}
    assert shown(browser, "estado=nonsense&desde=0001-01-01&agente=x", turns) == set(turns)


def test_turns_come_in_pages(acme: Tenant, client_as: Browser) -> None:
    with tenant_context(acme):
        agent = make_agent()
        keys = {str(make_run(agent=agent).pk) for _run in range(60)}
    browser, seen, path = client_as("ana"), [], RUNS
    for _page in range(2):
        body = browser.get(path).content.decode()
        seen += re.findall(r'<th scope="row"><a class="row-link" href="/agentes/turnos/([0-9a-f-]{36})/', body)
        path = RUNS + html.unescape((re.findall(r'href="(\?[^"]*cursor[^"]*)"', body) or [""])[-1])
    assert len(seen) == 60
    assert set(seen) == keys


def test_the_page_of_a_turn_shows_the_cost_of_each_step_and_why(acme: Tenant, client_as: Browser) -> None:
    tokens = {"prompt": 1000, "completion": 100, "cached": 0}
    steps = [
        {"type": "model", "model": "gpt-4o-mini", "text": "Uno", "tokens": tokens, "usd": "0.00021", "ms": 5},
        {"type": "model", "model": "gpt-4o-mini", "text": "Dos", "tokens": tokens, "ms": 5},  # from before
        {"type": "model", "model": "propio", "text": "Tres", "tokens": tokens, "usd": None, "ms": 5},
        {"type": "gate", "reasons": ["claim:sent"], "withheld": "Ya lo envié"},
    ]
    with tenant_context(acme):
        run = make_run(
            provider="openai",
            steps=steps,
            cost_usd="0.00042",
            triage={"v": 1, "words": "Tema: ventas. Responde Vera.", "digest": "abc"},
        )
        make_entry(source=str(run.pk), usd="0.00042", amount="0.609")
    page = text(client_as("ana"), f"{RUNS}{run.pk}/")
    assert page.count("US$ 0.00021") == 2
    assert "US$ 0.00042 $ 0,6090" in page
    assert "Tema: ventas. Responde Vera." in page
    assert "afirmaba algo que no se hizo" in page


@pytest.mark.parametrize("path", [HOME, ENTRIES, RUNS, LIMITS])
def test_pages_cost_the_same_with_few_and_with_many_rows(
    acme: Tenant, client_as: Browser, statements: Callable[..., Any], path: str
) -> None:
    counts = []
    for rows in (2, 30):
        with tenant_context(acme):
            for number in range(rows):
                agent = make_agent()
                chat = make_conversation()
                make_run(agent=agent, receipts=[{"kind": "handoff", "text": "x"}])
                make_entry(agent=agent, conversation_id=chat.pk, what=f"m{number}", amount="1")
        browser = client_as("ana")
        with statements() as seen:
            assert browser.get(path).status_code == 200
        counts.append(seen.count)
    assert counts[0] == counts[1] <= 8, str(seen)


def test_the_period_is_in_the_address(spent: Tenant, client_as: Browser) -> None:
    browser = client_as("ana")
    with tenant_context(spent):
        LedgerEntry.objects.update(created_at=timezone.now() - timedelta(days=200))
    assert "Sin gastos" in text(browser, HOME)
    assert "Vera" in text(browser, f"{HOME}?period=custom&from={Period(*[_ago(210)] * 2).first}&to={_ago(190)}")
    assert "Sin gastos" in text(browser, f"{HOME}?period=custom&from=2001-01-01&to=2026-12-31")  # too long: this month


def _ago(days: int) -> Any:
    return (timezone.now() - timedelta(days=days)).date()
