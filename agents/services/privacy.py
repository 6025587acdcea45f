"""What agents keep of a person: turns, tool calls, reports. Port of `agents.privacy`.

A turn stays as a number without a name: what it cost counts in the day's spending and in the company's statistics.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from django.utils import timezone

from agents.models import (
    AgentRun,
    Assessment,
    AssistanceReport,
    ChatSummary,
    Desk,
    LedgerEntry,
    PendingAct,
    Question,
    ToolCall,
)
from agents.services import test_sets
from messaging.services.turns import LONGEST_SECONDS
from tenants.domain.privacy import BLANKED, DELETED, Busy, Columns, Declaration, Subject, words_of

OURS = "the company's own words for its agent"
CODE = "a code of the product"
STAFF = "people who work with the product, not who writes to the company"
INVENTED = "nobody's: written by the company, or out of a chat with everybody masked, and gone with who wrote there"
DECLARED: Declaration = {
    "agents.Agent": Columns(
        plain={
            OURS: "name role system_prompt_template config",
            CODE: "model_provider model_version enabled_tools channels template_type",
        }
    ),
    "agents.BusinessAsset": Columns(plain={OURS: "title content", CODE: "key kind"}),
    "agents.TestCase": Columns(plain={INVENTED: "name turns expects scene", STAFF: "created_by"}),
    "agents.TestResult": Columns(plain={INVENTED: "failures", CODE: "fingerprint"}),
    "agents.TestCheck": Columns(plain={OURS: "snapshot", CODE: "state error by_kind", STAFF: "by_id by_label"}),
    "agents.AgentVersion": Columns(plain={OURS: "snapshot", STAFF: "published_by"}),
    "agents.AgentRun": Columns(
        "steps reply receipts error triage", BLANKED, "agent_runs", plain={CODE: "status provider model flags purpose"}
    ),
    # `back` holds the values of before an act; gone with the call.
    "agents.ToolCall": Columns(
        "key arguments result refusal back", DELETED, "tool_calls", plain={CODE: "tool", STAFF: "undone_by"}
    ),
    "agents.Tool": Columns(
        plain={
            OURS: "label description prompt_injection response_guide parameters config service_url",
            CODE: "name kind confirmation",
        }
    ),
    "agents.PendingAct": Columns(
        "key arguments outcome",
        DELETED,
        "pending_acts",
        plain={STAFF: "decided_by", CODE: "tool level state"},
    ),
    "agents.Question": Columns(
        "question answer", DELETED, "team_questions", plain={STAFF: "answered_by", CODE: "state untold"}
    ),
    # What a chat was found to be about and how urgent: of the person, though in codes.
    "agents.Desk": Columns("intent reason urgency", DELETED, "triage", plain={CODE: "urgency_by"}),
    # Which chat a cost belongs to is forgotten with the person; what it cost stays in the company's sums.
    "agents.LedgerEntry": Columns(plain={CODE: "kind source purpose what currency"}),
    "agents.AssistanceReport": Columns("reasoning", BLANKED, "assistance_reports", plain={CODE: "kind"}),
    # How their chats ended, in codes, and what somebody of the team noted of it.
    "agents.Assessment": Columns(
        "outcome reason facts corrected corrected_note final", DELETED, "assessments", plain={STAFF: "corrected_by"}
    ),
    "agents.ModelEnd": Columns(plain={CODE: "provider model"}),
    "agents.ChatSummary": Columns("text", DELETED, "chat_summaries"),
    "agents.PrivacyRequest": Columns(
        "subject file",
        BLANKED,
        "",
        "by what the person is found while they are looked for, and the file of a copy: both end by themselves",
        plain={STAFF: "asked_by asked_by_id", CODE: "kind asked_by_kind state step counts redacted error"},
    ),
}


def counts(subject: Subject) -> dict[str, int]:
    return {"agent_runs": AgentRun.objects.filter(conversation_id__in=subject.conversations).count()}


def nouns(subject: Subject) -> dict[str, Callable[[], Iterator[dict[str, Any]]]]:
    """File of the export → its rows."""
    return {
        "agent_runs": lambda: _runs(subject),
        "tool_calls": lambda: _tool_calls(subject),
        "assistance_reports": lambda: _reports(subject),
        "chat_summaries": lambda: _summaries(subject),
        "triage": lambda: _desks(subject),
        "assessments": lambda: _assessments(subject),
        "pending_acts": lambda: _pending(subject),
        "team_questions": lambda: _questions(subject),
    }


def _runs(subject: Subject) -> Iterator[dict[str, Any]]:
    """Without the company's own instructions to its agent, which say nothing of the person but what they had told."""
    rows = AgentRun.objects.filter(conversation_id__in=subject.conversations).order_by("created_at")
    for row in rows.iterator(chunk_size=100):
        shown = words_of(row, DECLARED["agents.AgentRun"], "id", "conversation_id", "created_at", "status", "model")
        yield {**shown, "steps": [_without_instructions(step) for step in row.steps]}


def _without_instructions(step: Any) -> Any:
    if not isinstance(step, dict) or step.get("type") != "prompt":
        return step
    said = [each for each in step.get("messages") or [] if isinstance(each, dict) and each.get("role") != "system"]
    return {**step, "messages": said}


def _tool_calls(subject: Subject) -> Iterator[dict[str, Any]]:
    rows = ToolCall.objects.filter(conversation_id__in=subject.conversations).order_by("created_at", "position")
    for row in rows.iterator(chunk_size=500):
        yield words_of(row, DECLARED["agents.ToolCall"], "run_id", "created_at", "tool", "ok", "undone_at")


def _pending(subject: Subject) -> Iterator[dict[str, Any]]:
    """What the agent proposed and waited to be allowed."""
    for row in PendingAct.objects.filter(conversation_id__in=subject.conversations).order_by("created_at"):
        yield words_of(row, DECLARED["agents.PendingAct"], "run_id", "created_at", "tool", "state")


def _questions(subject: Subject) -> Iterator[dict[str, Any]]:
    """What the agent asked the team about the person, and what was answered."""
    for row in Question.objects.filter(conversation_id__in=subject.conversations).order_by("asked_at"):
        yield words_of(row, DECLARED["agents.Question"], "run_id", "asked_at", "answered_at", "told_at", "state")


def _summaries(subject: Subject) -> Iterator[dict[str, Any]]:
    """What an agent was told of the earlier part of a chat."""
    for row in ChatSummary.objects.filter(conversation_id__in=subject.conversations).order_by("updated_at"):
        yield words_of(row, DECLARED["agents.ChatSummary"], "conversation_id", "updated_at")


def _reports(subject: Subject) -> Iterator[dict[str, Any]]:
    for row in AssistanceReport.objects.filter(conversation_id__in=subject.conversations).order_by("created_at"):
        yield words_of(row, DECLARED["agents.AssistanceReport"], "run_id", "created_at", "kind", "score")


def _desks(subject: Subject) -> Iterator[dict[str, Any]]:
    for row in Desk.objects.filter(conversation_id__in=subject.conversations).order_by("since"):
        yield words_of(row, DECLARED["agents.Desk"], "conversation_id", "since", "urgency_at")


def _assessments(subject: Subject) -> Iterator[dict[str, Any]]:
    for row in Assessment.objects.filter(conversation_id__in=subject.conversations).order_by("began_at"):
        yield words_of(row, DECLARED["agents.Assessment"], "conversation_id", "began_at", "ended_at")


# --- erasing -------------------------------------------------------------------------------------------------


def settled(subject: Subject) -> None:
    """Raises Busy while a turn is under way: it writes its trace once more when it ends.

    One that is older than any turn may be belongs to a worker that died.
    """
    since = timezone.now() - timedelta(seconds=LONGEST_SECONDS)
    running = AgentRun.objects.filter(
        conversation_id__in=subject.conversations, status=AgentRun.Status.RUNNING, created_at__gt=since
    )
    if running.exists():
        raise Busy("an agent is still ending its turn")


def run_ids(subject: Subject) -> list[str]:
    return [
        str(key)
        for key in AgentRun.objects.filter(conversation_id__in=subject.conversations).values_list("pk", flat=True)
    ]


def forget(subject: Subject) -> int:
    """Tool calls go; turns and reports stay without words and without the chat they belonged to."""
    settled(subject)
    runs = AgentRun.objects.filter(conversation_id__in=subject.conversations)
    ChatSummary.objects.filter(conversation_id__in=subject.conversations).delete()
    ToolCall.objects.filter(conversation_id__in=subject.conversations).delete()
    ToolCall.objects.filter(run__in=runs).delete()
    PendingAct.objects.filter(conversation_id__in=subject.conversations).delete()
    Question.objects.filter(conversation_id__in=subject.conversations).delete()
    Desk.objects.filter(conversation_id__in=subject.conversations).delete()
    Assessment.objects.filter(conversation_id__in=subject.conversations).delete()
    test_sets.forget_chats(subject.conversations)
    for reports in (
        AssistanceReport.objects.filter(run__in=runs),
        AssistanceReport.objects.filter(conversation_id__in=subject.conversations),
    ):
        reports.update(reasoning="", conversation_id=None)
    LedgerEntry.objects.filter(conversation_id__in=subject.conversations).update(conversation_id=None)
    dead = runs.filter(status=AgentRun.Status.RUNNING)
    dead.update(status=AgentRun.Status.FAILED, finished_at=timezone.now())
    return runs.update(steps=[], reply="", receipts=[], error="", triage={}, conversation_id=None, turn_token=None)
