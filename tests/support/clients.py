"""Browsers and integrations of the cast, signed in without typing a password."""

from typing import Any

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.test import Client
from rest_framework.test import APIClient

from tenants.identity import SESSION_TENANT
from tenants.services.tokens import access_token
from tenants.sessions import SessionStore
from tests.support.cast import Person

HOST = "localhost"


def browser(person: Person | None = None, *, host: str = HOST, csrf: bool = False, **headers: Any) -> Client:
    """A signed-in browser, or a stranger's. `csrf` asks for tokens as a real one would have to send."""
    client = Client(enforce_csrf_checks=csrf, SERVER_NAME=host, **headers)
    if person is not None:
        client.cookies["session"] = session_of(person)
    return client


def session_of(person: Person) -> str:
    """The key of a fresh session of this person."""
    session = SessionStore()
    session[SESSION_KEY] = str(person.user.pk)
    session[BACKEND_SESSION_KEY] = "tenants.backends.EmailBackend"
    session[HASH_SESSION_KEY] = person.user.get_session_auth_hash()
    if person.tenant is not None:
        session[SESSION_TENANT] = person.tenant.pk
    session.save()
    return str(session.session_key)


def integration(person: Person | None = None, *, host: str = HOST, **headers: Any) -> APIClient:
    """An API caller with a Bearer token that speaks JSON."""
    client = APIClient(SERVER_NAME=host, **headers)
    if person is not None:
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {access_token(person.user)}")
    return client
