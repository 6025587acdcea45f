"""Probes that are no requests: live events, agents' tools, tasks. Each answers (how many were asked, what was wrong)."""

import itertools
import json
from collections.abc import Iterator

from celery import current_app

from agents.llm.base import ToolCallRequest
from agents.services.toolbox import Refused, allowed_tools, understood
from agents.tools import TOOLS, tool_named
from config.lib.ids import uuid7
from tenants.context import auth_scope, tenant_context
from tenants.domain import roles
from tenants.live import sight
from tenants.live.services import TYPES
from tenants.models import Membership
from tenants.task_base import NoTenant, TenantTask
from tests.isolation.world import World
from tests.support.tasks import run_task

Asked = tuple[int, list[str]]
PEOPLE = {"ana": "ceo", "sol": "closer", "teo": "setter", "rita": "secretary", "paz": "professional"}
# What each kind of event says it is about; written down here and not read from the code that decides.
ABOUT = {
    "NEW_LEAD": ("leads.read", "lead"),
    "LEAD_UPDATED": ("leads.read", "lead"),
    "NEW_MESSAGE": ("inbox.read", "message"),
    "MESSAGE_STATUS": ("inbox.read", "message"),
    "CONVERSATION_UPDATED": ("inbox.read", "conversation"),
    "HANDOFF": ("inbox.read", "conversation"),
    "CHANNEL_UPDATED": ("channels.read", "channel"),
    "DOCUMENT_UPDATED": ("knowledge.read", "document"),
    "NEW_APPOINTMENT": ("leads.read", "appointment"),
    "APPOINTMENT_UPDATED": ("leads.read", "appointment"),
    "TASK_UPDATED": ("tasks.read", "task"),
    "NOTIFICATION": ("events.read", "notification"),
}
MODELS = {
    "lead": "crm.Lead",
    "task": "crm.Task",
    "conversation": "messaging.Conversation",
    "message": "messaging.Message",
}


def events(world: World) -> Asked:
    """Every role × scope × kind of event × whose row it is about: heard exactly by who could open the row."""
    asked, wrong = 0, []
    told = list(_events(world))
    for who, role, scope, member in _listeners(world):
        frames = sight.frames(
            world.cast.acme.pk, [(event, json.dumps(event)) for _whose, event in told], [_sight(world, member)]
        )
        heard = " ".join(frame for each in frames.values() for _number, frame in each)
        for whose, event in told:
            asked += 1
            data = event["data"]
            should = _should_hear(who, role, scope, whose, str(event["type"]))
            ids = [data["id"], *([data["conversation"]] if "conversation" in data else [])]
            if any(str(each) in heard for each in ids) != should:
                wrong.append(f"{who} ({role}, {scope}) {'misses' if should else 'hears'} {event['type']} of {whose}")
    return asked, wrong


def _events(world: World) -> Iterator[tuple[str, dict[str, object]]]:
    """(whose row, event): rows of ana's seller, of paz's team, of nobody, of the other company, and of no one at all."""
    rows = {"ana": world.hidden, "paz": world.teamed, "nobody": world.mine, "globex": world.theirs}
    number = itertools.count(1)
    for type, (_permission, about) in ABOUT.items():
        for whose, keys in [*rows.items(), ("gone", {})]:
            # Another row for each kind of event, so that hearing of it by one is not taken for hearing by another.
            if about not in MODELS or whose == "gone":
                key, chat = str(uuid7()), str(uuid7())
            else:
                key, chat = str(keys[MODELS[about]]), str(keys["messaging.Conversation"])
            data = {"object": about, "id": key} | ({"conversation": chat} if about == "message" else {})
            if about == "notification":
                data["person"] = str(world.cast[whose].user.pk) if whose in PEOPLE else key
            yield whose, {"id": next(number), "type": type, "tenant_id": world.cast.acme.pk, "data": data}


def _listeners(world: World) -> Iterator[tuple[str, str, str, Membership]]:
    with auth_scope():
        rows = {row.user_id: row for row in Membership.objects.filter(tenant=world.cast.acme).select_related("user")}
    for (who, role), scope in itertools.product(PEOPLE.items(), roles.SCOPES):
        member = rows[world.cast[who].user.pk]
        team = world.team if scope == "team" or who == "paz" else None
        yield (
            who,
            role,
            scope,
            Membership(
                pk=member.pk,
                user=member.user,
                tenant=world.cast.acme,
                role=role,
                status="active",
                scope=scope,
                team_id=team,
            ),
        )
    staff = world.cast["root"].user
    yield (
        "root",
        roles.SUPPORT,
        "own",
        Membership(user=staff, tenant=world.cast.acme, role=roles.SUPPORT, status="active"),
    )


def _sight(world: World, member: Membership) -> sight.Sight:
    with tenant_context(world.cast.acme):
        return sight.of(member)


def _should_hear(who: str, role: str, scope: str, whose: str, type: str) -> bool:
    permission, about = ABOUT[type]
    if permission not in roles.permissions(role):
        return False
    if about == "notification":  # for one person, and for nobody who sees all
        return who == whose
    if role == roles.CEO or scope == "all" or about in ("channel", "document"):
        return True  # a number of a row says nothing to who may see every row
    if about == "appointment" or whose in ("globex", "gone"):
        return False
    return whose == "nobody" or (whose == "paz" and (scope == "team" or role == "professional"))


def every_type_is_probed() -> bool:
    return set(ABOUT) == TYPES


FORGED = (
    "tenant",
    "tenant_id",
    "company",
    "contact",
    "contact_id",
    "conversation_id",
    "lead_id",
    "user_id",
    "id",
    "pk",
)


def tools(world: World) -> Asked:
    """No tool takes a key or a company from the model, and none asks for more than agents may do."""
    asked, wrong = 0, []
    for name, argument in itertools.product(TOOLS, FORGED):
        tool = tool_named(name)
        for keys in (world.hidden, world.theirs):
            asked += 1
            arguments = {argument: str(keys["crm.Contact"])}
            try:
                understood(tool, ToolCallRequest("1", name, json.dumps(arguments)))
                wrong.append(f"{name} takes {argument}")
            except Refused:
                pass
    for name in TOOLS:
        tool = tool_named(name)
        asked += 2
        if tool is None or tool.permission not in roles.AGENT:
            wrong.append(f"{name} may more than an agent")
        if allowed_tools([name], suspicious=False, permissions=frozenset()):
            wrong.append(f"{name} asks nobody")
    return asked, wrong


def company_tasks() -> list[str]:
    current_app.loader.import_default_modules()
    ours = [name for name, task in current_app.tasks.items() if isinstance(task, TenantTask)]
    return sorted(name for name in ours if not name.startswith("tests."))


def tasks() -> Asked:
    """Without a company that exists and is active, no task runs: never as the first one there is."""
    asked, wrong = 0, []
    for name, number in itertools.product(company_tasks(), (None, 0, -1, 987_654_321)):
        asked += 1
        try:
            run_task(name, tenant_id=number)
            wrong.append(f"{name} ran for {number}")
        except NoTenant:
            pass
        except TypeError:
            wrong.append(f"{name} would have run for {number}")
    return asked, wrong
