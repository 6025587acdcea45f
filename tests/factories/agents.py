from datetime import timedelta
from itertools import count

from django.db import models
from django.utils import timezone

from agents.models import (
    Agent,
    AgentRun,
    AgentVersion,
    Assessment,
    AssistanceReport,
    BusinessAsset,
    ChatSummary,
    Desk,
    LedgerEntry,
    ModelEnd,
    PendingAct,
    PrivacyRequest,
    Question,
    TestCase,
    TestCheck,
    TestResult,
    Tool,
    ToolCall,
)
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


def make_entry(**over: object) -> LedgerEntry:
    """What a turn cost; the same dollars count for the ceiling unless said otherwise."""
    usd = over.get("usd", "0.01")
    given = {"kind": "model", "source": f"run-{next(_numbers)}", "what": "gpt-4o-mini", "tokens": 10, "usd": usd}
    return LedgerEntry.objects.create(**{**given, "counted_usd": usd or 0, "currency": "ARS", **over})


def make_tool_call(**over: object) -> ToolCall:
    return ToolCall.objects.create(
        run=over.pop("run", None) or make_run(), **{"key": f"key-{next(_numbers)}", "tool": "search_knowledge", **over}
    )


def make_report(**over: object) -> AssistanceReport:
    return AssistanceReport.objects.create(
        run=over.pop("run", None) or make_run(), **{"kind": "sales", "score": "0.50", **over}
    )


def make_assessment(**over: object) -> Assessment:
    """A stretch that ended just now, with a customer who thanked."""
    now = timezone.now()
    given = {"conversation_id": uuid7(), "first_sequence": next(_numbers), "last_sequence": next(_numbers)}
    given |= {"began_at": now - timedelta(minutes=5), "ended_at": now, "outcome": "resolved", "reason": "thanked"}
    agent = over.pop("agent", None) or make_agent()
    return Assessment.objects.create(agent=agent, **{**given, "facts": ["thanked"], "response_seconds": 20, **over})


def make_privacy_request(**over: object) -> PrivacyRequest:
    """A copy that was asked for of somebody who does not exist."""
    return PrivacyRequest.objects.create(**{"kind": "export", "contact_id": uuid7(), "asked_by_kind": "user", **over})


def make_tool(**over: object) -> Tool:
    """A service of the company's own that only reads."""
    schema = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
    given = {"kind": "http", "label": "Precio", "description": "Dice el precio.", "parameters": schema, "writes": False}
    config = {"method": "GET", "timeout": 5}
    return Tool.objects.create(
        **{"name": f"tool_{next(_numbers)}", "service_url": "https://service.test/", "config": config, **given, **over}
    )


def make_pending_act(**over: object) -> PendingAct:
    """What an agent proposed to the team, and still waits."""
    run = over.pop("run", None) or make_run()
    given = {"conversation_id": run.conversation_id or uuid7(), "contact_id": uuid7(), "key": f"act-{next(_numbers)}"}
    late = timezone.now() + timedelta(hours=1)
    return PendingAct.objects.create(
        run=run, **{"tool": "create_customer", "level": "person", "expires_at": late, **given, **over}
    )


def make_question(**over: object) -> Question:
    """What an agent asked the team, and still waits."""
    run = over.pop("run", None) or make_run()
    given = {"conversation_id": run.conversation_id or uuid7(), "question": f"¿Sale {next(_numbers)}?"}
    late = timezone.now() + timedelta(hours=1)
    return Question.objects.create(run=run, **{"expires_at": late, **given, **over})


def make_asset(**over: object) -> BusinessAsset:
    """A text of the business that no agent uses yet."""
    number = next(_numbers)
    return BusinessAsset.objects.create(
        **{"key": f"activo-{number}", "kind": "branding", "title": f"Activo {number}", "content": "Texto.", **over}
    )


def make_test_case(**over: object) -> TestCase:
    """One greeting that has to be answered."""
    return TestCase.objects.create(
        agent=over.pop("agent", None) or make_agent(),
        **{"name": f"Caso {next(_numbers)}", "turns": [{"text": "Hola"}], "expects": {"ends": "answered"}, **over},
    )


def make_test_result(**over: object) -> TestResult:
    return TestResult.objects.create(
        case=over.pop("case", None) or make_test_case(), **{"fingerprint": "0" * 64, "passed": True, **over}
    )


def make_tried(**over: object) -> models.Model:
    """A run of a result."""
    result, run = make_test_result(), make_run(purpose="test")
    return TestResult.runs.through.objects.create(testresult=result, agentrun=run, **over)


def make_test_check(**over: object) -> TestCheck:
    """One that ended."""
    return TestCheck.objects.create(
        agent=over.pop("agent", None) or make_agent(), **{"snapshot": {}, "state": "done", "by_kind": "user", **over}
    )


def make_desk(**over: object) -> Desk:
    """A chat that triage gave to an agent."""
    return Desk.objects.create(
        agent=over.pop("agent", None) or make_agent(),
        **{"conversation_id": uuid7(), "intent": "booking", "reason": "rules", "urgency": "normal", **over},
    )


def make_summary(**over: object) -> ChatSummary:
    """What was said before the newest lines of some chat."""
    return ChatSummary.objects.create(**{"conversation_id": uuid7(), "upto_sequence": 50, "text": "Calza 37.", **over})


def make_model_end(**over: object) -> ModelEnd:
    """A model that its provider shuts down one day."""
    fields = {"provider": "openai", "model": f"modelo-{next(_numbers)}", "checked_at": timezone.now()}
    return ModelEnd.objects.create(**{**fields, "ends_on": timezone.now().date() + timedelta(days=20), **over})
