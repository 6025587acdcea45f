"""Asking to be let in: an account and a membership that waits. A stranger never learns whether an account exists."""

from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from config.lib.errors import Invalid
from tenants.domain.actor import Actor
from tenants.models import OneTimeLink, Tenant, User
from tenants.services import links, mail, people, registry
from tenants.services.audit import record


def company(slug: str) -> Tenant:
    """The company of this name. Companies are not listed; whoever asks was told what theirs is called."""
    tenant = registry.by_slug(slug.strip().lower())
    if tenant is None or tenant.status != Tenant.Status.ACTIVE:
        words = _("No hay ninguna empresa con ese identificador. Pedirlo a quien la dirige.")
        raise Invalid(_("Hay datos para corregir."), fields={"tenant": words})
    return tenant


def register(*, email: str, password: str, name: str, tenant: str, locale: str = "es") -> None:
    """Make the person and ask the company `tenant` (a slug) for a place; call in the sign-in scope.

    For an address that has an account nothing changes: it gets an e-mail, and the answer and its cost are the same.
    Raises Invalid with the fields to correct, which do not depend on whether there is an account.
    """
    email, name = email.strip().lower(), name.strip()
    chosen = company(tenant)
    check_password_words(password, email=email, name=name)
    user = _fresh_person(email=email, name=name, password=password, locale=locale)
    if user is None:
        _tell_owner(email, chosen)
        return
    by = Actor("user", str(user.pk), str(user))
    people.join(user=user, tenant=chosen, by=by)
    record(action="person.registered", resource=user, by=by, tenant_id=chosen.pk)
    confirm = links.create(kind=OneTimeLink.Kind.EMAIL_CHANGE, email=email, user=user, by=user)
    mail.send(kind="registered", to=email, tenant=chosen, user=user, link=confirm, locale=locale)


def ask_to_join(*, user: User, tenant: str) -> None:
    """A person who is signed in asks one more company."""
    people.join(user=user, tenant=company(tenant), by=Actor("user", str(user.pk), str(user)))


def check_password_words(password: str, *, email: str, name: str, field: str = "password") -> None:
    """Raises Invalid for a password that is too short, too common or too much like the person's own words."""
    try:
        validate_password(password, User(email=email, name=name))
    except ValidationError as error:
        raise Invalid(_("Hay datos para corregir."), fields={field: " ".join(error.messages)}) from None


def _fresh_person(*, email: str, name: str, password: str, locale: str) -> User | None:
    """The new person, or None where there is one already. Both cost one password hash."""
    if User.objects.filter(email=email).exists():
        make_password(password)
        return None
    try:
        with transaction.atomic():
            return User.objects.create_user(email, password, name=name, locale=locale)
    except IntegrityError:  # somebody registered it at the same moment
        return None


def _tell_owner(email: str, tenant: Tenant) -> None:
    owner = User.objects.get(email=email)
    if not owner.is_active or mail.told_lately(kind="registration_again", user=owner):
        return
    mail.send(
        kind="registration_again",
        to=email,
        tenant=mail.about(owner),
        user=owner,
        locale=owner.locale or tenant.locale,
        company=tenant.name,
        slug=tenant.slug,
    )
