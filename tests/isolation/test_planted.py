"""Faults planted in the product, one at a time: a probe must notice each. What nobody notices is not proved by the probes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from django.db.models import Q

from agents.models import AgentRun
from agents.tools import base as tool_base
from crm.models import Contact, Lead
from crm.models.contact import ContactQuerySet
from crm.models.lead import LeadQuerySet
from messaging.models import Attachment, Conversation, Message
from tenants import circle, context, identity
from tenants.api.permissions import HasPermission
from tenants.domain import roles
from tenants.live import sight
from tenants.models import Membership
from tenants.services import registry, visits
from tenants.task_base import TenantTask
from tests.isolation import asking, other_faces, probes
from tests.isolation.world import World, put_files

Plant = Callable[[pytest.MonkeyPatch, World], None]


@dataclass(frozen=True)
class Fault:
    """`plant` it; probes of `group` whose address has `route` in it must complain."""

    plant: Plant
    group: str
    route: str = ""


def put(target: str, what: Any) -> Plant:
    return lambda patch, world: patch.setattr(target, what)


def _any_row(model: Any) -> Callable[..., Any]:
    return lambda member, pk, **rest: model.objects.get(pk=pk)


def _lead(member: Membership, pk: object, *, lock: bool = False) -> Lead:
    return Lead.objects.select_related("contact", "stage", "owner").get(pk=pk)


def _chat(member: Membership, pk: object, *, lock: bool = False) -> Conversation:
    return Conversation.objects.select_related("contact", "channel", "assignee").get(pk=pk)


def _every_chat(member: Membership) -> Any:
    return Conversation.objects.all()


def _everything_allowed(patch: pytest.MonkeyPatch, world: World) -> None:
    patch.setattr(Membership, "may", lambda self, permission: True)


def _status_ignored(patch: pytest.MonkeyPatch, world: World) -> None:
    def admit(request: Any, tenant: Any, member: Any) -> None:
        if member is not None:
            request.membership = request.member = member
            request.tenant, request.user = tenant, member.user
            request.actor = identity.actor(request.claim, member.user)

    patch.setattr("tenants.middleware.tenant.admit", admit)
    patch.setattr(Membership, "may", lambda self, permission: permission in roles.permissions(self.role))


def _header_trusted(patch: pytest.MonkeyPatch, world: World) -> None:
    ana = world.cast["ana"].member
    patch.setattr(identity, "membership", lambda claimed, tenant: ana if claimed else None)


def _wrong_company(patch: pytest.MonkeyPatch, world: World) -> None:
    theirs = context.context_of(world.cast.globex)
    ana = world.cast["ana"].member
    patch.setattr(identity, "membership", lambda claimed, tenant: ana if claimed else None)
    patch.setattr(context, "context_of", lambda tenant: theirs)


def _membership_of_anybody(patch: pytest.MonkeyPatch, world: World) -> None:
    """The CEO who is one everywhere: whoever directs a company is let into the others."""
    real = identity.membership

    def anywhere(claimed: Any, tenant: Any) -> Any:
        found = real(claimed, tenant)
        if found is None and claimed is not None and claimed.user_id == world.cast["gus"].user.pk:
            return world.cast["ana"].member
        return found

    patch.setattr(identity, "membership", anywhere)
    patch.setattr(identity, "named_tenant", lambda claimed, **rest: world.cast.acme if claimed else None)


def _key_scope_ignored(patch: pytest.MonkeyPatch, world: World) -> None:
    real = identity._from_key

    def all_scopes(key: str) -> Any:
        claim = real(key)
        return replace(claim, scopes=roles.TABLE[roles.CEO]) if claim else None

    patch.setattr(identity, "_from_key", all_scopes)


def _team_is_everybody(patch: pytest.MonkeyPatch, world: World) -> None:
    patch.setattr(circle, "of", lambda member: Membership.objects.values_list("user_id", flat=True))


def _own_is_the_team(patch: pytest.MonkeyPatch, world: World) -> None:
    paz = world.cast["paz"].user.pk
    patch.setattr(circle, "of", lambda member: [member.user_id, paz])


def _visitors_act(patch: pytest.MonkeyPatch, world: World) -> None:
    patch.setattr(visits, "note", lambda request: None)
    patch.setattr(roles, "_SUPPORT", roles._SUPPORT | {"leads.write", "inbox.write", "channels.write"})


def _visitors_read_customers(patch: pytest.MonkeyPatch, world: World) -> None:
    patch.setattr(roles, "_SUPPORT", roles._SUPPORT | {"leads.read", "inbox.read", "contacts.read"})
    patch.setattr(LeadQuerySet, "visible_to", lambda rows, member: rows)


def _staff_need_no_visit(patch: pytest.MonkeyPatch, world: World) -> None:
    def always(user_id: Any, tenant: Any) -> Membership | None:
        root = world.cast["root"].user
        return Membership(user=root, tenant=tenant, role=roles.CEO, status="active") if user_id == root.pk else None

    patch.setattr(visits, "visiting", always)


def _everybody_is_staff(patch: pytest.MonkeyPatch, world: World) -> None:
    real = identity.person

    def staff(claimed: Any) -> Any:
        found = real(claimed)
        if found is not None:
            found.is_platform_staff = True
        return found

    patch.setattr(identity, "person", staff)


def _admin_for_closers(patch: pytest.MonkeyPatch, world: World) -> None:
    patch.setitem(roles.TABLE, roles.SETTER, roles.TABLE[roles.SETTER] | {"admin.open"})
    patch.setitem(roles.TABLE, roles.CLOSER, roles.TABLE[roles.CLOSER] | {"admin.open"})


def _first_company(patch: pytest.MonkeyPatch, world: World) -> None:
    patch.setattr(TenantTask, "tenant", lambda self: registry.active()[0])


def _tools_take_anything(patch: pytest.MonkeyPatch, world: World) -> None:
    for name in other_faces.TOOLS:
        tool = other_faces.tool_named(name)
        patch.setitem(tool.parameters, "additionalProperties", True)
    assert tool_base.schema()["additionalProperties"] is False


def _runs_of_all(patch: pytest.MonkeyPatch, world: World) -> None:
    patch.setattr("agents.services.run_lists.visible_runs", lambda member: AgentRun.objects.all())


REQUESTS: dict[str, Fault] = {
    "nobody asks for permissions": Fault(_everything_allowed, "permission", "/canales/"),
    "the API asks for no permission": Fault(
        lambda patch, world: patch.setattr(HasPermission, "has_permission", lambda self, request, view: True),
        "permission",
        "/api/v1/",
    ),
    "the list of leads forgets the scope": Fault(
        lambda patch, world: patch.setattr(LeadQuerySet, "visible_to", lambda rows, member: rows), "list", "/leads"
    ),
    "the list of contacts forgets the scope": Fault(
        lambda patch, world: patch.setattr(ContactQuerySet, "visible_to", lambda rows, member: rows), "list", "contacts"
    ),
    "the inbox forgets the scope": Fault(
        put("messaging.views.chat_list.visible_conversations", _every_chat), "list", "/bandeja/"
    ),
    "the API's chats forget the scope": Fault(
        put("messaging.api.conversations.visible_conversations", _every_chat), "list", "conversations"
    ),
    "the day's work forgets the scope": Fault(put("messaging.views.home._held", _every_chat), "list", "/mi-dia/"),
    "runs forget the scope": Fault(_runs_of_all, "list", "/runs"),
    "acts on leads forget the scope": Fault(put("crm.views.leads.lead_for", _lead), "colleague's key", "/leads/"),
    "the API's acts on leads forget the scope": Fault(
        put("crm.api.leads.lead_for", _lead), "colleague's key", "/api/v1/leads/"
    ),
    "acts on chats forget the scope": Fault(
        put("messaging.views.acts.conversation_for", _chat), "colleague's key", "/bandeja/"
    ),
    "the API's acts on chats forget the scope": Fault(
        put("messaging.api.conversations.conversation_for", _chat), "colleague's key", "/api/v1/conversations/"
    ),
    "a message's retry forgets the scope": Fault(
        put("messaging.api.messages.message_for", _any_row(Message)), "colleague's key", "/api/v1/messages/"
    ),
    "a contact forgets the scope": Fault(
        put("crm.api.contacts.contact_for", _any_row(Contact)), "colleague's key", "/api/v1/contacts/"
    ),
    "files forget the scope": Fault(
        put("messaging.views.files.attachment_for", _any_row(Attachment)), "colleague's key", "/archivos/"
    ),
    "a run forgets the scope": Fault(
        put("agents.views.runs.run_for", _any_row(AgentRun)), "colleague's key", "/agentes/turnos/"
    ),
    "the team is everybody": Fault(_team_is_everybody, "colleague's key", "/leads/"),
    "one's own is the team's": Fault(_own_is_the_team, "colleague's key", "/leads/"),
    "a new lead takes anybody's contact": Fault(
        put("crm.services.intake.contact_for", _any_row(Contact)), "named in a body", "/api/v1/leads"
    ),
    "the status of a membership is ignored": Fault(_status_ignored, "outsider", "/leads/"),
    "a CEO is one in every company": Fault(_membership_of_anybody, "outsider", "/api/v1/"),
    "the named company is trusted": Fault(_header_trusted, "claim", "/api/v1/"),
    "a company is entered as another": Fault(_wrong_company, "foreign key", "/api/v1/"),
    "a half-signed person is let in": Fault(
        put("tenants.identity.lacks_factor", lambda claimed, tenant, user: False), "half-signed", "/leads/"
    ),
    "a key's scopes are ignored": Fault(_key_scope_ignored, "key scope", "/api/v1/"),
    "a visitor may act": Fault(_visitors_act, "visitor", "/leads/"),
    "a visitor reads customers' words": Fault(_visitors_read_customers, "visitor", "/leads/"),
    "a visit never ends": Fault(put("tenants.services.visits.running", lambda: Q()), "visit over", "/canales/"),
    "the staff need no visit": Fault(_staff_need_no_visit, "outsider", "/leads/"),
    "everybody is the platform's staff": Fault(_everybody_is_staff, "platform", "/plataforma/"),
    "closers open the admin": Fault(_admin_for_closers, "admin", "/admin/"),
}
OTHERS: dict[str, tuple[Plant, Callable[[World], other_faces.Asked]]] = {
    "live lines carry everything": (
        lambda patch, world: patch.setattr(sight, "of", lambda member: sight.WHOLE),
        other_faces.events,
    ),
    "live lines forget the scope": (
        lambda patch, world: patch.setattr(circle, "ids", lambda member: None),
        other_faces.events,
    ),
    "live lines forget permissions": (
        lambda patch, world: patch.setattr(Membership, "may", lambda self, permission: True),
        other_faces.events,
    ),
    "a task without a company gets the first one": (_first_company, lambda world: other_faces.tasks()),
    "tools take what the model adds": (_tools_take_anything, other_faces.tools),
}


@pytest.fixture(autouse=True)
def _forgotten(db: None) -> Iterator[None]:
    yield
    registry.changed()


@pytest.mark.parametrize("fault", REQUESTS)
def test_a_planted_fault_is_noticed(fault: str, world: World, db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    planted = REQUESTS[fault]
    put_files(world)
    asked = probes.some(world, planted.group, planted.route)
    assert asked
    with monkeypatch.context() as patch:
        planted.plant(patch, world)
        assert asking.complaints(world, asked, enough=1)


@pytest.mark.parametrize("fault", OTHERS)
def test_a_fault_behind_other_faces_is_noticed(
    fault: str, world: World, db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant, ask = OTHERS[fault]
    with monkeypatch.context() as patch:
        plant(patch, world)
        assert ask(world)[1]


def test_the_same_probes_are_content_without_a_fault(world: World, db: None) -> None:
    put_files(world)
    asked = {
        probe: None for fault in REQUESTS.values() for probe in probes.some(world, fault.group, fault.route, most=3)
    }
    ordered = sorted(asked, key=lambda probe: (probe.scope == asking.FACTOR, probe.who or "", probe.scope))
    assert asking.complaints(world, ordered) == []


def test_there_are_at_least_twenty() -> None:
    assert len(REQUESTS) + len(OTHERS) >= 20
