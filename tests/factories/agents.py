from itertools import count

from agents.models import Agent, AgentRun, AgentVersion, AssistanceReport, PrivacyRequest, ToolCall
from config.lib.ids import uuid7

_numbers = count(1)


def make_agent(**over: object) -> Agent:
    """An active agent of the keyless demo model."""
    return Agent.objects.create(**{"name": f"Agente {next(_numbers)}", "system_prompt_template": "Ayudar.", **over})


def make_version(**over: object) -> AgentVersion:
    """Published on its agent at once."""
    agent = over.pop("agent", None) or make_agent()
    number = AgentVersion.objects.filter(agent=agent).count() + 1
    version = AgentVersion.objects.create(agent=agent, **{"number": number, "snapshot": {"name": agent.name}, **over})
    agent.published = version
    agent.save(update_fields=["published"])
    return version


def make_run(**over: object) -> AgentRun:
    return AgentRun.objects.create(
        agent=over.pop("agent", None) or make_agent(), **{"provider": "demo", "model": "demo", **over}
    )


def make_tool_call(**over: object) -> ToolCall:
    return ToolCall.objects.create(
        run=over.pop("run", None) or make_run(), **{"key": f"key-{next(_numbers)}", "tool": "search_knowledge", **over}
    )


def make_report(**over: object) -> AssistanceReport:
    return AssistanceReport.objects.create(
        run=over.pop("run", None) or make_run(), **{"kind": "sales", "score": "0.50", **over}
    )


def make_privacy_request(**over: object) -> PrivacyRequest:
    """A copy that was asked for of somebody who does not exist."""
    return PrivacyRequest.objects.create(**{"kind": "export", "contact_id": uuid7(), "asked_by_kind": "user", **over})
