"""Pages and API of tools: what each does and how it went, both texts, a service of one's own, a try, what waits."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from agents.domain.argument_lines import Unreadable, lines_of, schema_of
from agents.models import Tool
from tenants.context import tenant_context
from tenants.models import Credential, SystemEvent, Tenant
from tests.agents.services.story import employ, make_story
from tests.agents.tools.services_of_acme import SECRET, make_service, make_write
from tests.factories.agents import make_agent, make_pending_act, make_run, make_tool, make_tool_call
from tests.factories.messaging import make_conversation
from tests.fakes.http_service import HttpService, Said
from tests.support.tasks import Queue

HOME = "/agentes/herramientas/"
MOST = 10


@pytest.fixture
def service() -> Iterator[HttpService]:
    with HttpService() as running:
        yield running


def typed(service: HttpService, **over: Any) -> dict[str, Any]:
    """The boxes of a new service, as somebody fills them in."""
    return {
        "name": "consultar_precio",
        "label": "Consultar precio",
        "description": "Dice cuánto sale un producto.",
        "parameters": "codigo; texto; obligatorio; Código del producto\ncolor; rojo|azul\ncuantos; entero; opcional",
        "method": "GET",
        "service_url": f"{service.url}/precio/{{codigo}}?n={{cuantos}}",
        "headers": "Authorization: Bearer {{secreto.CLAVE}}",
        "body": "",
        "secrets": f"CLAVE: {SECRET}",
        "response_path": "",
        "timeout": "5",
        "prompt_injection": "Pedir el código.",
        "response_guide": "Con IVA.",
        "confirmation": "none",
        "is_active": "on",
        **over,
    }


def row_of(acme: Tenant, name: str) -> Tool:
    with tenant_context(acme):
        return Tool.objects.get(name=name)


def test_a_service_is_connected_tried_and_given_to_an_agent(
    acme: Tenant, service: HttpService, client_as: Callable[..., Client], queued: Queue
) -> None:
    browser = client_as("ana")
    assert "Conectar un servicio" in browser.get(HOME).content.decode()
    answer = browser.post(f"{HOME}nueva/", typed(service))
    assert answer.headers["Location"] == f"{HOME}consultar_precio/"
    row = row_of(acme, "consultar_precio")
    assert row.parameters["properties"]["color"] == {"type": "string", "enum": ["rojo", "azul"]}
    assert row.parameters["required"] == ["codigo"]
    page = browser.get(f"{HOME}consultar_precio/").content.decode()
    assert "codigo; texto; obligatorio; Código del producto" in page
    assert "CLAVE</code>" in page
    assert "VERYSECRET" not in page
    service.say(Said(body={"precio": 77, "eco": SECRET}))
    begun = browser.post(f"{HOME}consultar_precio/probar/", {"dato-codigo": "A 1", "dato-cuantos": "3"})
    trial = begun.headers["Location"]
    assert "Consultando" in browser.get(trial).content.decode()
    queued.drain()
    shown = browser.get(trial).content.decode()
    assert "77" in shown
    assert "/precio/A%201?n=3" in shown
    assert "VERYSECRET" not in shown
    assert service.asked[0].headers["authorization"] == f"Bearer {SECRET}"
    choices = browser.get(f"/agentes/{employ(acme, tools=['consultar_precio']).pk}/").content.decode()
    assert "Consultar precio" in choices
    assert "quitarla antes" in browser.get(f"{HOME}consultar_precio/").content.decode()


def test_a_write_is_shown_and_never_sent_in_a_try(
    acme: Tenant, service: HttpService, client_as: Callable[..., Client], queued: Queue
) -> None:
    make_write(acme, service, headers={"X-Key": "{{secreto.CLAVE}}"}, secrets={"CLAVE": SECRET})
    browser = client_as("ana")
    trial = browser.post(f"{HOME}anotar_pedido/probar/", {"dato-codigo": "9"}).headers["Location"]
    queued.drain()
    shown = browser.get(trial).content.decode()
    assert "en una prueba no se manda" in shown
    assert "•••" in shown
    assert service.asked == []
    wrong = browser.post(f"{HOME}anotar_pedido/probar/", {"dato-codigo": "x" * 90})
    assert wrong.status_code == 422
    assert client_as("gus").get(trial).status_code == 404


@pytest.mark.parametrize(
    ("over", "said"),
    [
        ({"name": "handoff_to_human"}, "ya lo usa la plataforma"),
        ({"parameters": "telefono; texto"}, "no lo dice el modelo"),
        ({"parameters": "codigo; raro"}, "No se entiende la línea"),
        ({"parameters": "{no json"}, "No es JSON"),
        ({"headers": "sin dos puntos"}, "no tiene la forma"),
        ({"secrets": ""}, "Escribir la clave CLAVE"),
        ({"secrets": "sin-dos-puntos-VERYSECRET"}, "no tiene la forma"),
        ({"body": "{}"}, "no lleva cuerpo"),
        ({"service_url": "precio"}, "dirección completa"),
    ],
)
def test_what_is_wrong_is_told_beside_its_box_and_a_secret_is_never_sent_back(
    acme: Tenant, service: HttpService, client_as: Callable[..., Client], over: dict[str, str], said: str
) -> None:
    answer = client_as("ana").post(f"{HOME}nueva/", typed(service, **over))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert said in page
    assert "VERYSECRET" not in page
    assert "Dice cuánto sale un producto." in page
    with tenant_context(acme):
        assert not Tool.objects.exists()
        assert not Credential.objects.filter(category="tools").exists()


def test_a_changed_server_asks_for_the_key_again(
    acme: Tenant, service: HttpService, client_as: Callable[..., Client]
) -> None:
    browser = client_as("ana")
    browser.post(f"{HOME}nueva/", typed(service))
    words = {**typed(service), "secrets": "", "label": "Precio"}
    assert browser.post(f"{HOME}consultar_precio/guardar/", words).status_code == 303
    refused = browser.post(
        f"{HOME}consultar_precio/guardar/", {**words, "service_url": "http://127.0.0.1:9/{codigo}/{cuantos}/{color}"}
    )
    assert refused.status_code == 422
    assert "Escribir la clave CLAVE" in refused.content.decode()
    assert row_of(acme, "consultar_precio").service_url.startswith(service.url)


def test_the_platforms_texts_are_edited_and_what_is_fixed_is_not_offered(
    acme: Tenant, client_as: Callable[..., Client]
) -> None:
    browser = client_as("ana")
    words = {
        "prompt_injection": "Solo con DNI.",
        "response_guide": "Breve.",
        "confirmation": "person",
        "is_active": "on",
    }
    assert browser.post(f"{HOME}create_customer/guardar/", words).status_code == 303
    row = row_of(acme, "create_customer")
    assert (row.kind, row.prompt_injection, row.confirmation) == ("internal", "Solo con DNI.", "person")
    with tenant_context(acme):
        assert SystemEvent.objects.filter(action="tool.updated").count() == 1
    assert "La aprueba alguien del equipo" in browser.get(HOME).content.decode()
    page = browser.get(f"{HOME}handoff_to_human/").content.decode()
    assert 'name="confirmation"' not in page
    assert 'name="is_active"' not in page
    assert browser.post(f"{HOME}create_customer/borrar/").status_code == 404


def test_each_use_is_listed_to_whoever_may_see_its_chat(acme: Tenant, client_as: Callable[..., Client]) -> None:
    with tenant_context(acme):
        for number in range(60):
            make_tool_call(tool="create_customer", ok=bool(number), refusal="" if number else "Dato de otro")
    browser = client_as("ana")
    page = browser.get(f"{HOME}create_customer/usos/").content.decode()
    assert page.count("data-row") == 50
    assert "cursor=" in page
    found = browser.get(HOME).content.decode()
    assert "60 usos" in found
    assert "1 fallo" in found


@pytest.mark.parametrize("path", [HOME, f"{HOME}consultar_precio/", f"{HOME}consultar_precio/usos/", "act"])
def test_pages_cost_the_same_with_few_and_with_many_rows(
    acme: Tenant,
    service: HttpService,
    client_as: Callable[..., Client],
    statements: Callable[..., Any],
    path: str,
) -> None:
    make_service(acme, service)
    counts = []
    for rows in (1, 20):
        with tenant_context(acme):
            for number in range(rows):
                make_tool(name=f"propia_{rows}_{number}", label=f"Propia {number}")
                make_tool_call(tool="consultar_precio", run=make_run(agent=make_agent()))
            chat = make_conversation()
            act = make_pending_act(run=make_run(conversation_id=chat.pk), conversation_id=chat.pk)
        browser = client_as("ana")
        with statements() as seen:
            address = f"/agentes/actos/{act.pk}/" if path == "act" else path
            assert browser.get(address).status_code == 200
        counts.append(seen.count)
    assert counts[0] == counts[1] <= MOST, str(seen)


def test_a_secretary_reads_and_sellers_and_others_do_not(
    acme: Tenant, service: HttpService, client_as: Callable[..., Client]
) -> None:
    make_service(acme, service)
    browser = client_as("rita")
    assert "disabled" in browser.get(f"{HOME}consultar_precio/").content.decode()
    for path in ("nueva/", "consultar_precio/guardar/", "consultar_precio/borrar/", "consultar_precio/probar/"):
        assert browser.post(f"{HOME}{path}", typed(service)).status_code == 403
    assert client_as("sol").get(HOME).status_code == 403
    assert client_as("gus").get(f"{HOME}consultar_precio/").status_code == 404


class TestTheApi:
    def test_a_service_is_made_changed_tried_and_removed(
        self, acme: Tenant, service: HttpService, api_as: Callable[..., APIClient], queued: Queue
    ) -> None:
        client = api_as("ana")
        body = {
            "name": "consultar_precio",
            "label": "Precio",
            "description": "Dice cuánto sale un producto.",
            "service_url": f"{service.url}/p/{{codigo}}",
            "parameters": schema_of("codigo; texto; obligatorio"),
            "headers": {"X-Key": "{{secreto.CLAVE}}"},
            "secrets": {"CLAVE": SECRET},
        }
        made = client.post("/api/v1/tools", body, format="json")
        assert made.status_code == 201, made.content
        assert made.json()["service"]["secrets"] == ["CLAVE"]
        assert "VERYSECRET" not in made.content.decode()
        assert client.post("/api/v1/tools", body, format="json").status_code == 422
        changed = client.patch("/api/v1/tools/consultar_precio", {"response_guide": "Con IVA."}, format="json")
        assert changed.json()["response_guide"] == "Con IVA."
        moved = client.patch("/api/v1/tools/consultar_precio", {"service_url": "http://127.0.0.1:9/"}, format="json")
        assert moved.status_code == 422
        service.say(Said(body={"precio": 5}))
        begun = client.post("/api/v1/tools/consultar_precio/try", {"arguments": {"codigo": "9"}}, format="json")
        assert (begun.status_code, begun.json()["state"]) == (202, "running")
        queued.drain()
        trial = client.get(f"/api/v1/tools/consultar_precio/try/{begun.json()['id']}").json()
        assert (trial["state"], trial["answer"]["answer"]) == ("done", {"precio": 5})
        names = [one["name"] for one in client.get("/api/v1/tools").json()["results"]]
        assert {"consultar_precio", "rag_search"} <= set(names)
        assert client.delete("/api/v1/tools/consultar_precio").status_code == 204
        assert client.delete("/api/v1/tools/rag_search").status_code == 404

    def test_the_platforms_take_the_texts_only(self, acme: Tenant, api_as: Callable[..., APIClient]) -> None:
        client = api_as("ana")
        changed = client.patch("/api/v1/tools/create_customer", {"confirmation": "customer"}, format="json")
        assert changed.json()["confirmation"] == "customer"
        client.patch("/api/v1/tools/create_customer", {"service_url": "https://evil.test/"}, format="json")
        assert row_of(acme, "create_customer").service_url == ""
        refused = client.patch("/api/v1/tools/handoff_to_human", {"is_active": False}, format="json")
        assert refused.status_code == 422

    def test_what_waits_is_listed_and_decided_once(
        self, acme: Tenant, api_as: Callable[..., APIClient], queued: Queue
    ) -> None:
        story = make_story(acme)
        with tenant_context(acme):
            run = make_run(conversation_id=story.conversation.pk)
            act = make_pending_act(run=run, arguments={"name": "Ana"}, conversation_id=story.conversation.pk)
        client = api_as("ana")
        (found,) = client.get("/api/v1/acts?state=waiting").json()["results"]
        assert (found["id"], found["arguments"]) == (str(act.pk), {"name": "Ana"})
        assert client.post(f"/api/v1/acts/{act.pk}/refuse").json()["state"] == "refused"
        assert client.post(f"/api/v1/acts/{act.pk}/approve").status_code == 409
        assert api_as("gus").post(f"/api/v1/acts/{act.pk}/approve").status_code == 404


@pytest.mark.parametrize(
    "text",
    ["codigo; texto; obligatorio; Código", "a; número\nb; sí/no; obligatorio\nc; rojo|azul; opcional; Color", ""],
)
def test_lines_and_schemas_are_two_ways_to_write_the_same(text: str) -> None:
    schema = schema_of(text)
    lines = lines_of(schema)
    assert lines is not None
    assert schema_of(lines) == schema


def test_lines_are_written_in_the_words_of_their_reader() -> None:
    schema = schema_of("code; texto; obligatorio; Code\nfast; sí/no")
    assert lines_of(schema, language="en") == "code; text; required; Code\nfast; yes/no; optional"
    assert schema_of(str(lines_of(schema, language="en"))) == schema


def test_a_schema_that_says_more_is_not_cut_into_lines() -> None:
    assert lines_of(schema_of("a; texto") | {"minProperties": 1}) is None
    nested = {"type": "object", "properties": {"a": {"type": "array", "items": {"type": "string"}}}}
    assert lines_of(nested | {"required": [], "additionalProperties": False}) is None
    with pytest.raises(Unreadable):
        schema_of("a; texto\na; texto")
