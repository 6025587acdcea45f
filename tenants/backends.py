from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.http import HttpRequest

from tenants.context import auth_scope
from tenants.models import User


class EmailBackend(BaseBackend):
    """Sign-in by e-mail and password, in the sign-in scope. A missing account costs the same time as a wrong password."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **rest: Any
    ) -> User | None:
        email = (username or rest.get("email") or "").strip().lower()
        with auth_scope():
            user = User.objects.filter(email=email).first()
        if user is None:
            User().set_password(password)
            return None
        return user if user.is_active and user.check_password(password or "") else None

    def get_user(self, user_id: Any) -> User | None:
        with auth_scope():
            return User.objects.filter(pk=user_id, is_active=True).first()
