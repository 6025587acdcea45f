"""What agents keep of a person: turns, tool calls, reports. Port of `agents.privacy`.

A turn stays as a number without a name: what it cost counts in the day's spending and in the company's statistics.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from django.utils import timezone

from agents.models import AgentRun, AssistanceReport, ToolCall
from messaging.services.turns import LONGEST_SECONDS
from tenants.domain.privacy import BLANKED, DELETED, Busy, Columns, Declaration, Subject, words_of

OURS = "the company's own words for its agent"
CODE = "a code of the product"
STAFF = "people who work with the product, not who writes to the company"
DECLARED: Declaration = {
    "agents.Agent": Columns(
        plain={
            OURS: "name role system_prompt_template config",
            CODE: "model_provider model_version enabled_tools channels template_type",
        }
    ),
    "agents.AgentVersion": Columns(plain={OURS: "snapshot", STAFF: "published_by"}),
    "agents.AgentRun": Columns(
        "steps reply receipts error", BLANKED, "agent_runs", plain={CODE: "status provider model flags"}
    ),
    "agents.ToolCall": Columns("key arguments result refusal", DELETED, "tool_calls", plain={CODE: "tool"}),
    "agents.AssistanceReport": Columns("reasoning", BLANKED, "assistance_reports", plain={CODE: "kind"}),
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
        yield words_of(row, DECLARED["agents.ToolCall"], "run_id", "created_at", "tool", "ok")


def _reports(subject: Subject) -> Iterator[dict[str, Any]]:
    for row in AssistanceReport.objects.filter(conversation_id__in=subject.conversations).order_by("created_at"):
        yield words_of(row, DECLARED["agents.AssistanceReport"], "run_id", "created_at", "kind", "score")


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
    ToolCall.objects.filter(conversation_id__in=subject.conversations).delete()
    ToolCall.objects.filter(run__in=runs).delete()
    for reports in (
        AssistanceReport.objects.filter(run__in=runs),
        AssistanceReport.objects.filter(conversation_id__in=subject.conversations),
    ):
        reports.update(reasoning="", conversation_id=None)
    dead = runs.filter(status=AgentRun.Status.RUNNING)
    dead.update(status=AgentRun.Status.FAILED, finished_at=timezone.now())
    return runs.update(steps=[], reply="", receipts=[], error="", conversation_id=None, turn_token=None)
