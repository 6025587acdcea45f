"""Teams of a company, and whose leads and chats each person sees."""

from functools import partial
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import OuterRef, QuerySet
from django.utils.translation import gettext as _

from config.lib import commit, counts
from config.lib.errors import Conflict, Invalid, NotFound
from tenants.context import auth_scope, current_tenant
from tenants.db.current import connection
from tenants.domain import roles
from tenants.domain.actor import Actor
from tenants.live import admission
from tenants.models import Membership, Team
from tenants.services.audit import record

LONGEST_NAME = 80


def teams() -> QuerySet[Team]:
    """The entered company's, by name, each with `people`, how many it has."""
    people = counts.Counted(Membership.objects.filter(team=OuterRef("pk")))
    return Team.objects.filter(tenant_id=current_tenant().pk).annotate(people=people).order_by("name")


def create_team(*, name: str, by: Actor) -> Team:
    """Raises Invalid without a name, Conflict when another team has it."""
    team = Team(tenant_id=current_tenant().pk, name=_checked(name))
    _save(team)
    record(action="team.created", resource=team, by=by, diff={"name": team.name})
    return team


def rename_team(*, team: Team, name: str, by: Actor) -> Team:
    before, team.name = team.name, _checked(name)
    if team.name != before:
        _save(team)
        record(action="team.renamed", resource=team, by=by, diff={"name": [before, team.name]})
    return team


def remove_team(*, team: Team, by: Actor) -> int:
    """Its people stay in the company and see their own; how many they were."""
    with auth_scope():  # memberships are written there only
        left = Membership.objects.filter(team_id=team.pk, tenant_id=team.tenant_id).update(team=None)
    # Only the row: Django would first empty the memberships that point at it, in a role that may not.
    Team.objects.filter(pk=team.pk)._raw_delete(connection.alias)
    record(action="team.removed", resource=team, by=by, diff={"name": team.name, "people": left})
    commit.after(partial(admission.changed, team.tenant_id))
    return left


def set_scope(*, member: Membership, scope: str, team: Team | None, by: Actor) -> Membership:
    """Whose leads and chats a member sees: "own", "team", "all", or "" for what the role says; and their team.

    Takes effect at the next request and at once on open live lines. Raises Invalid for a scope that does not exist, a
    team of another company, the scope of a team without one, or narrowing who directs the company.
    """
    if scope not in ("", *roles.SCOPES):
        raise Invalid(_("Ese alcance no existe."), fields={"scope": _("Alcance desconocido.")})
    if member.role == roles.CEO and scope not in ("", roles.ALL):
        message = _("Quien dirige la empresa ve todo.")
        raise Invalid(message, fields={"scope": message})
    if team is not None and team.tenant_id != member.tenant_id:
        raise Invalid(_("Ese equipo no existe."), fields={"team": _("Equipo desconocido.")})
    if scope == roles.TEAM and team is None:
        message = _("Falta elegir el equipo.")
        raise Invalid(message, fields={"team": message})
    with auth_scope(), transaction.atomic():
        row = Membership.objects.select_for_update(no_key=True).get(pk=member.pk, tenant_id=member.tenant_id)
        before = {"scope": row.scope, "team": row.team_id}
        row.scope, row.team = scope, team
        row.save(update_fields=["scope", "team"])
        after = {"scope": row.scope, "team": row.team_id}
        if after == before:
            return row
        diff = {name: [before[name], after[name]] for name in after if before[name] != after[name]}
        record(action="member.scope_changed", resource=row, by=by, diff=diff, tenant_id=row.tenant_id)
        commit.after(partial(admission.changed, row.tenant_id))
    return row


def team_for(pk: UUID) -> Team:
    """A team of the entered company. Raises NotFound."""
    team = Team.objects.filter(pk=pk, tenant_id=current_tenant().pk).first()
    if team is None:
        raise NotFound(_("Ese equipo no existe."))
    return team


def _checked(name: str) -> str:
    plain = " ".join(name.replace("\x00", "").split())
    if not plain or len(plain) > LONGEST_NAME:
        message = _("El nombre lleva de 1 a 80 letras.")
        raise Invalid(message, fields={"name": message})
    return plain


def _save(team: Team) -> None:
    try:
        with transaction.atomic():
            team.save()
    except IntegrityError as error:
        message = _("Ya hay un equipo con ese nombre.")
        raise Conflict(message, fields={"name": message}) from error
