"""A second factor in a test's hand."""

import time

from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from tenants.context import auth_scope
from tenants.domain import otp
from tenants.models import SecondFactor
from tests.support.cast import PASSWORD, Person
from tests.support.clients import HOST


def enrolled(person: Person) -> str:
    """Put a second factor in force as of long ago; its secret."""
    secret = otp.new_secret()
    with auth_scope():
        SecondFactor.objects.create(user=person.user, secret=secret, confirmed_at=timezone.now())
    return secret


def code(secret: str, steps: int = 0) -> str:
    """What the phone shows now, or `steps` half-minutes later."""
    return otp.code_at(secret, otp.step_at(time.time()) + steps)


def wrong(secret: str) -> str:
    """A code that fits no step around now."""
    fitting = {code(secret, steps) for steps in (-2, -1, 0, 1, 2)}
    return next(each for each in ("000000", "111111", "222222", "333333", "444444", "555555") if each not in fitting)


def password_step(person: Person, **more: str) -> Client:
    client = Client(SERVER_NAME=HOST)
    answer = client.post("/login/", {"email": person.user.email, "password": PASSWORD, **more})
    assert answer["Location"] == "/login/codigo/"
    return client


def api_login(person: Person, **more: str) -> tuple[int, dict[str, object]]:
    body = {"email": person.user.email, "password": PASSWORD, **more}
    answer = APIClient(SERVER_NAME=HOST).post("/api/v1/auth/login", body)
    return answer.status_code, answer.json()
