"""People and their memberships. Runs in the sign-in scope: people are global, memberships decide.

`set_membership` is for those who need no permission (set-up, demo data, a new company's first CEO). Everybody else goes
through `change` and its verbs, where only an active CEO of that company gets past.
"""

from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Case, OuterRef, Q, Subquery, When
from django.db.models.functions import Lower
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from config.lib import commit
from config.lib.errors import Conflict, Forbidden, Invalid, NotFound
from config.lib.ids import key_of
from tenants.context import auth_scope, tenant_context
from tenants.domain import roles
from tenants.domain.actor import Actor
from tenants.live import admission
from tenants.models import Membership, OneTimeLink, SignIn, Team, Tenant, User
from tenants.services import links, mail, teams, waiting
from tenants.services.audit import record

Status = Membership.Status


def create_person(*, email: str, name: str, password: str, is_platform_staff: bool = False) -> User:
    """Raises Conflict when the address is in use."""
    if User.objects.filter(email=email.lower()).exists():
        raise Conflict(_("Ya hay una persona con ese correo."), fields={"email": _("En uso.")})
    return User.objects.create_user(email, password, name=name, is_platform_staff=is_platform_staff)


def set_membership(*, user: User, tenant: Tenant, role: str, status: str, by: Actor) -> Membership:
    """Add or change what a person is in a company; keeps the copy that row security reads in step."""
    with transaction.atomic():
        person = User.objects.select_for_update(no_key=True).get(pk=user.pk)
        member, created = Membership.objects.update_or_create(
            user=person, tenant=tenant, defaults={"role": role, "status": status}
        )
        if tenant.pk not in person.tenant_ids:
            person.tenant_ids = [*person.tenant_ids, tenant.pk]
            person.save(update_fields=["tenant_ids"])
        record(
            action="member.added" if created else "member.changed",
            resource=member,
            by=by,
            diff={"role": role, "status": status},
            tenant_id=tenant.pk,
        )
        _take_effect(tenant.pk)
        _welcome(tenant, member)
    return member


def join(*, user: User, tenant: Tenant, by: Actor) -> Membership:
    """Ask for a place in a company: the membership waits until a CEO of it decides. Raises Conflict for one who has one."""
    if tenant.status != Tenant.Status.ACTIVE:
        raise Forbidden(_("Esa empresa no recibe pedidos ahora."))
    if Membership.objects.filter(user=user, tenant=tenant).exists():
        raise Conflict(_("Esta cuenta ya pertenece a esa empresa, o su pedido ya espera."))
    member = set_membership(user=user, tenant=tenant, role=roles.SETTER, status=Status.PENDING, by=by)
    for ceo in active_ceos(tenant):
        if not mail.told_lately(kind="approval_wanted", user=ceo, tenant=tenant):
            mail.send(
                kind="approval_wanted",
                to=ceo.email,
                tenant=tenant,
                user=ceo,
                locale=ceo.locale or tenant.locale,
                person=user.name,
                email=user.email,
            )
    return member


def active_ceos(tenant: Tenant) -> list[User]:
    rows = Membership.objects.active().filter(tenant=tenant, role=roles.CEO).select_related("user")
    return [row.user for row in rows.order_by("created_at")[:20]]


# --- what a CEO decides -------------------------------------------------------------------------------------
def activate(*, tenant: Tenant, member_id: object, role: str, by: Actor) -> Membership:
    """Let somebody in, as `role`; also one who was suspended."""
    outside = Membership.objects.filter(tenant=tenant, pk=key_of(member_id)).exclude(status=Status.ACTIVE).exists()
    member = change(
        tenant=tenant, member_id=member_id, by=by, action="member.activated", role=role, status=Status.ACTIVE
    )
    _forget_links(member)
    if outside:
        tell_approved(member)
    return member


def tell_approved(member: Membership) -> None:
    """Write to somebody that the company is open to them now."""
    locale = member.user.locale or member.tenant.locale
    mail.send(
        kind="approved", to=member.user.email, tenant=member.tenant, user=member.user, locale=locale, role=member.role
    )


def suspend(*, tenant: Tenant, member_id: object, by: Actor) -> Membership:
    """Shut somebody out at once, until somebody lets them in again. What they did stays."""
    member = change(tenant=tenant, member_id=member_id, by=by, action="member.suspended", status=Status.SUSPENDED)
    _forget_links(member)
    return member


def change_role(*, tenant: Tenant, member_id: object, role: str, by: Actor) -> Membership:
    return change(tenant=tenant, member_id=member_id, by=by, action="member.role_changed", role=role)


def set_scope(*, tenant: Tenant, member_id: object, by: Actor, scope: str, team_id: object = None) -> Membership:
    """Whose leads and chats somebody sees ("" = as the role has it), and the team they belong to (None = no team)."""
    with auth_scope(), transaction.atomic():
        must_lead(tenant, by)
        member = one(tenant, member_id)
        team = Team.objects.filter(tenant=tenant, pk=key_of(team_id)).first() if team_id else None
        if team_id and team is None:
            words = _("Elegir un equipo de la lista.")
            raise Invalid(_("Hay datos para corregir."), fields={"team": words})
        return teams.set_scope(member=member, scope=scope, team=team, by=by)


def reject(*, tenant: Tenant, member_id: object, by: Actor) -> None:
    """Turn down somebody who waits. They may ask again."""
    with transaction.atomic():
        member = _locked(tenant, member_id, by)
        if member.status != Status.PENDING:
            raise Conflict(_("Esa persona ya no espera una aprobación."))
        _forget_links(member)
        record(
            action="member.rejected",
            resource=member,
            by=by,
            diff={"role": [member.role, None], "status": [member.status, None]},
            tenant_id=tenant.pk,
        )
        member.delete()
        user = User.objects.select_for_update(no_key=True).get(pk=member.user_id)
        user.tenant_ids = [each for each in user.tenant_ids if each != tenant.pk]
        user.save(update_fields=["tenant_ids"])
        _take_effect(tenant.pk)


def change(*, tenant: Tenant, member_id: object, by: Actor, action: str, **fields: Any) -> Membership:
    """Give a member of the company another role or status. What changed is in the trail and holds at once.

    Raises Forbidden unless `by` is an active CEO of the company, Conflict for oneself and for the last active CEO.
    """
    if "role" in fields and fields["role"] not in roles.ROLES:
        raise Invalid(_("Hay datos para corregir."), fields={"role": _("Elegir un rol de la lista.")})
    if fields.get("role") == roles.CEO:
        fields["scope"] = ""  # whoever directs the company sees all of it
    with transaction.atomic():
        member = _locked(tenant, member_id, by)
        diff = {name: [_told(getattr(member, name)), _told(value)] for name, value in fields.items()}
        diff = {name: pair for name, pair in diff.items() if pair[0] != pair[1]}
        if not diff:
            return member
        if _leads(member) and not _would_lead(member, fields) and not _other_leaders(tenant, member):
            raise Conflict(_("Es la única persona que dirige la empresa. Antes hay que dar el rol de CEO a otra."))
        for name, value in fields.items():
            setattr(member, name, value)
        member.save(update_fields=list(fields))
        record(action=action, resource=member, by=by, diff=diff, tenant_id=tenant.pk)
        _take_effect(tenant.pk)
        _welcome(tenant, member)
    return member


def one(tenant: Tenant, member_id: object) -> Membership:
    """A member of the company. Raises NotFound."""
    rows = Membership.objects.select_related("user", "team", "tenant")
    member = rows.filter(tenant=tenant, pk=key_of(member_id)).first()
    if member is None:
        raise NotFound(_("Esa persona no es del equipo."))
    return member


def of_company(tenant: Tenant, *, search: str = "", most: int = 200) -> list[Membership]:
    """The team, those who wait first, then by name; at most `most` + 1. In the sign-in scope, in one statement.

    Each has `seen_at`, when it last used the product; None for people of several companies, since that would tell one
    company about the others.
    """
    last = SignIn.objects.filter(user=OuterRef("user_id")).order_by("-seen_at").values("seen_at")[:1]
    rows = Membership.objects.filter(tenant=tenant).select_related("user", "team")
    if search:
        rows = rows.filter(Q(user__name__icontains=search) | Q(user__email__icontains=search))
    waits = Case(When(status=Status.PENDING, then=0), When(status=Status.ACTIVE, then=1), default=2)
    seen = Case(When(user__tenant_ids__len=1, then=Subquery(last)), default=None)
    return list(rows.annotate(waits=waits, seen_at=seen).order_by("waits", Lower("user__name"), "id")[: most + 1])


def must_lead(tenant: Tenant, by: Actor) -> None:
    """Raises Forbidden unless `by` is an active CEO of the company, which itself is active."""
    if tenant.status != Tenant.Status.ACTIVE:
        raise Forbidden(_("La empresa está suspendida: no se cambia nada de su equipo."))
    if by.kind in ("system", "platform"):
        return
    mine = Membership.objects.active().filter(tenant=tenant, user_id=key_of(by.id), role=roles.CEO)
    if not mine.exists():
        raise Forbidden(_("Solo quien dirige la empresa decide sobre su equipo."))


def _locked(tenant: Tenant, member_id: object, by: Actor) -> Membership:
    """The member, once nobody else is changing who leads the company.

    Everybody locks the same rows in the same order; whoever waited sees what the other one did, also to them.
    """
    mine = Q(pk=key_of(member_id)) | Q(role=roles.CEO)
    rows = Membership.objects.select_for_update(no_key=True, of=("self",)).select_related("user", "tenant")
    locked = {row.pk: row for row in rows.filter(mine, tenant=tenant).order_by("id")}
    must_lead(tenant, by)
    member = locked.get(key_of(member_id))
    if member is None:
        raise NotFound(_("Esa persona no es del equipo."))
    if by.kind == "user" and str(member.user_id) == by.id:
        raise Conflict(_("El acceso propio lo cambia otra persona."), code="own_access")
    return member


def _leads(member: Membership) -> bool:
    return member.role == roles.CEO and member.status == Status.ACTIVE and member.user.is_active


def _would_lead(member: Membership, fields: dict[str, Any]) -> bool:
    return fields.get("role", member.role) == roles.CEO and fields.get("status", member.status) == Status.ACTIVE


def _other_leaders(tenant: Tenant, member: Membership) -> bool:
    rows = Membership.objects.active().filter(tenant=tenant, role=roles.CEO)
    return rows.exclude(pk=member.pk).exists()


def _forget_links(member: Membership) -> None:
    """A link that was sent before the decision must not undo it."""
    theirs = Q(kind=OneTimeLink.Kind.ACTIVATION, user=member.user) | Q(
        kind=OneTimeLink.Kind.INVITATION, email=member.user.email
    )
    links.revoke(theirs & Q(tenant=member.tenant_id))


def _welcome(tenant: Tenant, member: Membership) -> None:
    """Apps that this one does not know may want to know of whoever can work now."""
    if member.status == Status.ACTIVE:
        commit.after(partial(_tell_apps, tenant, member))


def _tell_apps(tenant: Tenant, member: Membership) -> None:
    with tenant_context(tenant):
        for path in settings.MEMBER_ACTIVATED:
            import_string(path)(member)


def _told(value: object) -> object:
    return str(value) if value is not None else None


def _take_effect(tenant_id: int) -> None:
    commit.after(partial(admission.changed, tenant_id))
    commit.after(partial(waiting.count, tenant_id))
