"""Signing in and out, choosing a company, and the pages of refusals."""

from collections.abc import Callable

import pytest
from django.test import Client

from tenants.context import auth_scope, tenant_context
from tenants.models import SystemEvent, Tenant, User
from tenants.services.people import set_membership
from tests.support.cast import PASSWORD, Cast, Person

ClientAs = Callable[..., Client]


def sign_in(client: Client, person: Person, password: str = PASSWORD, **more: str) -> object:
    return client.post("/login/", {"email": person.user.email, "password": password, **more})


def actions(tenant: Tenant) -> list[str]:
    with tenant_context(tenant):
        return list(SystemEvent.objects.order_by("id").values_list("action", flat=True))


def test_the_right_password_opens_the_day(client_as: ClientAs, ana: Person) -> None:
    browser = client_as(None)

    assert sign_in(browser, ana)["Location"] == "/mi-dia/"
    assert browser.get("/sesion/").status_code == 200


def test_the_session_key_changes_at_sign_in(client_as: ClientAs, ana: Person) -> None:
    browser = client_as("ana")
    before = browser.cookies["session"].value

    sign_in(browser, ana)

    assert browser.cookies["session"].value != before


def test_it_goes_on_to_where_the_person_wanted(client_as: ClientAs, ana: Person) -> None:
    assert sign_in(client_as(None), ana, next="/leads/?stage=nuevo")["Location"] == "/leads/?stage=nuevo"


@pytest.mark.parametrize("target", ["https://evil.test/", "//evil.test/", "javascript:alert(1)"])
def test_it_never_goes_on_to_another_site(client_as: ClientAs, ana: Person, target: str) -> None:
    assert sign_in(client_as(None), ana, next=target)["Location"] == "/mi-dia/"


def test_a_wrong_password_and_an_unknown_account_get_the_same_answer(client_as: ClientAs, ana: Person) -> None:
    wrong = sign_in(client_as(None), ana, "otra cosa")
    unknown = client_as(None).post("/login/", {"email": ana.user.email + ".ar", "password": "otra cosa"})

    assert wrong.status_code == unknown.status_code == 401
    assert "no coinciden" in wrong.content.decode()
    assert "no coinciden" in unknown.content.decode()


def test_the_typed_address_stays_and_the_password_does_not(client_as: ClientAs, ana: Person) -> None:
    page = sign_in(client_as(None), ana, "otra-cosa-1234").content.decode()

    assert ana.user.email in page
    assert "otra-cosa-1234" not in page


def test_the_sixth_try_within_a_minute_is_refused_even_with_the_right_password(
    client_as: ClientAs, ana: Person
) -> None:
    browser = client_as(None)
    for _ in range(5):
        assert sign_in(browser, ana, "no").status_code == 401

    answer = sign_in(browser, ana)

    assert answer.status_code == 429
    assert 0 < int(answer["Retry-After"]) <= 60
    assert "Demasiados intentos" in answer.content.decode()


def test_the_right_password_clears_the_count(client_as: ClientAs, ana: Person) -> None:
    for _ in range(4):
        sign_in(client_as(None), ana, "no")
    sign_in(client_as(None), ana)

    assert [sign_in(client_as(None), ana, "no").status_code for _ in range(5)] == [401] * 5


def test_sign_in_and_refusal_are_noted_for_the_company(client_as: ClientAs, ana: Person, acme: Tenant) -> None:
    sign_in(client_as(None), ana, "no")
    sign_in(client_as(None), ana)

    assert actions(acme)[-2:] == ["login.refused", "login"]


def test_a_deactivated_person_does_not_get_in(client_as: ClientAs, ana: Person) -> None:
    with auth_scope():
        User.objects.filter(pk=ana.user.pk).update(is_active=False)

    assert sign_in(client_as(None), ana).status_code == 401


def test_a_form_from_another_site_is_refused_in_words(client_as: ClientAs, ana: Person) -> None:
    answer = sign_in(client_as(None, csrf=True), ana)

    assert answer.status_code == 403
    assert "La página quedó vieja" in answer.content.decode()


def test_signing_out_ends_the_session(client_as: ClientAs) -> None:
    browser = client_as("ana")

    browser.post("/logout/")

    assert browser.get("/sesion/")["Location"].startswith("/login/")


def test_a_pending_member_is_told_to_wait(client_as: ClientAs, pia: Person) -> None:
    browser = client_as(None)
    sign_in(browser, pia)

    answer = browser.get("/mi-dia/")

    assert answer.status_code == 403
    assert "espera la aprobación" in answer.content.decode()
    assert "/logout/" in answer.content.decode()


def test_somebody_in_two_companies_chooses_one(client_as: ClientAs, cast: Cast, ana: Person) -> None:
    with auth_scope():
        set_membership(user=ana.user, tenant=cast.globex, role="closer", status="active", by=ana.actor)
    browser = client_as(None)

    assert sign_in(browser, ana)["Location"].startswith("/empresas/")
    page = browser.get("/empresas/").content.decode()
    chosen = browser.post("/empresas/", {"tenant": cast.globex.pk, "next": "/leads/"})

    assert cast.acme.name in page
    assert chosen["Location"] == "/leads/"
    assert cast.globex.name in browser.get("/sesion/").content.decode()


def test_a_company_that_is_not_ones_own_cannot_be_chosen(client_as: ClientAs, cast: Cast) -> None:
    browser = client_as("ana")

    browser.post("/empresas/", {"tenant": cast.globex.pk})

    assert cast.globex.name not in browser.get("/sesion/").content.decode()


def test_somebody_without_a_company_is_told_so(client_as: ClientAs, root: Person) -> None:
    browser = client_as(None)
    sign_in(browser, root)

    assert "no pertenece a ninguna empresa" in browser.get("/empresas/").content.decode()
    assert browser.get("/mi-dia/")["Location"].startswith("/login/")
    assert browser.get("/login/?next=/mi-dia/")["Location"].startswith("/empresas/")  # not round and round


def test_the_language_is_kept_on_the_person(client_as: ClientAs, ana: Person) -> None:
    browser = client_as("ana")

    browser.post("/preferencias/", {"language": "en", "next": "/sesion/"})

    assert '<html lang="en"' in browser.get("/sesion/").content.decode()
    assert '<html lang="en"' in client_as("ana").get("/sesion/").content.decode()


def test_colours_are_kept_on_the_device(client_as: ClientAs) -> None:
    browser = client_as("ana")

    answer = browser.post("/preferencias/", {"theme": "dark", "next": "https://evil.test/"})

    assert answer["Location"] == "/"
    assert 'data-theme="dark"' in browser.get("/sesion/").content.decode()
    assert "data-theme" not in client_as("ana").get("/sesion/").content.decode()


@pytest.mark.parametrize("who", ["ana", None])
def test_a_missing_page_is_explained(client_as: ClientAs, who: str | None) -> None:
    answer = client_as(who).get("/no-existe/")

    assert answer.status_code == 404
    assert "Esta página no existe" in answer.content.decode()


def test_only_destinations_one_may_use_are_offered(client_as: ClientAs) -> None:
    assert "/canales/" not in client_as("sol").get("/sesion/").content.decode()


def test_no_page_carries_inline_script_or_style(client_as: ClientAs) -> None:
    ana = client_as("ana")
    for path in ("/login/", "/empresas/", "/sesion/", "/mi-dia/", "/leads/", "/leads/nuevo/"):
        page = ana.get(path, follow=True).content.decode()
        assert "<style" not in page, path
        assert " style=" not in page, path
        assert " onclick=" not in page, path
        assert page.count("<script") == page.count('<script src="'), path
