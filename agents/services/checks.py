"""Running test cases: one, what is missing before a publication, or all by the worker.

A case is played like a trial (agents.services.playground): real settings, an invented customer, no effect but the runs.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from time import monotonic
from typing import Any
from uuid import UUID

from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from agents.models import Agent, AgentRun, AgentVersion, TestCase, TestCheck, TestResult
from agents.services import judging, playground, publish_gate, test_sets
from agents.services.agents import publish_agent, snapshot_of
from agents.services.publish_gate import Unanswered, Untested, Verdict, Work
from agents.services.rehearsal import Setting, setting_of
from agents.tools import TOOLS, tool_named
from config.lib import commit
from config.lib.errors import AppError, Conflict, NotFound
from crm.models import Contact
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.models import Tenant
from tenants.services.audit import record

logger = logging.getLogger(__name__)
LEASE = timedelta(minutes=3)  # renewed with each message, which takes half of that at most
AGAIN = 20  # seconds between two wake-ups by whoever looks on
SLICE_SECONDS = 120  # of one task; the rest goes on in the next
CASE_SECONDS = 330  # of one case: with its slice and its last message it stays within a task's time limit
KEPT_RESULTS = 30  # of each case
PHONES = 50  # looked at to find one that nobody has
TASK = "agents.tasks.check_cases"


# --- running one -------------------------------------------------------------------------------------------------
class Cut(Exception):
    """A case was stopped between two messages: nothing is kept of it but what it cost."""


def run_case(
    *,
    tenant: Tenant,
    case: TestCase,
    snapshot: dict[str, Any],
    version: AgentVersion | None = None,
    by: Actor,
    goes_on: Callable[[], bool] = lambda: True,
) -> TestResult:
    """Play a case with this content and keep what came of it. Waits for the model: call it outside of any transaction.

    `goes_on` is asked before each message; raises Cut when it says no, or when the case was removed meanwhile.
    """
    begun, past = monotonic(), playground.Past()
    turns: list[judging.Turn] = []
    runs: list[AgentRun] = []
    with tenant_context(tenant):
        setting = _castable(setting_of(case.scene))
        fingerprint = publish_gate.fingerprint(snapshot, case)  # of what is played, whatever changes meanwhile
    for each in case.turns:
        if not goes_on():
            _drop(tenant, runs)
            raise Cut
        if monotonic() - begun > CASE_SECONDS:
            turns.append(judging.Turn("", (), judging.FAILED, error=_("el caso tardó demasiado")))
            break
        with tenant_context(tenant):
            run = playground.open_run(
                agent=case.agent, snapshot=snapshot, by=by, purpose=AgentRun.Purpose.TEST, version=version
            )
        acts = playground.rehearse(
            tenant=tenant, snapshot=snapshot, run=run, text=each["text"], setting=setting, past=past
        )
        runs.append(run)
        turns.append(_turn(run))
        if turns[-1].end != judging.ANSWERED:
            break  # a person has the chat, or nobody: nothing more would be answered
        past = past.then(each["text"], run, acts)
    failures = judging.judge(case.expects, turns, labels())
    with tenant_context(tenant):
        result = _kept(case, fingerprint, failures, runs)
    if result is None:
        _drop(tenant, runs)
        raise Cut
    return result


def _castable(setting: Setting) -> Setting:
    """With a phone that no contact has by now: the one of a case is invented, and somebody may have got it since."""
    wanted = setting.visitor.phone
    if not wanted:
        return setting
    others = [f"{wanted[:-4]}{(int(wanted[-4:]) + step) % 10_000:04d}" for step in range(PHONES)]
    taken = set(Contact.objects.filter(phone__in=others).values_list("phone", flat=True))
    phone = next((each for each in others if each not in taken), wanted)
    return replace(setting, visitor=replace(setting.visitor, phone=phone))


def _drop(tenant: Tenant, runs: Sequence[AgentRun]) -> None:
    """Runs of a case without a result; the ledger keeps what they cost."""
    with tenant_context(tenant):
        AgentRun.objects.filter(purpose=AgentRun.Purpose.TEST, pk__in=[run.pk for run in runs]).delete()


def _turn(run: AgentRun) -> judging.Turn:
    steps = [each for each in run.steps if isinstance(each, dict) and each.get("type") == "tool"]
    calls = tuple(
        judging.Call(str(each.get("name")), bool(each.get("ok")), str(each.get("refusal") or "")) for each in steps
    )
    status, end = AgentRun.Status, judging.FAILED
    if run.status == status.DONE:
        end = judging.ANSWERED
    elif run.status == status.HANDED_OFF or (run.status == status.BLOCKED and run.reply):
        end = judging.HANDED_OFF
    elif run.status == status.BLOCKED:
        end = judging.BLOCKED
    receipts = {str(each.get("kind")) for each in run.receipts} | ({"handoff"} if end == judging.HANDED_OFF else set())
    return judging.Turn(run.reply, calls, end, frozenset(receipts), run.error)


def _kept(
    case: TestCase, fingerprint: str, failures: Sequence[judging.Failure], runs: Sequence[AgentRun]
) -> TestResult | None:
    """None when the case is gone."""
    if not TestCase.objects.select_for_update(no_key=True).filter(pk=case.pk).exists():
        return None
    costs = [run.cost_usd for run in runs]
    result = TestResult.objects.create(
        case=case,
        fingerprint=fingerprint,
        passed=not failures,
        failures=[each.as_json() for each in failures],
        cost_usd=None if None in costs else sum((each for each in costs if each is not None), Decimal(0)),
    )
    result.runs.set(runs)
    old = TestResult.objects.filter(case=case).order_by("-created_at").values_list("pk", flat=True)[KEPT_RESULTS:]
    gone = TestResult.objects.filter(pk__in=list(old))
    test_sets.forget_runs(gone)
    gone.delete()
    return result


def labels() -> dict[str, str]:
    """Name of a tool → its label."""
    return {name: str(tool.label) for name in TOOLS if (tool := tool_named(name)) is not None}


# --- running many --------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Progress:
    """How far a check is."""

    check: TestCheck
    left: int

    @property
    def done(self) -> int:
        return max(self.check.total - self.left, 0)


def start(*, agent: Agent, by: Actor, publishes: bool = False, anew: bool = False, wakes: bool = True) -> TestCheck:
    """Have the worker run what is not known of the working copy, `anew`: all of it; one at a time. Inside the company.

    One that is under way for the same content goes on, and publishes if now wanted; for another content it ends.
    Without `wakes` whoever asks plays it.
    """
    snapshot = snapshot_of(agent)
    running = (
        TestCheck.objects.select_for_update(no_key=True).filter(agent=agent, state=TestCheck.State.RUNNING).first()
    )
    if running is not None:
        if running.snapshot == snapshot:
            if publishes and not running.publishes:
                running.publishes, running.by_kind, running.by_id, running.by_label = (
                    True,
                    by.kind,
                    by.id,
                    by.label[:160],
                )
                running.save(update_fields=["publishes", "by_kind", "by_id", "by_label"])
            if wakes:
                _wake(running)
            return running
        _end(running, TestCheck.State.FAILED, error=_("El agente cambió: se empezó otra prueba."))
    work = publish_gate.verdict(agent, snapshot, since=timezone.now() if anew else None).work
    try:
        with transaction.atomic():
            check = TestCheck.objects.create(
                agent=agent, snapshot=snapshot, total=max(len(work), 1), publishes=publishes, anew=anew, by_kind=by.kind,
                by_id=by.id, by_label=by.label[:160],
            )  # fmt: skip
    except IntegrityError:  # somebody pressed at the same moment
        return TestCheck.objects.get(agent=agent, state=TestCheck.State.RUNNING)
    record(action="test_check.started", resource=check, by=by, diff={"agent": str(agent.pk), "cases": len(work)})
    if wakes:
        _wake(check)
    return check


def last_of(agent: Agent) -> TestCheck:
    """The last check of an agent. Raises NotFound when there was none."""
    rows = TestCheck.objects.filter(agent=agent).select_related("agent__published")
    check = rows.order_by("-created_at").first()
    if check is None:
        raise NotFound(_("Todavía no se corrieron los casos de este agente."))
    return check


def _wake(check: TestCheck) -> None:
    commit.queue(TASK, queue="agents", check_id=str(check.pk))


def look(check: TestCheck) -> Progress:
    """How far it is now; one whose worker died is waked again. Inside the company."""
    left = len(_verdict(check).work) if check.state == check.State.RUNNING else 0
    late = check.leased_until or check.created_at + timedelta(seconds=30)
    if check.state == check.State.RUNNING and late < timezone.now() and cache.add(f"check:woken:{check.pk}", 1, AGAIN):
        _wake(check)
    return Progress(check, left)


def _verdict(check: TestCheck) -> Verdict:
    since = check.created_at if check.anew else None
    return publish_gate.verdict(check.agent, check.snapshot, since=since, begun=check.created_at)


def work_off(*, tenant: Tenant, check_id: UUID) -> None:
    """The worker's part: case after case, each kept at once. May run twice or be cut off anywhere."""
    check = _leased(tenant, check_id)
    if check is not None:
        _play(tenant, check, until=monotonic() + SLICE_SECONDS)


def _play(tenant: Tenant, check: TestCheck, *, until: float, hurried: bool = False) -> AppError | None:
    """A leased check, to its end or to `until`; `hurried` stops in the middle of a case too, and the worker goes on.

    Returns why it was not published. Whatever breaks ends the check: it would break again.
    """
    by = Actor(check.by_kind, check.by_id, check.by_label)

    def goes_on() -> bool:
        return not (hurried and monotonic() > until) and _renewed(tenant, check)

    try:
        while monotonic() <= until:
            with tenant_context(tenant):
                work = _verdict(check).work
            if not work:
                return _finish(tenant, check)
            run_next(tenant=tenant, agent=check.agent, snapshot=check.snapshot, work=work, by=by, goes_on=goes_on)
    except Cut:
        pass  # out of time, or somebody else has it: either way it is given back below, if it is ours
    except Exception:  # nobody above us would end it, and whoever looks on would begin it again for ever
        logger.exception("check %s broke", check.pk)
        words = _("Algo falló de nuestro lado y no se pudo probar. Quedó registrado: volver a intentar.")
        with tenant_context(tenant):
            mine = _mine(check).select_for_update(no_key=True).first()
            if mine is not None:
                _end(mine, TestCheck.State.FAILED, error=words)
        return Conflict(words)
    with tenant_context(tenant):
        if _mine(check).update(leased_until=None):
            _wake(check)
    return None


def run_next(
    *,
    tenant: Tenant,
    agent: Agent,
    snapshot: dict[str, Any],
    work: Work,
    by: Actor,
    goes_on: Callable[[], bool] = lambda: True,
) -> TestResult:
    """The first case of what has to be tried. Outside of any transaction. Raises Cut."""
    if work.new:
        return run_case(tenant=tenant, case=work.new[0], snapshot=snapshot, by=by, goes_on=goes_on)
    version = agent.published
    assert version is not None
    case = work.published[0]
    return run_case(tenant=tenant, case=case, snapshot=version.snapshot, version=version, by=by, goes_on=goes_on)


def _leased(tenant: Tenant, check_id: UUID) -> TestCheck | None:
    """The check, ours for a few minutes; None when it ended or another worker is at it."""
    now = timezone.now()
    with tenant_context(tenant):
        rows = TestCheck.objects.select_for_update(skip_locked=True, no_key=True, of=("self",)).select_related(
            "agent__published"
        )
        check = rows.filter(pk=check_id, state=TestCheck.State.RUNNING).first()
        if check is None or (check.leased_until is not None and check.leased_until > now):
            return None
        check.leased_until = now + LEASE
        check.save(update_fields=["leased_until"])
        return check


def _mine(check: TestCheck) -> QuerySet[TestCheck]:
    """Its row, while the lease that we hold is the one in force."""
    return TestCheck.objects.filter(pk=check.pk, state=TestCheck.State.RUNNING, leased_until=check.leased_until)


def _renewed(tenant: Tenant, check: TestCheck) -> bool:
    """Ours for a few minutes more; False when it ended or another worker took it."""
    until: datetime = timezone.now() + LEASE
    with tenant_context(tenant):
        if not _mine(check).update(leased_until=until):
            return False
    check.leased_until = until
    return True


def _finish(tenant: Tenant, check: TestCheck) -> AppError | None:
    """Publish when that was wanted, nothing broke and nobody changed the agent meanwhile; what stood in the way."""
    with tenant_context(tenant):
        # The agent's row first, as whoever publishes takes it: two that wait for each other would never end.
        agent = Agent.objects.select_for_update(no_key=True, of=("self",)).filter(pk=check.agent_id).first()
        mine = _mine(check).select_for_update(no_key=True, of=("self",)).select_related("agent__published").first()
        if mine is None or agent is None:
            return None
        found = _verdict(mine)
        refused: AppError | None = None
        if mine.publishes and snapshot_of(agent) != mine.snapshot:
            refused = Conflict(_("El agente cambió mientras se probaba: publicar otra vez."))
        elif found.silent and not (mine.publishes and found.broken):
            refused = Unanswered(found.silent)
        elif mine.publishes:
            by = Actor(mine.by_kind, mine.by_id, mine.by_label)
            try:
                mine.version = publish_agent(agent=agent, by=by)
            except AppError as error:
                refused = error
        state = TestCheck.State.FAILED if refused else TestCheck.State.DONE
        _end(mine, state, error=str(refused.message) if refused else "")
        return refused


def _end(check: TestCheck, state: str, *, error: str = "") -> None:
    check.state, check.error, check.finished_at, check.leased_until = state, error[:400], timezone.now(), None
    check.save(update_fields=["state", "error", "finished_at", "leased_until", "version"])


def publish_now(*, tenant: Tenant, agent: Agent, by: Actor, cases: int, seconds: float) -> AgentVersion | TestCheck:
    """Publish, having tried what is not known yet; a check when that is more than `cases` or takes longer.

    Raises Regression, Unanswered. Waits for the model: call it outside of any transaction. Of two who ask, one plays.
    """
    with tenant_context(tenant):
        try:
            return publish_agent(agent=agent, by=by)
        except Untested as error:
            here = len(error.cases) <= cases
        check = start(agent=agent, by=by, publishes=True, wakes=not here)
    leased = _leased(tenant, check.pk) if here else None
    if leased is None:
        return check
    refused = _play(tenant, leased, until=monotonic() + seconds, hurried=True)
    if refused is not None:
        raise refused
    with tenant_context(tenant):
        check = TestCheck.objects.select_related("agent__published", "version").get(pk=check.pk)
        return check.version or check
