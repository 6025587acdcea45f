"""Companies that insist on a second factor, and the platform's own staff."""

from collections.abc import Callable

from django.test import Client
from rest_framework.test import APIClient

from tenants.context import auth_scope, platform_scope
from tenants.models import SecondFactor, Tenant
from tenants.services import registry, totp
from tests.support.cast import PASSWORD, Cast, Person
from tests.support.clients import HOST
from tests.tenants.sign_in.factor import code, enrolled, password_step

ClientAs = Callable[..., Client]
Api = Callable[..., APIClient]


def insist(tenant: Tenant) -> None:
    with platform_scope("test"):
        Tenant.objects.filter(pk=tenant.pk).update(settings={"require_second_factor": True})
    registry.changed()


def test_who_has_none_reaches_only_the_page_to_get_one(client_as: ClientAs, api_as: Api, cast: Cast) -> None:
    insist(cast.acme)
    client = client_as("sol")
    for path in ("/mi-dia/", "/leads/", "/bandeja/", "/sesion/", "/admin/"):
        assert client.get(path)["Location"] == "/seguridad/", path
    assert "pide un segundo factor" in client.get("/seguridad/").content.decode()
    refused = api_as("sol").get("/api/v1/leads/")
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "otp_enrolment_required")
    assert client.post("/leads/nuevo/", {"name": "x"})["Location"] == "/seguridad/"
    client.post("/seguridad/segundo-factor/empezar/")
    with auth_scope():
        secret = SecondFactor.objects.get(user=cast["sol"].user).secret
    client.post("/seguridad/segundo-factor/", {"code": code(secret)})
    assert client.get("/mi-dia/").status_code == 200


def test_tokens_got_with_a_code_pass_and_pass_on_when_renewed(cast: Cast) -> None:
    secret = enrolled(cast["sol"])
    insist(cast.acme)
    api = APIClient(SERVER_NAME=HOST)
    body = {"email": cast["sol"].user.email, "password": PASSWORD, "otp": code(secret)}
    pair = api.post("/api/v1/auth/token", body).json()
    for _turn in range(2):
        api.credentials(HTTP_AUTHORIZATION=f"Bearer {pair['access']}")
        assert api.get("/api/v1/leads/").status_code == 200
        pair = api.post("/api/v1/auth/refresh", {"refresh": pair["refresh"]}).json()


def test_only_a_ceo_who_has_one_may_insist(api_as: Api, client_as: ClientAs, ana: Person, cast: Cast) -> None:
    refused = api_as("ana").patch("/api/v1/settings/", {"require_second_factor": True})
    assert refused.status_code == 422
    assert "require_second_factor" in refused.json()["error"]["fields"]
    secret = enrolled(ana)
    pair = api_login_pair(ana, code(secret))
    api = APIClient(SERVER_NAME=HOST)
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {pair['access']}")
    assert api.patch("/api/v1/settings/", {"require_second_factor": True}).json()["require_second_factor"] is True
    assert client_as("sol").get("/mi-dia/")["Location"] == "/seguridad/"
    assert api.patch("/api/v1/settings/", {"require_second_factor": None}).status_code in (200, 400)
    assert api.patch("/api/v1/settings/", {"require_second_factor": False}).status_code == 200
    assert client_as("sol").get("/mi-dia/").status_code == 200


def api_login_pair(person: Person, typed: str) -> dict[str, str]:
    body = {"email": person.user.email, "password": PASSWORD, "otp": typed}
    return APIClient(SERVER_NAME=HOST).post("/api/v1/auth/token", body).json()


def test_while_a_company_insists_nobody_of_it_switches_theirs_off(client_as: ClientAs, cast: Cast) -> None:
    enrolled(cast["sol"])
    insist(cast.acme)
    client = client_as("sol")
    answer = client.post("/seguridad/segundo-factor/desactivar/", {"password": PASSWORD})
    assert answer.status_code == 422
    assert "no se puede desactivar" in answer.content.decode()
    with auth_scope():
        assert totp.active(cast["sol"].user)


def test_the_platforms_staff_need_theirs_where_the_settings_say_so(
    client_as: ClientAs, cast: Cast, settings: object
) -> None:
    settings.PLATFORM_SECOND_FACTOR = True  # type: ignore[attr-defined]
    assert client_as("root").get("/plataforma/")["Location"] == "/seguridad/"
    secret = enrolled(cast["root"])
    client = password_step(cast["root"])
    client.post("/login/codigo/", {"code": code(secret)})
    assert client.get("/plataforma/").status_code == 200
    settings.PLATFORM_SECOND_FACTOR = False  # type: ignore[attr-defined]
    assert client_as("root").get("/plataforma/").status_code == 200


def test_the_ceo_asks_for_it_at_a_page_and_is_told_to_have_it_first(client_as: ClientAs, cast: Cast) -> None:
    client = client_as("ana")
    refused = client.post("/seguridad/empresa/", {"require": "on"}, follow=True).content.decode()
    assert "Primero hay que activar el propio segundo factor" in refused
    assert "Hoy alcanza la contraseña" in refused
    secret = enrolled(cast["ana"])
    signed_in = password_step(cast["ana"])
    signed_in.post("/login/codigo/", {"code": code(secret)})
    assert (
        "Solo entra quien tiene"
        in signed_in.post("/seguridad/empresa/", {"require": "on"}, follow=True).content.decode()
    )
    assert client_as("sol").get("/mi-dia/")["Location"] == "/seguridad/"
    signed_in.post("/seguridad/empresa/", {})
    assert client_as("sol").get("/mi-dia/").status_code == 200
    assert client_as("sol").post("/seguridad/empresa/", {"require": "on"}).status_code == 403
