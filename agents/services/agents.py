"""Agents: made, changed, published, put back. What answers customers is always a published version."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _

from agents.domain.booking_gate import CLINIC
from agents.domain.register import spanish_of
from agents.models import Agent, AgentVersion
from agents.services import publish_gate
from agents.services.agent_config import problems_of
from agents.services.llms import KINDS
from agents.services.tools import known_tools
from agents.templates import TEMPLATES, TRIAGE
from agents.tools import TOOLS
from config.lib.errors import Invalid, NotFound
from messaging.models import Source
from tenants.context import current_tenant
from tenants.domain.actor import Actor
from tenants.services.audit import record

PUBLISHED_FIELDS = (
    "name", "role", "model_provider", "model_version", "temperature", "system_prompt_template", "enabled_tools",
    "channels", "config", "template_type",
)  # fmt: skip
EDITABLE = frozenset({*PUBLISHED_FIELDS, "is_active", "priority"})
LONGEST_PROMPT = 20_000
LONGEST_CONFIG = 20_000
LAST = 1000  # priority of the agent that a company starts with: behind any that it adds


def create_agent(*, by: Actor, **fields: Any) -> Agent:
    """A new agent. An active one is published at once, so that what was asked for works."""
    agent = Agent()
    _assign(agent, fields)
    agent.save(force_insert=True)
    record(action="agent.created", resource=agent, by=by, diff={"name": agent.name})
    if agent.is_active:
        publish_agent(agent=agent, by=by)
    return agent


def create_from_template(*, template_type: str, by: Actor, **over: Any) -> Agent:
    """An agent that starts from one of TEMPLATES; `over` wins. Raises Invalid for an unknown template."""
    return create_agent(by=by, **{**template_fields(template_type), **over})


def template_fields(template_type: str) -> dict[str, Any]:
    """The fields of a template in the language in force, with those of its tools that exist."""
    template = TEMPLATES.get(template_type)
    if template is None:
        raise Invalid(_("Esa plantilla no existe."), fields={"template_type": _("Valor desconocido.")})
    return {
        "name": str(template["label"]),
        "role": str(template["role"]),
        "temperature": Decimal(template["temperature"]),
        "enabled_tools": [name for name in template["enabled_tools"] if name in TOOLS and _fits(name, template_type)],
        "system_prompt_template": str(template["system_prompt_template"]),
        "config": {
            "tone": str(template["tone"]),
            "rules": [str(rule) for rule in template["rules"]],
            **_register_of(current_tenant().locale),
        },
        "template_type": template_type,
    }


def _fits(tool: str, template_type: str) -> bool:
    """Outside of a clinic symptoms are no matter of sales or appointments; reception still sorts what is urgent."""
    return tool != TRIAGE or template_type == "reception" or current_tenant().trade == CLINIC


def _register_of(locale: str) -> dict[str, str]:
    """How the country of a company that speaks Spanish addresses customers; any other chooses for itself."""
    return {"register": spanish_of("", locale)} if locale.lower().startswith("es") else {}


def update_agent(*, agent: Agent, by: Actor, **fields: Any) -> Agent:
    """Change the working copy. Switching off works at once, everything else with the next publication."""
    _lock(agent)
    before = {name: getattr(agent, name) for name in fields if name in EDITABLE}
    _assign(agent, fields)
    changed = sorted(name for name, old in before.items() if getattr(agent, name) != old)
    if changed:
        agent.save(update_fields=[*changed, "updated_at"])
        record(action="agent.updated", resource=agent, by=by, diff={"fields": changed})
    return agent


def _lock(agent: Agent) -> None:
    """The row as it is now, held: what somebody published meanwhile stays published."""
    try:
        agent.refresh_from_db(from_queryset=Agent.objects.select_for_update(no_key=True))
    except Agent.DoesNotExist as error:
        raise NotFound(_("Ese agente no existe.")) from error


def publish_agent(*, agent: Agent, by: Actor) -> AgentVersion:
    """Make the working copy what customers meet from their next turn on. Nothing changed = the same version.

    Raises Regression when it breaks a test case that the published version passes, Untested when nobody tried (agents.services.checks).
    """
    row = Agent.objects.select_for_update(no_key=True).get(pk=agent.pk)
    snapshot = snapshot_of(row)
    if row.published is not None and row.published.snapshot == snapshot:
        agent.published = row.published
        return row.published
    publish_gate.check(row, snapshot)
    return _publish(row, agent, snapshot, by, action="agent.published")


def put_back(*, version: AgentVersion, by: Actor) -> AgentVersion:
    """Publish an earlier version again, as a new number, and make it the working copy too."""
    row = Agent.objects.select_for_update(no_key=True).get(pk=version.agent_id)
    for name in PUBLISHED_FIELDS:
        if name in version.snapshot:
            value = version.snapshot[name]
            setattr(row, name, Decimal(value) if name == "temperature" else value)
    row.save()
    return _publish(row, row, dict(version.snapshot), by, action="agent.rolled_back")


def _publish(row: Agent, shown: Agent, snapshot: dict[str, Any], by: Actor, *, action: str) -> AgentVersion:
    last = AgentVersion.objects.filter(agent=row).order_by("-number").values_list("number", flat=True).first()
    version = AgentVersion.objects.create(
        agent=row, number=(last or 0) + 1, snapshot=snapshot, published_by=by.label[:160]
    )
    Agent.objects.filter(pk=row.pk).update(published=version)
    shown.published = version
    record(action=action, resource=row, by=by, diff={"version": version.number})
    return version


def remove_agent(*, agent: Agent, by: Actor) -> None:
    """The agent and its versions go; its runs stay."""
    record(action="agent.removed", resource=agent, by=by, diff={"name": agent.name})
    agent.delete()


def snapshot_of(agent: Agent) -> dict[str, Any]:
    """What a publication keeps."""
    snapshot = {name: getattr(agent, name) for name in PUBLISHED_FIELDS}
    snapshot["temperature"] = str(Decimal(str(agent.temperature)).quantize(Decimal("0.01")))
    return snapshot


def differences(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Field → (before, after) between two snapshots."""
    names = [name for name in PUBLISHED_FIELDS if first.get(name) != second.get(name)]
    return {name: (first.get(name), second.get(name)) for name in names}


def unpublished_changes(agent: Agent) -> dict[str, tuple[Any, Any]]:
    """What the working copy would change for customers."""
    return differences(agent.published.snapshot if agent.published else {}, snapshot_of(agent))


def _assign(agent: Agent, fields: dict[str, Any]) -> None:
    unknown = set(fields) - EDITABLE
    if unknown:
        raise Invalid(_("No se puede cambiar: %(names)s.") % {"names": ", ".join(sorted(unknown))})
    for name, value in fields.items():
        setattr(agent, name, value.replace("\x00", "") if isinstance(value, str) else value)
    wrong = _problems(agent)
    if "config" in fields and isinstance(agent.config, dict):
        wrong |= problems_of(agent.config)
    if wrong:
        raise Invalid(next(iter(wrong.values())), fields=wrong)


def _problems(agent: Agent) -> dict[str, str]:
    wrong: dict[str, str] = {}
    agent.name = agent.name.strip()
    if not 1 <= len(agent.name) <= 80:
        wrong["name"] = _("El nombre lleva de 1 a 80 letras.")
    if agent.model_provider not in KINDS:
        wrong["model_provider"] = _("El proveedor del modelo no existe.")
    elif agent.model_provider != "demo" and not str(agent.model_version).strip():
        wrong["model_version"] = _("Falta el modelo.")
    try:
        agent.temperature = Decimal(str(agent.temperature))
        if not 0 <= agent.temperature <= 2:
            raise InvalidOperation
    except InvalidOperation:
        wrong["temperature"] = _("La temperatura va de 0 a 2.")
    if len(agent.system_prompt_template) > LONGEST_PROMPT:
        wrong["system_prompt_template"] = _("Las instrucciones no pueden pasar de 20.000 letras.")
    wrong |= _problems_of_lists(agent)
    config: object = agent.config
    if not isinstance(config, dict) or len(str(config)) > LONGEST_CONFIG:
        wrong["config"] = _("Los ajustes deben ser un objeto de hasta 20.000 letras.")
    if len(str(agent.role)) > 200 or len(str(agent.model_version)) > 80 or len(str(agent.template_type)) > 20:
        wrong["role"] = _("Un texto es demasiado largo.")
    priority: object = agent.priority
    if not isinstance(priority, int) or not 0 <= priority <= 32767:
        wrong["priority"] = _("La prioridad va de 0 a 32767.")
    return wrong


def _problems_of_lists(agent: Agent) -> dict[str, str]:
    wrong: dict[str, str] = {}
    for name, known, message in (
        ("enabled_tools", known_tools(agent.enabled_tools), _("No existe esta herramienta: %(name)s.")),
        ("channels", set(Source.values), _("No existe este canal: %(name)s.")),
    ):
        value = getattr(agent, name)
        if not isinstance(value, list):
            wrong[name] = _("Debe ser una lista.")
            continue
        odd = next((item for item in value if not isinstance(item, str) or item not in known), None)
        if odd is not None:
            wrong[name] = message % {"name": odd}
    return wrong
