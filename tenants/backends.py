from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.hashers import check_password, make_password
from django.http import HttpRequest

from tenants.context import auth_scope
from tenants.models import Password, User


class EmailBackend(BaseBackend):
    """Sign-in by e-mail and password, in the sign-in scope. A missing account costs the same time as a wrong password."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **rest: Any
    ) -> User | None:
        email = (username or rest.get("email") or "").strip().lower()
        with auth_scope():
            user = User.objects.filter(email=email).first()
            stored = Password.objects.filter(user_id=user.pk).first() if user is not None else None
        # Outside of the transaction: trying a password takes longer than a connection should be kept for it.
        if user is None or stored is None:
            make_password(password)
            return None
        return user if check_password(password or "", stored.hash) and user.is_active else None

    def get_user(self, user_id: Any) -> User | None:
        with auth_scope():
            return User.objects.filter(pk=user_id, is_active=True).first()
