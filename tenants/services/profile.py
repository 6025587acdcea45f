"""What people change about their own account: the name, and the address they sign in with. In the sign-in scope."""

from functools import partial

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from config.lib import commit
from config.lib.errors import Conflict, Invalid
from tenants.domain.actor import Actor
from tenants.live import admission
from tenants.models import OneTimeLink, User
from tenants.services import links, mail
from tenants.services.audit import record

Kind = OneTimeLink.Kind


def rename(*, user: User, name: str) -> None:
    name = name.strip()
    if not name:
        raise Invalid(_("Hay datos para corregir."), fields={"name": _("Falta el nombre.")})
    if name == user.name:
        return
    User.objects.filter(pk=user.pk).update(name=name)
    _tell("person.renamed", user, {"name": [user.name, name]})


def ask_email_change(*, user: User, email: str) -> None:
    """Write to the new address a link that makes it the account's, and to the old one how to stop it.

    The password was asked for by `reauth.confirm`. An address that another account has gets the same answer; its link
    then opens nothing.
    """
    email = email.strip().lower()
    if email == user.email:
        raise Invalid(_("Hay datos para corregir."), fields={"email": _("Es el correo que la cuenta ya tiene.")})
    links.revoke(Q(kind=Kind.EMAIL_CHANGE, user=user))
    link = links.create(kind=Kind.EMAIL_CHANGE, email=email, user=user, by=user)
    through, locale = mail.about(user), user.locale or "es"
    mail.send(kind="email_change", to=email, tenant=through, link=link, locale=locale, person=str(user))
    mail.send(kind="email_change_notice", to=user.email, tenant=through, user=user, locale=locale, email=email)
    _tell("email.change_asked", user, {})


def stop_email_change(*, user: User) -> int:
    """Take the open changes back; how many."""
    stopped = links.revoke(Q(kind=Kind.EMAIL_CHANGE, user=user) & ~Q(email=user.email))
    if stopped:
        _tell("email.change_stopped", user, {})
    return stopped


def waiting_address(user: User) -> str:
    """The address that waits for its confirmation; empty when none does."""
    rows = OneTimeLink.objects.filter(kind=Kind.EMAIL_CHANGE, user=user, used_at=None, revoked_at=None)
    row = rows.filter(expires_at__gt=timezone.now()).exclude(email=user.email).order_by("-created_at").first()
    return row.email if row is not None else ""


def change_email_by(link: OneTimeLink) -> User:
    """What opening the link does, after `links.redeem`. Raises Conflict when the address has an account meanwhile."""
    assert link.user is not None
    user = User.objects.select_for_update(no_key=True).get(pk=link.user.pk)
    before, user.email, user.email_confirmed_at = user.email, link.email, timezone.now()
    try:
        with transaction.atomic():
            user.save(update_fields=["email", "email_confirmed_at"])
    except IntegrityError:
        raise Conflict(_("Ese enlace ya se usó o se anuló.")) from None
    if before != user.email:
        links.revoke(Q(kind__in=(Kind.EMAIL_CHANGE, Kind.RESET), user=user))
        through = mail.about(user)
        mail.send(kind="email_changed", to=before, tenant=through, locale=user.locale or "es", email=user.email)
        commit.after(partial(admission.changed, *user.tenant_ids))
    _tell("email.changed" if before != user.email else "email.confirmed", user, {})
    return user


def _tell(action: str, user: User, diff: dict[str, object]) -> None:
    by = Actor("user", str(user.pk), str(user))
    for tenant_id in links.trails_of(user):
        record(action=action, resource=user, by=by, tenant_id=tenant_id, diff=diff)
