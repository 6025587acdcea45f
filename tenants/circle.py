"""Whose leads and chats somebody sees besides nobody's: the SQL half of record scope (the rule is tenants.domain.holding)."""

from uuid import UUID

from django.db.models import QuerySet

from tenants.domain import roles
from tenants.models import Membership

Circle = list[UUID] | QuerySet[Membership, UUID]


def of(member: Membership) -> Circle:
    """User ids for `…__in`: oneself and, with the scope of a team, everybody of it. Not for members who see all.

    Colleagues whose access rests are in it too: what they had must not vanish for their team.
    """
    if member.sees == roles.TEAM and member.team_id is not None:
        team = Membership.objects.filter(tenant_id=member.tenant_id, team_id=member.team_id)
        return team.values_list("user_id", flat=True)
    return [member.user_id]


def ids(member: Membership) -> frozenset[str] | None:
    """The same as texts, for deciding without the database; None for members who see all. At most one statement."""
    return None if member.sees == roles.ALL else frozenset(str(each) for each in of(member))
