"""From an empty platform to a company with its CEO: over the pages, through the worker, resumed when something dies."""

import re
from collections.abc import Callable, Iterator

import pytest
from django.test import Client, override_settings

from config.lib.errors import AppError
from tenants.context import auth_scope, tenant_context
from tenants.models import CompanyRequest, Membership, Onboarding, SystemEvent, Tenant, User
from tenants.services import company_requests, provisioning, registry
from tests.support.cast import Cast
from tests.support.live import drop_companies
from tests.support.services import Services
from tests.support.tasks import Queue

ACCOUNT = {"account-person": "Nora", "account-email": "nora@nueva.test", "account-password": "una frase larga 7"}
FACTS = {
    "name": "Panadería Ñandú",
    "slug": "",
    "trade": "store",
    "timezone": "America/Montevideo",
    "currency": "UYU",
    "locale": "es",
}


@pytest.fixture
def stranger(client_as: Callable[..., Client]) -> Client:
    return client_as(None)


def asked(client: Client, **over: str) -> CompanyRequest:
    answer = client.post("/empezar/", {**ACCOUNT, **FACTS, **over})
    assert answer.status_code == 302, answer.content.decode()[-3000:]
    assert re.fullmatch(r"/empezar/[0-9a-f-]{36}/", answer["Location"])
    with auth_scope():
        return CompanyRequest.objects.get(pk=answer["Location"].split("/")[2])


@pytest.fixture
def company(live_tenants: Cast, stranger: Client, queued: Queue, swept: None) -> tuple[Client, CompanyRequest]:
    row = asked(stranger, slug="panaderia-test")
    queued.drain()
    return stranger, row


@pytest.fixture
def swept(live_tenants: Cast, test_services: Services) -> Iterator[None]:
    """Companies and people that the test makes go again."""
    yield
    with auth_scope():
        made = list(Tenant.objects.filter(slug__endswith="-test"))
        people = list(User.objects.filter(email=ACCOUNT["account-email"]).values_list("pk", flat=True))
    drop_companies(made, test_services, people=people)


def test_a_stranger_becomes_the_ceo_of_a_new_company(company: tuple[Client, CompanyRequest]) -> None:
    client, row = company
    assert client.get(f"/empezar/{row.pk}/").headers["Location"] == "/bienvenida/"
    shown = client.get("/bienvenida/")
    assert shown.status_code == 200
    assert "Primeros pasos" in shown.content.decode()
    tenant = registry.by_slug("panaderia-test")
    assert tenant is not None
    assert (tenant.name, tenant.trade, tenant.currency) == ("Panadería Ñandú", "store", "UYU")
    with tenant_context(tenant):
        member = Membership.objects.get(tenant=tenant)
        assert (member.role, member.status) == ("ceo", "active")
        assert not member.user.is_platform_staff
        assert Onboarding.objects.filter(tenant=tenant).exists()
        assert SystemEvent.objects.filter(action="company.created").count() == 1


def test_making_it_again_after_every_kind_of_stop_doubles_nothing(
    live_tenants: Cast, stranger: Client, queued: Queue, swept: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = asked(stranger, slug="otra-test")
    for where in ("complete", "set_membership"):
        with monkeypatch.context() as patched:
            target = provisioning if where == "complete" else company_requests
            patched.setattr(target, where, _dies)
            with pytest.raises(KeyboardInterrupt):
                company_requests.make(row.pk)
        _lease_over(row)
    assert company_requests.due() == [row.pk]
    company_requests.make(row.pk)
    company_requests.make(row.pk)
    tenant = registry.by_slug("otra-test")
    assert tenant is not None
    with auth_scope():
        assert Membership.objects.filter(tenant=tenant).count() == 1
        assert CompanyRequest.objects.get(pk=row.pk).state == "ready"
        assert Tenant.objects.filter(slug="otra-test").count() == 1


def _dies(*args: object, **kwargs: object) -> None:
    raise KeyboardInterrupt


def _lease_over(row: CompanyRequest) -> None:
    with auth_scope():
        CompanyRequest.objects.filter(pk=row.pk).update(due_at=row.created_at)


@pytest.mark.parametrize(
    ("over", "words"),
    [
        ({"slug": "acme"}, "ya está en uso"),
        ({"slug": "-mal-"}, "minúsculas, números y guiones"),
        ({"name": "   "}, "requerido"),
        ({"currency": "XXX"}, "XXX"),
        ({"timezone": "Luna/Norte"}, "Luna/Norte"),
        ({"account-password": "1234567890"}, "contraseña"),
        ({"account-email": "no"}, "correo"),
    ],
)
def test_wrong_data_is_said_and_kept(
    stranger: Client, cast: Cast, over: dict[str, str], words: str, queued: Queue
) -> None:
    slug = over.get("slug") == "acme" and {"slug": cast.acme.slug}
    answer = stranger.post("/empezar/", {**ACCOUNT, **FACTS, **over, **(slug or {})})
    assert answer.status_code == 422
    text = answer.content.decode()
    assert words.lower() in text.lower()
    assert ACCOUNT["account-person"] in text
    assert ACCOUNT["account-password"] not in text
    with auth_scope():
        assert not CompanyRequest.objects.exists()


def test_an_account_that_exists_is_not_taken_over(stranger: Client, cast: Cast) -> None:
    mail = cast["ana"].user.email
    answer = stranger.post("/empezar/", {**ACCOUNT, **FACTS, "account-email": mail})
    assert answer["Location"].startswith("/login/")
    assert "session" not in answer.cookies
    with auth_scope():
        assert not CompanyRequest.objects.exists()


def test_nobody_sees_anothers_request(stranger: Client, client_as: Callable[..., Client], db: None) -> None:
    row = asked(stranger)
    assert client_as("gus").get(f"/empezar/{row.pk}/").status_code == 404
    assert client_as(None).get(f"/empezar/{row.pk}/").status_code == 302


def test_a_closed_platform_makes_no_companies(stranger: Client, cast: Cast) -> None:
    with override_settings(OPEN_SIGNUP=False):
        assert "da de alta la plataforma" in stranger.get("/empezar/").content.decode()
        stranger.post("/empezar/", {**ACCOUNT, **FACTS})
        with auth_scope(), pytest.raises(AppError):
            company_requests.ask(
                user=cast["ana"].user,
                name="x",
                slug="x",
                trade="sales",
                timezone_name="UTC",
                locale="es",
                currency="USD",
            )
    with auth_scope():
        assert not CompanyRequest.objects.exists()
        assert not User.objects.filter(email=ACCOUNT["account-email"]).exists()


def test_asking_is_limited_by_address(stranger: Client, db: None) -> None:
    codes = [
        stranger.post(
            "/empezar/", {**ACCOUNT, **FACTS, "account-email": f"n{n}@nueva.test", "slug": f"n{n}"}
        ).status_code
        for n in range(4)
    ]
    assert codes[3] == 422
    assert "Demasiados intentos" in stranger.post("/empezar/", {**ACCOUNT, **FACTS}).content.decode()
