"""A new password: by a link in an e-mail, or by whoever knows the old one. Every session and token ends with it."""

import hashlib

from django.db.models import Q
from django.utils import timezone

from tenants.domain.actor import Actor
from tenants.models import Email, OneTimeLink, User
from tenants.services import limits, links, mail, registration, sign_ins
from tenants.services.audit import record

Kind = OneTimeLink.Kind


def ask_reset(*, email: str, address: str | None, locale: str = "es") -> None:
    """Queue an e-mail with a link, if there is such an account: nobody looks before the e-mail leaves.

    Call in the sign-in scope. Raises RateLimited; the count does not depend on whether there is an account either.
    """
    email = email.strip().lower()
    limits.check("reset", "address", address)
    limits.check("reset", "account", hashlib.sha256(email.encode()).hexdigest())
    mail.send(kind="reset", to=email, locale=locale)


def prepare(row: Email) -> bool:
    """Called as the e-mail leaves: gives it its link. False when there is nobody to write to."""
    if row.link is not None:
        return True
    user = User.objects.filter(email=row.to, is_active=True).first()
    if user is None:
        return False
    row.user, row.tenant, row.link = user, mail.about(user), reset_link(user)
    row.locale = user.locale or row.locale
    row.save(update_fields=["user", "tenant", "link", "locale"])
    return True


def reset_link(user: User) -> OneTimeLink:
    """A link for a new password; earlier ones of the person stop working."""
    links.revoke(Q(kind=Kind.RESET, user=user))
    return links.create(kind=Kind.RESET, email=user.email, user=user)


def reset_by(*, link: OneTimeLink, password: str, proven: bool) -> User:
    """What opening a reset link does, after `links.redeem`. The person then signs in like anybody, second factor and all."""
    assert link.user is not None
    user = User.objects.select_for_update(no_key=True).get(pk=link.user.pk)
    registration.check_password_words(password, email=user.email, name=user.name)
    if proven and user.email_confirmed_at is None:
        user.email_confirmed_at = timezone.now()
    _set(user, password, action="password.reset")
    return user


def change(*, user: User, password: str) -> None:
    """A person's own new password; the old one was asked for by `reauth.confirm`. Call in the sign-in scope.

    Raises Invalid. Ends every session, also the present one: the page goes on with `sign_in.renew`.
    """
    registration.check_password_words(password, email=user.email, name=user.name, field="new_password")
    _set(user, password, action="password.changed")


def _set(user: User, password: str, *, action: str) -> None:
    user.set_password(password)
    user.save()
    sign_ins.end_all(user)
    links.revoke(Q(user=user, kind__in=(Kind.RESET, Kind.EMAIL_CHANGE)))
    by = Actor("user", str(user.pk), str(user))
    for tenant_id in links.trails_of(user):
        record(action=action, resource=user, by=by, tenant_id=tenant_id)
    mail.send(kind="password_changed", to=user.email, tenant=mail.about(user), user=user, locale=user.locale or "es")
