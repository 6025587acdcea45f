"""The platform's staff: pages of their own, visits for a reason and a time, nothing of customers, everything told."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from config.lib.errors import Conflict, Forbidden, Invalid
from tenants.context import auth_scope, platform_scope, tenant_context
from tenants.models import Membership, PlatformAccess, SystemEvent, Tenant, User
from tenants.services import platform, registry, visits
from tenants.services.vault import MissingCredential, get_tenant_credential
from tenants.task_base import NoTenant
from tests.factories.crm import make_contact
from tests.support.cast import Cast
from tests.support.tasks import run_task

REASON = "No llegan los mensajes de WhatsApp"


@pytest.fixture
def root_client(client_as: Callable[..., Client]) -> Client:
    return client_as("root")


def begin(cast: Cast, *, minutes: int = 15) -> PlatformAccess:
    with platform_scope("test"):
        return visits.begin(
            staff=cast["root"].user, tenant=cast.acme, reason=REASON, minutes=minutes, by=cast["root"].actor
        )


def told(tenant: Tenant, action: str) -> list[SystemEvent]:
    with tenant_context(tenant):
        return list(SystemEvent.objects.filter(action=action).order_by("position"))


@pytest.mark.parametrize("name", ["ana", "gus", "sol", "pia", "iris"])
def test_its_pages_do_not_exist_for_others(client_as: Callable[..., Client], name: str) -> None:
    assert client_as(name).get("/plataforma/").status_code == 404


def test_a_stranger_is_asked_to_sign_in(client_as: Callable[..., Client]) -> None:
    assert client_as(None).get("/plataforma/").status_code == 302


def test_staff_see_companies_and_not_what_is_in_them(root_client: Client, cast: Cast) -> None:
    with tenant_context(cast.acme):
        make_contact(name="Clienta Secreta")
    text = root_client.get("/plataforma/").content.decode()
    assert cast.acme.slug in text
    assert cast.globex.slug in text
    assert "Clienta Secreta" not in text
    only = root_client.get("/plataforma/", {"q": cast.globex.slug}).content.decode()
    assert cast.acme.slug not in only


def test_without_a_visit_staff_are_strangers_to_every_company(
    root_client: Client, api_as: Callable[..., APIClient], cast: Cast
) -> None:
    assert root_client.get("/canales/", headers={"x-tenant": cast.acme.slug}).status_code in (302, 403, 404)
    answer = api_as("root").get("/api/v1/channels/", headers={"x-tenant": cast.acme.slug})
    assert answer.status_code == 403


def test_a_visit_opens_what_the_table_says_and_nothing_else(root_client: Client, cast: Cast) -> None:
    answer = root_client.post(f"/plataforma/empresas/{cast.acme.slug}/visita/", {"reason": REASON, "minutes": "15"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/canales/")
    page = root_client.get("/canales/")
    assert page.status_code == 200
    assert "Visita de la plataforma" in page.content.decode()
    for path in ("/agentes/", "/permisos/", "/visitas/"):
        assert root_client.get(path).status_code == 200, path
    for path in ("/bandeja/", "/leads/", "/mi-dia/", "/admin/", "/conocimiento/"):
        assert root_client.get(path).status_code == 403, path
    assert root_client.post("/equipo/equipos/crear/", {"name": "x"}).status_code == 403


def test_the_company_is_told_of_the_visit_and_of_each_page(root_client: Client, cast: Cast) -> None:
    begin(cast)
    client = root_client
    client.get("/canales/", headers={"x-tenant": cast.acme.slug})
    client.get("/bandeja/", headers={"x-tenant": cast.acme.slug})
    client.post("/canales/nuevo/web/", {"name": "x"}, headers={"x-tenant": cast.acme.slug})
    [begun] = told(cast.acme, "visit.begun")
    assert begun.diff == {"reason": REASON, "minutes": 15}
    pages = [(each.diff["verb"], each.diff["path"], each.outcome) for each in told(cast.acme, "visit.page")]
    assert pages == [
        ("GET", "/canales/", "ok"),
        ("GET", "/bandeja/", "ok"),
        ("POST", "/canales/nuevo/web/", "refused"),
    ]
    assert not told(cast.globex, "visit.begun")


def test_the_api_is_noted_too(api_as: Callable[..., APIClient], cast: Cast) -> None:
    begin(cast)
    api = api_as("root")
    assert api.get("/api/v1/channels/", headers={"x-tenant": cast.acme.slug}).status_code == 200
    assert api.get("/api/v1/leads/", headers={"x-tenant": cast.acme.slug}).status_code == 403
    assert api.get("/api/v1/channels/", headers={"x-tenant": cast.globex.slug}).status_code == 403
    assert len(told(cast.acme, "visit.page")) == 2


def test_a_visit_ends_by_itself(root_client: Client, cast: Cast) -> None:
    visit = begin(cast)
    header = {"x-tenant": cast.acme.slug}
    assert root_client.get("/canales/", headers=header).status_code == 200
    with platform_scope("time goes by"):
        PlatformAccess.objects.filter(pk=visit.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert root_client.get("/canales/", headers=header).status_code != 200


def test_the_company_ends_a_visit(root_client: Client, client_as: Callable[..., Client], cast: Cast) -> None:
    visit = begin(cast)
    ana = client_as("ana")
    page = ana.get("/visitas/").content.decode()
    assert REASON in page
    assert "Abierta" in page
    assert client_as("rita").post(f"/visitas/{visit.pk}/terminar/").status_code == 403
    assert ana.post(f"/visitas/{visit.pk}/terminar/").status_code == 303
    assert root_client.get("/canales/", headers={"x-tenant": cast.acme.slug}).status_code != 200
    [event] = told(cast.acme, "visit.ended")
    assert event.actor_label == "Ana"
    assert client_as("gus").post(f"/visitas/{visit.pk}/terminar/").status_code == 404


def test_the_visitor_ends_it_from_the_banner(root_client: Client, cast: Cast) -> None:
    visit = begin(cast)
    assert root_client.post(f"/plataforma/visitas/{visit.pk}/terminar/").status_code == 303
    assert told(cast.acme, "visit.ended")


@pytest.mark.parametrize(("reason", "minutes"), [("corto", 15), (REASON, 5), (REASON, 10_000), (" " * 40, 15)])
def test_a_visit_needs_a_reason_and_a_time_that_is_offered(cast: Cast, reason: str, minutes: int) -> None:
    with platform_scope("test"), pytest.raises(Invalid):
        visits.begin(staff=cast["root"].user, tenant=cast.acme, reason=reason, minutes=minutes, by=cast["root"].actor)


def test_one_visit_at_a_time_and_by_staff_only(cast: Cast) -> None:
    begin(cast)
    with platform_scope("test"):
        with pytest.raises(Conflict):
            visits.begin(staff=cast["root"].user, tenant=cast.acme, reason=REASON, minutes=15, by=cast["root"].actor)
        with pytest.raises(Forbidden):
            visits.begin(staff=cast["gus"].user, tenant=cast.acme, reason=REASON, minutes=15, by=cast["gus"].actor)


def test_staff_who_are_staff_no_more_lose_the_visit(root_client: Client, cast: Cast) -> None:
    begin(cast)
    with auth_scope():
        User.objects.filter(pk=cast["root"].user.pk).update(is_platform_staff=False)
    assert root_client.get("/canales/", headers={"x-tenant": cast.acme.slug}).status_code != 200


def test_a_visitor_has_no_row_in_the_company(cast: Cast) -> None:
    begin(cast)
    with tenant_context(cast.acme):
        guest = visits.visiting(cast["root"].user.pk, cast.acme)
        assert guest is not None
        assert (guest.role, guest.may("channels.read"), guest.may("inbox.read")) == ("support", True, False)
        assert not Membership.objects.filter(user_id=cast["root"].user.pk).exists()


def test_a_form_with_a_short_reason_keeps_what_was_written(root_client: Client, cast: Cast) -> None:
    page = root_client.post(f"/plataforma/empresas/{cast.acme.slug}/visita/", {"reason": "corto", "minutes": "60"})
    assert page.status_code == 422
    assert "corto" in page.content.decode()


def test_a_suspended_company_rests_and_its_people_are_told_why(
    root_client: Client, client_as: Callable[..., Client], api_as: Callable[..., APIClient], cast: Cast
) -> None:
    answer = root_client.post(f"/plataforma/empresas/{cast.acme.slug}/suspender/", {"reason": "Falta de pago de mayo"})
    assert answer.status_code == 303
    page = client_as("ana").get("/mi-dia/")
    assert page.status_code == 403
    assert "suspendida" in page.content.decode()
    refused = api_as("ana").get("/api/v1/leads/")
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "company_suspended")
    assert "company_suspended" not in api_as("gus").get("/api/v1/leads/").content.decode()
    with pytest.raises(NoTenant):
        run_task("messaging.tasks.process_events", tenant_id=cast.acme.pk)
    with platform_scope("look"):
        [event] = SystemEvent.objects.filter(tenant_id=cast.acme.pk, action="company.suspended")
    assert event.diff == {"reason": "Falta de pago de mayo"}
    answer = root_client.post(f"/plataforma/empresas/{cast.acme.slug}/reactivar/", {"reason": "Pago recibido hoy"})
    assert answer.status_code == 303
    assert client_as("ana").get("/mi-dia/").status_code == 200


def test_a_suspension_needs_a_reason(root_client: Client, cast: Cast) -> None:
    assert root_client.post(f"/plataforma/empresas/{cast.acme.slug}/suspender/", {"reason": ""}).status_code == 422
    registry.changed()
    assert registry.by_id(cast.acme.pk).status == "active"  # type: ignore[union-attr]


def test_a_suspended_company_is_not_visited(cast: Cast) -> None:
    with platform_scope("test"):
        platform.set_active(tenant=cast.acme, active=False, reason=REASON, by=cast["root"].actor)
        tenant = Tenant.objects.get(pk=cast.acme.pk)
        with pytest.raises(Forbidden):
            visits.begin(staff=cast["root"].user, tenant=tenant, reason=REASON, minutes=15, by=cast["root"].actor)


def test_a_credential_is_lent_and_taken_back(root_client: Client, cast: Cast) -> None:
    value = "sk-platform-0123456789abcdef"
    made = root_client.post("/plataforma/credenciales/", {"category": "openai", "name": "API_KEY", "value": value})
    assert made.status_code == 303
    address = "/plataforma/credenciales/openai/API_KEY/"
    root_client.post(f"{address}prestar/", {"companies": cast.acme.slug})
    page = root_client.get("/plataforma/credenciales/").content.decode()
    assert cast.acme.slug in page
    assert value not in page
    assert get_tenant_credential(cast.acme.pk, "openai", "API_KEY") == value
    with pytest.raises(MissingCredential):
        get_tenant_credential(cast.globex.pk, "openai", "API_KEY")
    root_client.post(f"{address}prestar/", {"companies": "nobody"})
    assert get_tenant_credential(cast.acme.pk, "openai", "API_KEY") == value
    root_client.post(f"{address}eliminar/")
    with pytest.raises(MissingCredential):
        get_tenant_credential(cast.acme.pk, "openai", "API_KEY")


def test_a_wrong_credential_is_refused_beside_its_field(root_client: Client) -> None:
    page = root_client.post("/plataforma/credenciales/", {"category": "openai", "name": "lower case", "value": "x"})
    assert page.status_code == 422
