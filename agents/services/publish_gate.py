"""Whether a new content of an agent may go out: a case that passes with the published version must pass with the new one.

Nobody can pass over it. A case that never passed with what is published only warns. Going back to an earlier version is
never stopped (agents.services.agents.put_back does not come here).
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from agents.domain.prompt import ASSET, keys_in
from agents.models import Agent, BusinessAsset, TestCase, TestResult, Tool
from agents.services.assets import texts_of
from agents.services.judging import is_unknown
from config.lib.errors import Conflict

FRESH = timedelta(hours=24)  # what a company's documents and prices say may have changed since
MOST_NAMED = 10
TOOL = (
    "name", "label", "description", "prompt_injection", "response_guide", "parameters", "config", "service_url",
    "writes", "confirmation", "is_active",
)  # fmt: skip  # what a company's row of a tool does to a chat


class Regression(Conflict):
    """The new content breaks what the published one gets right. `fields`: `cases.<id>` → its name and what failed."""

    code = "regression"

    def __init__(self, broken: Sequence[TestResult]) -> None:
        names = ", ".join(f"«{each.case.name}»" for each in broken[:MOST_NAMED])
        words = ngettext(
            "No se publicó: esta versión rompe un caso que la publicada pasa: %(names)s.",
            "No se publicó: esta versión rompe %(count)d casos que la publicada pasa: %(names)s.",
            len(broken),
        ) % {"count": len(broken), "names": names}
        super().__init__(words, fields={f"cases.{each.case_id}": said_of(each) for each in broken})
        self.broken = list(broken)


class Untested(Conflict):
    """Cases were never tried with this content, or with the published one that it is compared with."""

    code = "checks_needed"

    def __init__(self, cases: Sequence[TestCase]) -> None:
        words = ngettext(
            "Antes de publicar hay que probar %(count)d caso: se hace desde Pruebas, en la página del agente.",
            "Antes de publicar hay que probar %(count)d casos: se hace desde Pruebas, en la página del agente.",
            len(cases),
        ) % {"count": len(cases)}
        super().__init__(words, fields={f"cases.{case.pk}": case.name for case in cases})
        self.cases = list(cases)


class Unanswered(Conflict):
    """Cases could not be tried: the model gave no answer. Nothing is known of them, so nothing goes out."""

    code = "no_answer"

    def __init__(self, silent: Sequence[TestResult]) -> None:
        names = ", ".join(dict.fromkeys(f"«{each.case.name}»" for each in silent[:MOST_NAMED]))
        why = next((str(each["text"]) for row in silent for each in row.failures if each.get("kind") == "error"), "")
        words = _("El modelo no respondió: no se pudo probar %(names)s. %(why)s") % {
            "names": Truncator(names).chars(200),
            "why": why,
        }
        super().__init__(words, fields={f"cases.{each.case_id}": said_of(each) for each in silent})


@dataclass(frozen=True, slots=True)
class Work:
    """What has to be tried before it can be decided: cases with the new content, and cases with the published one."""

    new: list[TestCase]
    published: list[TestCase]

    def __len__(self) -> int:
        return len(self.new) + len(self.published)


@dataclass(frozen=True, slots=True)
class Verdict:
    """`broken`: regressions. `failing`: fail as they did before, or as nobody knows: they only warn.

    `silent`: the model gave no answer when they were tried last, which proves nothing about either content.
    """

    work: Work
    passed: list[TestResult]
    broken: list[TestResult]
    failing: list[TestResult]
    silent: list[TestResult]


def surroundings(snapshot: Mapping[str, Any]) -> list[Any]:
    """What an agent says by name and holds elsewhere: texts of the business and of its tools. Two statements at most."""
    keys = keys_in(ASSET, *texts_of(snapshot))
    names = [str(name) for name in snapshot.get("enabled_tools") or []]
    texts = BusinessAsset.objects.filter(key__in=keys, is_active=True).order_by("key") if keys else None
    tools = Tool.objects.filter(name__in=names).order_by("name") if names else None
    return [
        list(texts.values_list("key", "content")) if texts is not None else [],
        list(tools.values_list(*TOOL)) if tools is not None else [],
    ]


def fingerprint(snapshot: Mapping[str, Any], case: TestCase, around: Sequence[Any] | None = None) -> str:
    """Of an agent's content together with a case: whatever of either changes makes another one.

    `around` as `surroundings` gives it, for who asks about many cases. Inside the company.
    """
    around = surroundings(snapshot) if around is None else around
    whole = [dict(snapshot), around, case.turns, case.expects, case.scene]
    packed = json.dumps(whole, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(packed.encode()).hexdigest()


def verdict(
    agent: Agent, snapshot: Mapping[str, Any], *, since: datetime | None = None, begun: datetime | None = None
) -> Verdict:
    """Of this content by what is known now, `since`: by what was found from then on. Inside the company.

    `begun`: when a check began. What it tried is not tried again by it, also when there was no answer.
    Six statements at most, one without cases.
    """
    cases = list(TestCase.objects.filter(agent=agent, is_active=True))
    told = Verdict(Work([], []), [], [], [], [])
    if not cases:
        return told
    published = agent.published.snapshot if agent.published else None
    found, around = _latest(cases), surroundings(snapshot)
    around_published = surroundings(published) if published is not None else []
    for case in cases:
        result = found.get((case.pk, fingerprint(snapshot, case, around)))
        if result is None or not _counts(result, begun) or (since is not None and result.created_at < since):
            told.work.new.append(case)
            continue
        result.case = case
        if _is_silent(result):
            told.silent.append(result)
            if begun is None or result.created_at < begun:
                told.work.new.append(case)
            continue
        if result.passed or published is None:
            (told.passed if result.passed else told.failing).append(result)
            continue
        before = found.get((case.pk, fingerprint(published, case, around_published)))
        if before is None or not _counts(before, begun):
            told.work.published.append(case)
        elif _is_silent(before):
            before.case = case
            told.silent.append(before)
            if begun is None or before.created_at < begun:
                told.work.published.append(case)
        else:
            (told.broken if before.passed else told.failing).append(result)
    return told


def check(agent: Agent, snapshot: Mapping[str, Any]) -> None:
    """Raises Untested or Regression. Inside the company, with the agent's row held."""
    found = verdict(agent, snapshot)
    if found.broken:
        raise Regression(found.broken)
    if found.work:
        raise Untested([*found.work.new, *found.work.published])


def _latest(cases: Sequence[TestCase]) -> dict[tuple[Any, str], TestResult]:
    """The last result of each case with each content."""
    rows = TestResult.objects.filter(case__in=cases).order_by("case_id", "fingerprint", "-created_at")
    return {(row.case_id, row.fingerprint): row for row in rows.distinct("case_id", "fingerprint")}


def said_of(result: TestResult) -> str:
    """A failed case in one line."""
    first = next((str(each.get("text") or "") for each in result.failures), "")
    return Truncator(f"{result.case.name}: {first}").chars(300)


def _counts(result: TestResult, begun: datetime | None) -> bool:
    """Whether it still says something: dates, stock and documents change. What a check found stays its own to the end."""
    return result.created_at >= timezone.now() - FRESH or (begun is not None and result.created_at >= begun)


def _is_silent(result: TestResult) -> bool:
    return not result.passed and is_unknown(result.failures)
