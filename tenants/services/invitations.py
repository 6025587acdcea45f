"""Inviting people, and giving a waiting one the link that lets them in. Works inside the company's transaction.

The link always exists; an e-mail only carries it. Where none can be sent, a CEO copies the link (mint) and hands it over.
"""

from dataclasses import dataclass
from typing import Any

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.lib.errors import Conflict, Invalid, NotFound
from config.lib.ids import key_of
from tenants.context import auth_scope
from tenants.domain import roles
from tenants.domain.actor import Actor
from tenants.locks import hold
from tenants.models import Email, Membership, OneTimeLink, Tenant, User
from tenants.services import links, mail, people, registration
from tenants.services.audit import record

Kind = OneTimeLink.Kind
WAITING, QUEUED, SENT, UNDELIVERABLE, COPIED = "waiting", "queued", "sent", "undeliverable", "copied"
ACCEPTED, REVOKED, EXPIRED = "accepted", "revoked", "expired"
STATES = {
    WAITING: gettext_lazy("Sin entregar"),
    QUEUED: gettext_lazy("Enviando"),
    SENT: gettext_lazy("Enviada"),
    UNDELIVERABLE: gettext_lazy("No se pudo entregar"),
    COPIED: gettext_lazy("Enlace copiado"),
    ACCEPTED: gettext_lazy("Aceptada"),
    REVOKED: gettext_lazy("Anulada"),
    EXPIRED: gettext_lazy("Vencida"),
}


@dataclass(frozen=True)
class Standing:
    """How far an invitation is. `reason` says why its e-mail did not arrive."""

    state: str
    reason: str = ""

    @property
    def words(self) -> str:
        return str(STATES[self.state])

    @property
    def open(self) -> bool:
        return self.state not in (ACCEPTED, REVOKED)


def of_company(tenant: Tenant) -> QuerySet[OneTimeLink]:
    """Invitations with what became of their latest e-mail, in one statement."""
    newest = Email.objects.filter(link=OuterRef("pk")).order_by("-created_at")
    rows = OneTimeLink.objects.filter(tenant=tenant, kind=Kind.INVITATION).select_related("created_by")
    return rows.annotate(
        mail_state=Subquery(newest.values("state")[:1]), mail_error=Subquery(newest.values("error")[:1])
    )


def standing(row: OneTimeLink) -> Standing:
    """Of a row of `of_company`."""
    state, error = getattr(row, "mail_state", None), getattr(row, "mail_error", None) or ""
    if row.used_at:
        return Standing(ACCEPTED)
    if row.revoked_at:
        return Standing(REVOKED)
    if row.expires_at <= timezone.now():
        return Standing(EXPIRED)
    if state == Email.State.SENT:
        return Standing(SENT)
    if state == Email.State.UNDELIVERABLE:
        return Standing(UNDELIVERABLE, _(error) if error else "")
    if state in (Email.State.QUEUED, Email.State.SENDING):
        return Standing(QUEUED, _(error) if error else "")
    return Standing(COPIED if row.token_hash else WAITING)


def invite(*, tenant: Tenant, email: str, role: str, by: Actor) -> OneTimeLink:
    """Offer somebody a place with a role. Raises Conflict for a member, and for one whose invitation is still open."""
    email = email.strip().lower()
    if role not in roles.ROLES:
        raise Invalid(_("Hay datos para corregir."), fields={"role": _("Elegir un rol de la lista.")})
    hold("invitation", email)
    with auth_scope():
        people.must_lead(tenant, by)
        if Membership.objects.filter(tenant=tenant, user__email=email).exists():
            words = _("Esa persona ya está en el equipo o espera la aprobación.")
            raise Conflict(words, fields={"email": words})
        if _open(tenant).filter(email=email).exists():
            words = _("Ya hay una invitación abierta para ese correo. Se puede enviar de nuevo o copiar su enlace.")
            raise Conflict(words, fields={"email": words})
        row = links.create(kind=Kind.INVITATION, email=email, tenant=tenant, role=role, by=_person(by))
        record(action="invitation.created", resource=row, by=by, diff={"role": role}, tenant_id=tenant.pk)
        _send(row, tenant, by)
    return row


def resend(*, tenant: Tenant, pk: object, by: Actor) -> OneTimeLink:
    """Send it once more, with a new link and its whole time; the earlier link stops working when the new one leaves."""
    with auth_scope():
        row = _mine(tenant, pk, by)
        row.expires_at = timezone.now() + links.LIFE[Kind.INVITATION]
        row.save(update_fields=["expires_at"])
        mail.cancel_waiting(row)
        record(action="invitation.resent", resource=row, by=by, tenant_id=tenant.pk)
        _send(row, tenant, by)
    return row


def revoke(*, tenant: Tenant, pk: object, by: Actor) -> None:
    with auth_scope():
        row = _mine(tenant, pk, by)
        links.revoke([row])
        mail.cancel_waiting(row)
        record(action="invitation.revoked", resource=row, by=by, tenant_id=tenant.pk)


def copy_link(*, tenant: Tenant, pk: object, by: Actor) -> str:
    """The address of the invitation, to hand over by other means; earlier ones of it stop working."""
    with auth_scope():
        row = _mine(tenant, pk, by)
        mail.cancel_waiting(row)
        return links.mint(row, by=by)


def activation_link(*, tenant: Tenant, member_id: object, role: str, by: Actor) -> str:
    """The address that lets a waiting person in with this role, once; earlier ones of theirs stop working."""
    if role not in roles.ROLES:
        raise Invalid(_("Hay datos para corregir."), fields={"role": _("Elegir un rol de la lista.")})
    with auth_scope():
        people.must_lead(tenant, by)
        rows = Membership.objects.select_for_update(no_key=True, of=("self",)).select_related("user")
        member = rows.filter(tenant=tenant, pk=key_of(member_id)).first()
        if member is None:
            raise NotFound(_("Esa persona no es del equipo."))
        if member.status != Membership.Status.PENDING:
            raise Conflict(_("Esa persona ya no espera una aprobación."))
        links.revoke(Q(kind=Kind.ACTIVATION, tenant=tenant, user=member.user))
        row = links.create(
            kind=Kind.ACTIVATION, email=member.user.email, tenant=tenant, user=member.user, role=role, by=_person(by)
        )
        return links.mint(row, by=by)


# --- what opening a link does; in the sign-in scope, after `links.redeem` ------------------------------------
def accept_as_new(*, link: OneTimeLink, name: str, password: str, proven: bool, locale: str = "") -> User:
    """Make the account that the invitation is for and let it in. Raises Conflict where there is one already."""
    registration.check_password_words(password, email=link.email, name=name)
    user = people.create_person(email=link.email, name=name.strip(), password=password)
    user.locale = locale
    user.email_confirmed_at = timezone.now() if proven else None
    user.save(update_fields=["locale", "email_confirmed_at"])
    _accept(link, user)
    return user


def accept_as(*, link: OneTimeLink, user: User, proven: bool) -> None:
    """Let in a person who has an account and is signed in with the very address that was invited."""
    if user.email != link.email:
        raise Conflict(_("Esta invitación es para otro correo. Cerrar la sesión e ingresar con ese correo."))
    confirm(user, proven)
    _accept(link, user)


def activate_by(link: OneTimeLink) -> None:
    """A waiting person's own link: the role on it is what a CEO chose."""
    if link.user is None:
        raise Conflict(_("Ese enlace ya se usó o se anuló."))
    _accept(link, link.user)


def confirm(user: User, proven: bool) -> None:
    """Whoever opened a link out of their mailbox has shown whose it is."""
    if proven and user.email_confirmed_at is None:
        User.objects.filter(pk=user.pk).update(email_confirmed_at=timezone.now())


def _accept(link: OneTimeLink, user: User) -> None:
    tenant = link.tenant
    if tenant is None or tenant.status != Tenant.Status.ACTIVE:
        raise Conflict(_("Ese enlace ya se usó o se anuló."))
    member = Membership.objects.select_for_update(no_key=True).filter(tenant=tenant, user=user).first()
    status = member.status if member is not None else None
    if status == Membership.Status.SUSPENDED or (status is None and link.kind == Kind.ACTIVATION):
        raise Conflict(_("Ese enlace ya se usó o se anuló."))
    by = Actor("user", str(user.pk), str(user))
    if status != Membership.Status.ACTIVE:
        people.set_membership(user=user, tenant=tenant, role=link.role, status=Membership.Status.ACTIVE, by=by)
    record(action=f"{link.kind}.accepted", resource=link, by=by, diff={"role": link.role}, tenant_id=tenant.pk)


# --- small things ---------------------------------------------------------------------------------------------
def _mine(tenant: Tenant, pk: object, by: Actor) -> OneTimeLink:
    people.must_lead(tenant, by)
    rows = OneTimeLink.objects.select_for_update(no_key=True, of=("self",))
    row = rows.filter(tenant=tenant, kind=Kind.INVITATION, pk=key_of(pk)).first()
    if row is None:
        raise NotFound(_("Esa invitación no existe."))
    if row.used_at or row.revoked_at:
        raise Conflict(_("Esa invitación ya se usó o se anuló."))
    return row


def _open(tenant: Tenant) -> QuerySet[OneTimeLink]:
    rows = OneTimeLink.objects.filter(tenant=tenant, kind=Kind.INVITATION)
    return rows.filter(used_at=None, revoked_at=None, expires_at__gt=timezone.now())


def _send(row: OneTimeLink, tenant: Tenant, by: Actor) -> None:
    context: dict[str, Any] = {"by": by.label, "role": row.role}
    mail.send(kind="invitation", to=row.email, tenant=tenant, link=row, locale=tenant.locale, **context)


def _person(by: Actor) -> User | None:
    return User.objects.filter(pk=key_of(by.id)).first() if by.kind == "user" else None
