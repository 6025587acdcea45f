"""The editor: hours, register, limits, variables, the preview, and versions that say what they changed."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from agents.domain.prompt import unknown_variables
from agents.forms.agents import AgentForm
from agents.models import Agent
from agents.services import agents
from agents.services.assets import create_asset, texts_of, warnings_of
from agents.templates import TEMPLATES
from agents.tools import TOOLS
from agents.views.differences import changes_of, names_of
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.agents.web.test_agent_pages import BY, form_of

ClientAs = Callable[..., Client]


@pytest.fixture
def agent(acme: Tenant) -> Agent:
    with tenant_context(acme):
        return agents.create_from_template(template_type="sales", by=BY, name="Vera", channels=["web"], is_active=True)


def saved(acme: Tenant, agent: Agent) -> Agent:
    with tenant_context(acme):
        return Agent.objects.select_related("published").get(pk=agent.pk)


def page_of(browser: Client, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def test_every_setting_of_the_form_comes_back_as_it_was_said(acme: Tenant, agent: Agent, client_as: ClientAs) -> None:
    said = {
        "hours_mode": "own",
        "day_0": "20 a 24",
        "day_5": "9:00-13:00, 15 a 18",
        "rests_on_holidays": "on",
        "away": "Volvemos a la mañana.",
        "register": "usted",
        "register_en": "casual",
        "disclosure": "first",
        "rules": "Sin descuentos",
        "dictionary": "termo: tanque\ntermo: caldera, tanque",
        "max_steps": "3",
        "max_seconds": "40",
        "max_tokens": "20000",
        "fallback_model": "otro",
        "side_model": "chico",
    }
    assert client_as("ana").post(f"/agentes/{agent.pk}/guardar/", form_of(agent, **said)).status_code == 303
    config = saved(acme, agent).config
    assert config["hours"] == {
        "mode": "own",
        "week": {"0": [["20:00", "24:00"]], "5": [["09:00", "13:00"], ["15:00", "18:00"]]},
        "rests_on_holidays": True,
        "away": "Volvemos a la mañana.",
    }
    assert config["dictionary"] == {"termo": ["tanque", "caldera"]}
    assert (config["max_steps"], config["max_seconds"], config["max_tokens"]) == (3, 40, 20_000)
    assert (config["fallback_model"], config["side_model"]) == ("otro", "chico")
    assert (config["register"], config["register_en"], config["disclosure"]) == ("usted", "casual", "first")
    with tenant_context(acme):
        again = AgentForm.of(saved(acme, agent))
        shown = {name: again[name].value() for name in said}
    assert shown["day_5"] == "09:00-13:00, 15:00-18:00"
    assert shown["rests_on_holidays"] is True
    assert shown["dictionary"] == "termo: tanque, caldera"


def test_saving_without_a_change_changes_nothing(acme: Tenant, agent: Agent, client_as: ClientAs) -> None:
    """A browser sends marks in the order of the page and ends lines with two characters."""
    with tenant_context(acme):
        form = AgentForm.of(saved(acme, agent))
        shown = {name: form[name].value() for name in form.fields}
    typed = {name: value for name, value in shown.items() if value not in (None, False)}
    typed |= {"system_prompt_template": shown["system_prompt_template"].replace("\n", "\r\n"), "is_active": "on"}
    typed["enabled_tools"] = sorted(shown["enabled_tools"])
    assert client_as("ana").post(f"/agentes/{agent.pk}/guardar/", typed).status_code == 303
    with tenant_context(acme):
        assert agents.unpublished_changes(saved(acme, agent)) == {}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"hours_mode": "own"}, "Falta decir en qué días y horas responde."),
        ({"hours_mode": "own", "day_1": "cuando pueda"}, "Escribir tramos como"),
        ({"rules": "\n".join(f"Regla {n}" for n in range(61))}, "Hay 61 reglas y pueden ser 60."),
        ({"rules": "x" * 401}, "tiene 401 letras y puede tener 400"),
        ({"dictionary": "\n".join(f"p{n}: x" for n in range(201))}, "Hay 201 palabras y pueden ser 200."),
        ({"max_steps": "99"}, "menor o igual"),
        ({"max_tokens": "10"}, "mayor o igual"),
        ({"register": "gritos"}, "gritos"),
    ],
)
def test_too_much_is_said_and_never_cut(
    acme: Tenant, agent: Agent, client_as: ClientAs, wrong: dict[str, Any], said: str
) -> None:
    answer = client_as("ana").post(f"/agentes/{agent.pk}/guardar/", form_of(agent, **wrong))
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert saved(acme, agent).config == agent.config


def test_the_preview_shows_what_is_typed_and_saves_nothing(acme: Tenant, agent: Agent, client_as: ClientAs) -> None:
    with tenant_context(acme):
        create_asset(by=BY, key="marca", kind="branding", title="Marca", content="Somos Acme desde 1990.")
    browser = client_as("ana")
    typed = form_of(agent, system_prompt_template="{{activo.marca}} {{activo.nada}} {{precio}}", tone="De mar")
    address = f"/agentes/{agent.pk}/vista/"
    part = browser.post(address, typed, headers={"HX-Request": "true"}).content.decode()
    for piece in (
        "Somos Acme desde 1990.",
        "# Tono\nDe mar",
        "{{activo.nada}} queda vacío",
        "{{precio}} no existe",
        "tokens",
    ):
        assert piece in part, piece
    assert "<html" not in part
    assert "<html" in browser.post(address, typed).content.decode(), "works without scripts"
    assert saved(acme, agent).system_prompt_template == agent.system_prompt_template
    broken = browser.post(address, {**typed, "temperature": "9"}, headers={"HX-Request": "true"}).content.decode()
    assert "se muestra lo guardado" in broken
    assert "De mar" not in broken
    assert "Ana Pérez" in page_of(client_as("rita"), address)


def test_the_page_offers_variables_and_says_what_will_be_published(
    acme: Tenant, agent: Agent, client_as: ClientAs
) -> None:
    browser = client_as("ana")
    page = page_of(browser, f"/agentes/{agent.pk}/")
    assert 'data-insert="{{empresa}}"' in page
    assert "Publicar" not in page, "nothing to publish"
    browser.post(f"/agentes/{agent.pk}/guardar/", form_of(agent, tone="Otro", temperature="0.1"))
    page = page_of(browser, f"/agentes/{agent.pk}/")
    changed = saved(acme, agent)
    with tenant_context(acme):
        names = names_of(agents.unpublished_changes(changed))
    assert names == "temperatura, tono, reglas, trato"
    assert "Publicar 4 cambios" in page
    assert names in page


def test_a_provider_without_a_key_leads_to_the_vault(acme: Tenant, agent: Agent, client_as: ClientAs) -> None:
    with tenant_context(acme):
        agents.update_agent(agent=agent, by=BY, model_provider="google", model_version="gemini-2.5-flash")
    assert 'href="/credenciales/google/"' in page_of(client_as("ana"), f"/agentes/{agent.pk}/")
    assert client_as("ana").get("/credenciales/google/").status_code == 200


def test_putting_a_version_back_is_undone_with_one_click(acme: Tenant, agent: Agent, client_as: ClientAs) -> None:
    browser = client_as("ana")
    browser.post(f"/agentes/{agent.pk}/guardar/", form_of(agent, system_prompt_template="Segunda."))
    browser.post(f"/agentes/{agent.pk}/publicar/")
    answer = browser.post(f"/agentes/{agent.pk}/versiones/1/volver/")
    assert answer.headers["Location"] == f"/agentes/{agent.pk}/?antes=2"
    page = page_of(browser, answer.headers["Location"])
    assert f'action="/agentes/{agent.pk}/versiones/2/volver/"' in page
    assert "La versión 2 dejó de responder." in page
    browser.post(f"/agentes/{agent.pk}/versiones/2/volver/")
    published = saved(acme, agent).published
    assert published is not None
    assert (published.number, published.snapshot["system_prompt_template"]) == (4, "Segunda.")
    for odd in ("x", "99", "9" * 30, "4"):
        assert "dejó de responder" not in page_of(browser, f"/agentes/{agent.pk}/?antes={odd}")


def test_what_was_saved_and_never_published_is_named_before_it_is_lost(
    acme: Tenant, agent: Agent, client_as: ClientAs
) -> None:
    browser = client_as("ana")
    for words in ("Segunda.", "Tercera."):
        browser.post(f"/agentes/{agent.pk}/guardar/", form_of(agent, system_prompt_template=words))
        if words == "Segunda.":
            browser.post(f"/agentes/{agent.pk}/publicar/")
    page = page_of(browser, f"/agentes/{agent.pk}/versiones/1/")
    assert "Hay cambios guardados sin publicar (instrucciones)" in page
    assert "Qué cambió respecto de la versión 1" in page_of(browser, f"/agentes/{agent.pk}/versiones/2/")


def test_the_history_says_who_when_and_what_a_page_at_a_time(
    acme: Tenant, agent: Agent, client_as: ClientAs, statements: Callable[..., Any]
) -> None:
    with tenant_context(acme):
        for number in range(60):
            agents.update_agent(agent=agent, by=BY, role=f"Función {number}")
            agents.publish_agent(agent=agent, by=BY)
    browser = client_as("ana")
    with statements() as seen:
        page = page_of(browser, f"/agentes/{agent.pk}/versiones/")
    assert seen.count <= 6, str(seen)
    assert page.count("Cambió: función") == 50
    assert "Versión 61" in page
    assert "Versión 11<" not in page
    assert "cursor=" in page
    assert "Ver todas" in page_of(browser, f"/agentes/{agent.pk}/")


def test_the_list_says_who_answers(acme: Tenant, agent: Agent, client_as: ClientAs) -> None:
    with tenant_context(acme):
        Agent.objects.exclude(pk=agent.pk).update(is_active=False)
        agents.create_agent(by=BY, name="Sol", channels=["web"])
    page = page_of(client_as("ana"), "/agentes/")
    assert "Quién responde" in page
    assert "Vera y Sol tienen la misma prioridad: responde Vera, que es anterior." in page


class TestDifferences:
    def test_words_that_changed_are_marked_in_their_line(self) -> None:
        before = "Saludar.\nOfrecer la visita los lunes y martes.\nCerrar con una pregunta siempre." + "\nIgual" * 20
        after = before.replace("lunes", "jueves")
        (change,) = changes_of({"system_prompt_template": (before, after)})
        kinds = [line.kind for line in change.lines]
        assert kinds == ["", "gone", "new", "", "", "more"]
        gone, new = change.lines[1], change.lines[2]
        assert [text for mark, text in gone.pieces if mark] == ["lunes"]
        assert [text for mark, text in new.pieces if mark] == ["jueves"]
        assert (gone.text, change.lines[-1].count) == ("Ofrecer la visita los lunes y martes.", 19)

    def test_lines_with_nothing_in_common_are_not_mixed(self) -> None:
        (change,) = changes_of(
            {"system_prompt_template": ("Uno dos tres\ncuatro", "Lorem ipsum\notra cosa muy distinta")}
        )
        assert not any(mark for line in change.lines for mark, _text in line.pieces)

    def test_settings_are_named_one_by_one(self) -> None:
        before = {"tone": "Seco", "hours": {"mode": "always"}, "own": 1}
        after = {"tone": "Seco", "hours": {"mode": "own", "week": {"0": [["20:00", "24:00"]]}}, "own": 2}
        changes = changes_of({"config": (before, after)})
        assert [change.label for change in changes] == ["Horario", "Own"]
        assert "Lunes 20:00-24:00" in "\n".join(line.text for line in changes[0].lines)
        assert names_of({"config": (None, {"tone": "x"})}) == "tono"
        assert names_of({"config": ({}, {"side_model": "x"})}) == "modelo para tareas cortas"


@pytest.mark.parametrize("kind", TEMPLATES)
def test_a_template_is_publishable_as_it_is(in_acme: Tenant, kind: str) -> None:
    agent = agents.create_from_template(template_type=kind, by=BY, channels=["web"], is_active=True)
    snapshot = agents.snapshot_of(agent)
    assert warnings_of(snapshot) == []
    assert set(agent.enabled_tools) <= set(TOOLS)
    assert agent.config["register"] == "voseo"
    words = " ".join(texts_of(snapshot)).lower()
    assert unknown_variables(words) == ()
    for addressed in (" sos ", " eres ", "respondé", "responde con", "usted", " vos ", "atendés"):
        assert addressed not in words, "the register decides, not the template"
    assert len(snapshot["system_prompt_template"]) > 200
    assert len(agent.config["rules"]) >= 3


def test_the_tools_of_the_trade_are_there(in_acme: Tenant) -> None:
    def tools(kind: str) -> set[str]:
        return set(TEMPLATES[kind]["enabled_tools"])

    assert {"search_products", "check_stock"} <= tools("sales")
    assert "rag_search" in tools("support")
    assert "create_customer" in tools("leads")
    assert {"check_seller_availability", "book_appointment", "qualify_lead"} <= tools("booking") & tools("reception")


@pytest.mark.parametrize(
    ("model", "ignored"),
    [("gpt-6", True), ("o3-mini", True), ("gpt-5-mini", True), ("gpt-4o-mini", False), ("", False)],
)
def test_a_model_that_ignores_the_temperature_is_said_so_beside_it(in_acme: Tenant, model: str, ignored: bool) -> None:
    agent = agents.create_from_template(template_type="sales", by=BY)
    agent.model_version = model
    told = str(AgentForm.of(agent)["temperature"].help_text)
    assert ("no lo tiene en cuenta" in told, model in told) == (ignored, ignored or not model)


EVERY = {"rag_search", "ask_team", "create_customer", "save_details", "handoff_to_human"}
AGENDA = {
    *("qualify_lead", "check_seller_availability", "book_appointment"),
    *("reschedule_appointment", "cancel_appointment", "my_appointments"),
}
STORE = {"search_products", "check_stock", "order_status"}
REPORTS = {"report_assistance"}
URGENCY = {"triage_urgency"}


@pytest.mark.parametrize(
    ("kind", "everywhere", "in_a_clinic"),
    [
        ("sales", {*EVERY, *STORE, *AGENDA, "convert_to_client", *REPORTS}, URGENCY),
        ("support", {*EVERY, "order_status", "my_appointments", *REPORTS}, set()),
        ("leads", {*EVERY, "qualify_lead", *REPORTS}, set()),
        ("booking", {*EVERY, *AGENDA, *REPORTS}, URGENCY),
        ("reception", {*EVERY, *AGENDA, *URGENCY, *REPORTS}, set()),
    ],
)
def test_a_template_has_the_tools_of_its_work_and_those_of_a_clinic_only_there(
    in_acme: Tenant, kind: str, everywhere: set[str], in_a_clinic: set[str]
) -> None:
    assert set(TEMPLATES[kind]["enabled_tools"]) == everywhere | in_a_clinic
    in_acme.trade = "sales"
    assert set(agents.template_fields(kind)["enabled_tools"]) == everywhere
    in_acme.trade = "clinic"
    assert set(agents.template_fields(kind)["enabled_tools"]) == everywhere | in_a_clinic
