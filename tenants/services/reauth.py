"""The password once more, before something that an unattended screen must not be able to do."""

from django.contrib.auth.hashers import check_password
from django.utils.translation import gettext as _

from config.lib.errors import AppError
from tenants.context import auth_scope
from tenants.domain.actor import Actor
from tenants.models import Password, User
from tenants.services import audit, limits


class ReauthenticationFailed(AppError):
    """The password is not this person's. 403 and not 401: the sign-in itself goes on."""

    code, status = "reauthentication_failed", 403


def confirm(*, user: User, password: str, address: str | None) -> None:
    """Nothing when the password is this person's; else ReauthenticationFailed (403) or RateLimited (429).

    Works in any scope. `address` is the caller's, for the trail. Counted for each account ("reauthenticate").
    """
    limits.check("reauthenticate", user.pk)
    with auth_scope():
        stored = Password.objects.filter(user_id=user.pk).first()
    if stored is not None and user.is_active and check_password(password, stored.hash):
        return
    audit.afterwards(
        action="reauthentication.refused",
        by=Actor("user", str(user.pk), str(user)),
        resource=user,
        outcome="refused",
        diff={"address": address} if address else None,
    )
    message = _("La contraseña no coincide.")
    raise ReauthenticationFailed(message, fields={"password": message})
