"""The gate between the model and the tools: allowed names, valid arguments, one effect per turn, one trace row per call."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Protocol

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from jsonschema import Draft202012Validator

from agents.domain.storable import storable
from agents.llm.base import ToolCallRequest, ToolSpec
from agents.models import ToolCall
from agents.tools import tool_named
from agents.tools.base import JSON, Receipt, Tool, ToolContext, ToolResult
from config.lib.errors import AppError, ProviderError
from messaging.models import Conversation
from tenants.context import tenant_context
from tenants.domain import roles
from tenants.models import Tenant

LONGEST_ARGUMENTS = 8000


class Refused(AppError):
    """The call is not made; the message goes back to the model so that it may do better."""


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

    A suspicious turn keeps what reads and the way to a person. Tools whose arguments the company decides need `tenant`.
    """
    tools = [tool for name in dict.fromkeys(names) if (tool := tool_named(name)) is not None]
    tools = [tool for tool in tools if tool.permission in permissions]
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


def specs_of(tools: Sequence[Tool]) -> tuple[ToolSpec, ...]:
    """The same tools as the model sees them."""
    return tuple(ToolSpec(tool.name, tool.description, tool.parameters) for tool in tools)


def understood(tool: Tool | None, request: ToolCallRequest) -> JSON:
    """The arguments as a valid object. Raises Refused in words that help the model to correct itself."""
    if tool is None:
        raise Refused(_("No existe esa herramienta o no está habilitada."), code="unknown_tool")
    if len(request.arguments_text) > LONGEST_ARGUMENTS:
        raise Refused(_("Los argumentos son demasiado largos."), code="arguments")
    try:
        arguments = json.loads(request.arguments_text or "{}")
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
    """Tools that act. Every call opens its own tenant transaction; the effect and its trace row stand or fall together."""

    context: ToolContext
    tools: tuple[Tool, ...]
    upto_sequence: int
    specs: tuple[ToolSpec, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.specs = specs_of(self.tools)

    def call(self, request: ToolCallRequest, position: int) -> Done:
        """Refusals, failures and successes all leave a ToolCall row."""
        begun = monotonic()
        tool = next((tool for tool in self.tools if tool.name == request.name), None)
        arguments: JSON = {}
        key = ""
        try:
            arguments = understood(tool, request)
            assert tool is not None
            key = self._key(tool, arguments, position)
            before = self._before(key)
            if before is not None:
                return Done(tool.name, arguments, before, _since(begun), replayed=True)
            result = self._run(tool, arguments, key, position, begun)
        except AppError as error:
            result = ToolResult(False, message=str(error.message))
        except ProviderError as error:
            result = ToolResult(False, message=_("No se pudo consultar ahora (%(kind)s).") % {"kind": error.kind})
        except IntegrityError:
            # A twin of this turn was quicker: its result stands. Any other broken rule is a bug of ours.
            twin = self._before(key)
            if twin is None:
                raise
            return Done(request.name, arguments, twin, _since(begun), replayed=True)
        if not result.ok:
            self._note(request.name, arguments, result, f"{self.context.run_id}:{position}", position, begun)
        return Done(request.name, arguments, result, _since(begun))

    def _before(self, key: str) -> ToolResult | None:
        """The result of the same act, when it has been done."""
        with tenant_context(self.context.tenant):
            row = ToolCall.objects.filter(key=key, ok=True).first()
        return _stored(row) if row else None

    def _run(self, tool: Tool, arguments: JSON, key: str, position: int, begun: float) -> ToolResult:
        if not tool.in_transaction:
            result = tool.run(self.context, arguments)
            if result.ok:
                self._note(tool.name, arguments, result, key, position, begun)
            return result
        with tenant_context(self.context.tenant):
            with transaction.atomic():
                result = tool.run(self._whose(), arguments)
                if not result.ok:
                    return result
                self._row(tool.name, arguments, result, key, position, begun)
        return result

    def _whose(self) -> ToolContext:
        """With the conversation's contact as it is now: while the model thought, two contacts may have become one."""
        rows = Conversation.objects.filter(pk=self.context.conversation_id)
        contact_id = rows.values_list("contact_id", flat=True).first()
        return replace(self.context, contact_id=contact_id) if contact_id else self.context

    def _key(self, tool: Tool, arguments: JSON, position: int) -> str:
        """What is written once: the same act in the same turn, also when a crashed turn is run again."""
        if not tool.writes:
            return f"{self.context.run_id}:{position}"
        turn = f"{self.context.conversation_id}:{self.upto_sequence}:{tool.name}"
        if tool.once:
            return turn
        packed = json.dumps(arguments, sort_keys=True, ensure_ascii=False).encode()
        return f"{turn}:{hashlib.sha256(packed).hexdigest()[:16]}"

    def _note(self, name: str, arguments: JSON, result: ToolResult, key: str, position: int, begun: float) -> None:
        with tenant_context(self.context.tenant):
            self._row(name, arguments, result, key, position, begun)

    def _row(self, name: str, arguments: JSON, result: ToolResult, key: str, position: int, begun: float) -> None:
        stored = {**result.data, **({"receipt": result.receipt.as_json()} if result.receipt else {})}
        stored |= {"kept": result.kept} if result.kept else {}
        ToolCall.objects.create(
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
        )


@dataclass(slots=True)
class RehearsalToolbox:
    """Tools of a playground: what reads is real, what would write only says that it would have."""

    context: ToolContext
    tools: tuple[Tool, ...]
    specs: tuple[ToolSpec, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.specs = specs_of(self.tools)

    def call(self, request: ToolCallRequest, position: int) -> Done:
        """Arguments are validated as in earnest; nothing is stored."""
        begun = monotonic()
        tool = next((tool for tool in self.tools if tool.name == request.name), None)
        arguments: JSON = {}
        try:
            arguments = understood(tool, request)
            assert tool is not None
            result = pretend(tool) if tool.writes else self._read(tool, arguments)
        except AppError as error:
            result = ToolResult(False, message=str(error.message))
        except ProviderError as error:
            result = ToolResult(False, message=_("No se pudo consultar ahora (%(kind)s).") % {"kind": error.kind})
        return Done(request.name, arguments, result, _since(begun))

    def _read(self, tool: Tool, arguments: JSON) -> ToolResult:
        if not tool.in_transaction:
            return tool.run(self.context, arguments)
        with tenant_context(self.context.tenant):
            return tool.run(self.context, arguments)


def pretend(tool: Tool) -> ToolResult:
    """A success without an effect, with the receipt kinds that the real act would have given."""
    receipt = Receipt(tool.proves, _("Simulado: %(tool)s") % {"tool": tool.label})
    return ToolResult(True, {"simulated": True}, receipt=receipt)


def _stored(row: ToolCall) -> ToolResult:
    data = dict(row.result)
    receipt, kept = data.pop("receipt", None), data.pop("kept", [])
    return ToolResult(True, data, kept=kept, receipt=Receipt(**receipt) if receipt else None)


def _since(begun: float) -> int:
    return int((monotonic() - begun) * 1000)
