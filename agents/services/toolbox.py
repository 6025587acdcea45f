"""The gate between the model and the tools: allowed names, valid arguments, one effect per turn, one trace row per call."""

import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import isfinite
from time import monotonic
from typing import Protocol
from uuid import UUID

from django.db import DatabaseError, IntegrityError, transaction
from django.utils.translation import gettext as _
from jsonschema import Draft202012Validator

from agents.domain.storable import storable
from agents.llm.base import ToolCallRequest, ToolSpec
from agents.models import ToolCall
from agents.services.proposals import propose
from agents.services.tools import tools_named
from agents.tools.base import JSON, NONE, Receipt, Tool, ToolContext, ToolResult
from config.lib.errors import AppError, ProviderError
from messaging.models import Conversation
from tenants.context import tenant_context
from tenants.domain import roles
from tenants.models import Tenant

logger = logging.getLogger(__name__)
LONGEST_ARGUMENTS = 8000


class Refused(AppError):
    """The call is not made; the message goes back to the model so that it may do better."""


class Lost(AppError):
    """Somebody else has the chat by now: nothing more is done in it."""


@dataclass(frozen=True, slots=True)
class Done:
    """One call as it went. `arguments` are what was understood, `replayed` True when the first result stands."""

    tool: str
    arguments: JSON
    result: ToolResult
    milliseconds: int
    replayed: bool = False


class Toolbox(Protocol):
    """What a run may use. `call` never raises for a bad call: a refusal is a result."""

    tools: tuple[Tool, ...]
    specs: tuple[ToolSpec, ...]

    def call(self, request: ToolCallRequest, position: int) -> Done:
        """Make one call; `position` counts the calls of the turn from zero."""
        ...


def allowed_tools(
    names: Sequence[str],
    *,
    suspicious: bool,
    permissions: frozenset[str] = roles.AGENT,
    tenant: Tenant | None = None,
) -> tuple[Tool, ...]:
    """The tools of an agent, in its order, as far as the permission table lets it.

    A suspicious turn keeps what reads and the way to a person. With `tenant` they are as the company has them: its own
    texts, levels and services; without one, the platform's whose arguments no company decides.
    """
    tools = [tool for tool in tools_named(names, tenant) if tool.permission in permissions]
    tools = [tool for tool in tools if not suspicious or not tool.writes or tool.always]
    return tuple(found for tool in tools if (found := _of_company(tool, tenant)) is not None)


def _of_company(tool: Tool, tenant: Tenant | None) -> Tool | None:
    """The tool with the arguments it has in this company."""
    if tool.parameters_now is None:
        return tool
    if tenant is None:
        return None
    with tenant_context(tenant):
        parameters = tool.parameters_now()
    return replace(tool, parameters=parameters) if parameters is not None else None


def only_read(toolbox: Toolbox) -> None:
    """Take away what writes for the rest of a turn, as if its message had been suspicious."""
    toolbox.tools = tuple(tool for tool in toolbox.tools if not tool.writes or tool.always)
    toolbox.specs = specs_of(toolbox.tools)


def specs_of(tools: Sequence[Tool]) -> tuple[ToolSpec, ...]:
    """The same tools as the model sees them."""
    return tuple(ToolSpec(tool.name, tool.description, tool.parameters) for tool in tools)


def _number(written: str) -> float:
    """NaN, Infinity and 1e999, which Python reads too, are no JSON: no limit holds for them and no row can keep them."""
    found = float(written)
    if not isfinite(found):
        raise ValueError(written)
    return found


def understood(tool: Tool | None, request: ToolCallRequest) -> JSON:
    """The arguments as a valid object. Raises Refused in words that help the model to correct itself."""
    if tool is None:
        raise Refused(_("No existe esa herramienta o no está habilitada."), code="unknown_tool")
    if len(request.arguments_text) > LONGEST_ARGUMENTS:
        raise Refused(_("Los argumentos son demasiado largos."), code="arguments")
    try:
        arguments = json.loads(request.arguments_text or "{}", parse_constant=_number, parse_float=_number)
    except (ValueError, RecursionError) as error:
        raise Refused(_("Los argumentos no son JSON válido."), code="arguments") from error
    if not isinstance(arguments, dict):
        raise Refused(_("Los argumentos deben ser un objeto."), code="arguments")
    # Models of the strict kind send null for what they leave out.
    given = {
        storable(name): storable(value) if isinstance(value, str) else value
        for name, value in arguments.items()
        if value is not None
    }
    problem = next(iter(Draft202012Validator(tool.parameters).iter_errors(given)), None)
    if problem is not None:
        where = ".".join(str(part) for part in problem.path)
        raise Refused(f"{where}: {problem.message}"[:300] if where else problem.message[:300], code="arguments")
    return given


@dataclass(slots=True)
class LiveToolbox:
    """Tools that act. Every call opens its own tenant transaction; the effect and its trace row stand or fall together.

    `settled`: acts that were made before the model was asked, by `act_of` or `same_as`; asked for again, they give what they
    gave. A turn that lost its chat to a person or to another worker writes nothing any more.
    """

    context: ToolContext
    tools: tuple[Tool, ...]
    upto_sequence: int
    settled: dict[str, ToolResult] = field(default_factory=dict)
    specs: tuple[ToolSpec, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.specs = specs_of(self.tools)

    def call(self, request: ToolCallRequest, position: int) -> Done:
        """Refusals, failures and successes all leave a ToolCall row; what waits for somebody leaves a PendingAct."""
        begun = monotonic()
        tool = self.named(request.name)
        try:
            arguments = understood(tool, request)
            assert tool is not None
            return self._made(tool, arguments, position, begun)
        except AppError as error:
            result = ToolResult(False, message=str(error.message))
        self._note(request.name, {}, result, f"{self.context.run_id}:{position}", position, begun)
        return Done(request.name, {}, result, _since(begun))

    def named(self, name: str) -> Tool | None:
        """The tool, if this turn has it."""
        return next((tool for tool in self.tools if tool.name == name), None)

    def _made(self, tool: Tool, arguments: JSON, position: int, begun: float) -> Done:
        key = self._key(tool, arguments, position)
        before = self.settled.get(act_of(tool, arguments)) or self.settled.get(same_as(tool.name, arguments))
        before = before or self._before(key)
        if before is not None:
            if before.ok and before.message and tool.lost is not None:
                before = tool.lost(self.context)  # cut off before its end was known
            return Done(tool.name, arguments, replace(before, guide=tool.guide), _since(begun), replayed=True)
        if tool.confirmation != NONE:
            with tenant_context(self.context.tenant):
                waits = propose(self._whose(), tool, arguments, key=key, upto_sequence=self.upto_sequence)
            return Done(tool.name, arguments, waits, _since(begun))
        try:
            failed_key = f"{self.context.run_id}:{position}"
            result = self.perform(tool, arguments, key=key, failed_key=failed_key, position=position)
        except IntegrityError:
            # A twin of this turn was quicker: its result stands. Any other broken rule is a bug of ours.
            twin = self._before(key)
            if twin is None:
                raise
            return Done(tool.name, arguments, replace(twin, guide=tool.guide), _since(begun), replayed=True)
        return Done(tool.name, arguments, replace(result, guide=tool.guide), _since(begun))

    def perform(self, tool: Tool, arguments: JSON, *, key: str, failed_key: str, position: int) -> ToolResult:
        """Make the call. What a tool or a provider refuses is a result, traced under `failed_key`, so that `key` is free."""
        begun = monotonic()
        try:
            result = self._run(tool, arguments, key, position, begun)
        except AppError as error:
            result = ToolResult(False, message=str(error.message))
        except ProviderError as error:
            result = ToolResult(False, message=_("No se pudo consultar ahora (%(kind)s).") % {"kind": error.kind})
        except DatabaseError:
            raise  # a twin's row, or no database: not a tool's own trouble
        except Exception:  # a bug of one tool must not cost the customer their answer; what it did is rolled back
            logger.exception("tool %s broke", tool.name)
            result = ToolResult(False, message=_("La herramienta falló: no se hizo nada."))
        if not result.ok:
            self._note(tool.name, arguments, result, failed_key, position, begun)
        return result

    def _before(self, key: str) -> ToolResult | None:
        """The result of the same act, when it has been done."""
        with tenant_context(self.context.tenant):
            row = ToolCall.objects.filter(key=key, ok=True).first()
        return stored(row) if row else None

    def _run(self, tool: Tool, arguments: JSON, key: str, position: int, begun: float) -> ToolResult:
        if tool.writes and (tool.lost is not None or not tool.in_transaction):
            with tenant_context(self.context.tenant):
                self._whose()
        if tool.lost is not None:
            return self._run_elsewhere(tool, arguments, key, position, begun)
        if not tool.in_transaction:
            result = tool.run(self.context, arguments)
            if result.ok:
                return self._note(tool.name, arguments, result, key, position, begun)
            return result
        with tenant_context(self.context.tenant):
            with transaction.atomic():
                result = tool.run(self._whose(), arguments)
                if not result.ok:
                    return result
                if tool.writes:
                    self._hold()
                return self._row(tool.name, arguments, result, key, position, begun)

    def _run_elsewhere(self, tool: Tool, arguments: JSON, key: str, position: int, begun: float) -> ToolResult:
        """Write the call down as one whose end nobody knows, make it, write down how it ended. Never made twice."""
        assert tool.lost is not None
        self._note(tool.name, arguments, ToolResult(True, message=_("No se sabe si se hizo.")), key, position, begun)
        try:
            result = tool.run(replace(self.context, call_key=key), arguments)
        except (AppError, ProviderError) as error:
            if not isinstance(error, ProviderError) or error.kind != "unknown":
                self._forget(key)
                raise
            result = tool.lost(self.context)
        except Exception:  # a bug of ours after it was sent: as unknown as a lost answer
            logger.exception("tool %s broke with its service asked", tool.name)
            result = tool.lost(self.context)
        with tenant_context(self.context.tenant):
            with transaction.atomic():
                ToolCall.objects.filter(key=key).delete()
                if result.ok:
                    self._row(tool.name, arguments, result, key, position, begun)
        return result

    def _forget(self, key: str) -> None:
        with tenant_context(self.context.tenant):
            ToolCall.objects.filter(key=key).delete()

    def _whose(self) -> ToolContext:
        """With the conversation's contact as it is now: while the model thought, two contacts may have become one.

        Raises Lost when the turn has lost its chat.
        """
        rows = Conversation.objects.filter(pk=self.context.conversation_id)
        row = rows.values_list("contact_id", "turn_token").first()
        self._check(row[1] if row else None)
        return replace(self.context, contact_id=row[0]) if row else self.context

    def _hold(self) -> None:
        """Keep the chat as it is until the act is committed. After the act: contacts are locked before conversations."""
        rows = Conversation.objects.select_for_update(no_key=True).filter(pk=self.context.conversation_id)
        self._check(rows.values_list("turn_token", flat=True).first())

    def _check(self, holder: UUID | None) -> None:
        """Acts that a person approved have no turn to lose."""
        if self.context.turn_token is not None and holder != self.context.turn_token:
            raise Lost(_("El chat ya no es de este turno: no se hizo nada."), code="lost_turn")

    def _key(self, tool: Tool, arguments: JSON, position: int) -> str:
        """What is written once: the same act in the same turn, also when a crashed turn is run again."""
        if not tool.writes:
            return f"{self.context.run_id}:{position}"
        turn = f"{self.context.conversation_id}:{self.upto_sequence}:{tool.name}"
        return turn if tool.once else f"{turn}:{_digest(arguments)}"

    def _note(
        self, name: str, arguments: JSON, result: ToolResult, key: str, position: int, begun: float
    ) -> ToolResult:
        with tenant_context(self.context.tenant):
            return self._row(name, arguments, result, key, position, begun)

    def _row(self, name: str, arguments: JSON, result: ToolResult, key: str, position: int, begun: float) -> ToolResult:
        """Write the call down; the result as it goes on, whose receipt names the call where it can be undone."""
        stored = {**result.data, **({"receipt": result.receipt.as_json()} if result.receipt else {})}
        stored |= {"kept": result.kept} if result.kept else {}
        row = ToolCall.objects.create(
            run_id=self.context.run_id,
            conversation_id=self.context.conversation_id,
            key=key,
            position=position,
            tool=name[:64],
            arguments=arguments,
            ok=result.ok,
            result=stored,
            refusal=result.message[:300],
            duration_ms=_since(begun),
            back=result.back if result.ok else {},
        )
        return replace(result, receipt=_named(result.receipt, row))


def act_of(tool: Tool, arguments: JSON) -> str:
    """What makes two calls of one turn the same act."""
    return tool.name if tool.once else same_as(tool.name, arguments)


def same_as(name: str, arguments: JSON) -> str:
    """What makes two calls the same to the letter."""
    return f"{name}:{_digest(arguments)}"


def _digest(arguments: JSON) -> str:
    packed = json.dumps(arguments, sort_keys=True, ensure_ascii=False).encode()
    return hashlib.sha256(packed).hexdigest()[:16]


def stored(row: ToolCall) -> ToolResult:
    """What a call gave, as its trace has it. One that somebody undid proves nothing, and the same turn does not redo it."""
    if row.undone_at is not None:
        return ToolResult(False, {"undone": True}, _("Alguien del equipo lo deshizo: ya no vale. No lo repitas."))
    data = dict(row.result)
    receipt, kept = data.pop("receipt", None), data.pop("kept", [])
    proof = _named(Receipt(**receipt), row) if receipt else None
    return ToolResult(row.ok, data, row.refusal, kept=kept, receipt=proof)


def _named(receipt: Receipt | None, row: ToolCall) -> Receipt | None:
    """The receipt of an act that can be undone says which one it is."""
    return replace(receipt, call=str(row.pk)) if receipt is not None and row.back else receipt


def _since(begun: float) -> int:
    return int((monotonic() - begun) * 1000)
