"""People and their memberships. Runs in the sign-in scope: people are global, memberships decide."""

from functools import partial

from django.db import transaction
from django.utils.translation import gettext as _

from config.lib import commit
from config.lib.errors import Conflict
from tenants.domain.actor import Actor
from tenants.live import admission
from tenants.models import Membership, Tenant, User
from tenants.services.audit import record


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
        commit.after(partial(admission.changed, tenant.pk))
    return member
