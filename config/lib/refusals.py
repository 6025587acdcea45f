"""What a person may read when something outside the code's plan stopped a request: the database, or unstorable text."""

import logging
import time

from django.db import DatabaseError, DataError, InterfaceError, OperationalError, connection
from django.utils.translation import gettext as _

from config.lib.errors import AppError, Conflict

logger = logging.getLogger(__name__)
_said: dict[tuple[int | None, str], float] = {}
MOST_SAID = 10_000

# SQLSTATE classes and codes: PostgreSQL documentation, appendix A.
TWICE = ("23505", "23P01")
LOST_TARGET = ("23503",)
CROSSED = ("40001", "40P01", "55P03", "57014")
TOO_MUCH = "54"
BAD_DATA = "22"
AWAY = ("08", "53", "57P", "58")
# No such table, column or schema: the company's module is being migrated, or broken.
NOT_MIGRATED = ("42P01", "42703", "3F000")
LOG_AGAIN_SECONDS = 60.0  # a page that is asked for all the time says it once a minute


class ModuleUnavailable(AppError):
    """A module of the company lacks a table or column; the others go on. `retry_after` in seconds."""

    code, status = "module_unavailable", 503
    retry_after = 30


class Unavailable(AppError):
    """The database does not answer. `retry_after` in seconds."""

    code, status = "unavailable", 503
    retry_after = 5


def refusal_of(error: BaseException) -> AppError | None:
    """The refusal behind a database's error or a text that cannot be stored; None when it is a fault of the code.

    400 for data no column can hold, 409 when somebody was quicker, 503 while the database does not answer or a module
    of the company is being migrated.
    """
    if isinstance(error, UnicodeEncodeError):
        return _unstorable() if "surrogates" in error.reason else None
    if not isinstance(error, DatabaseError | InterfaceError):
        return None
    if module_unavailable(error):
        return ModuleUnavailable(_("Este módulo se está actualizando. Probar de nuevo en unos minutos."))
    state = sqlstate(error)
    refusal = _by_state(state)
    if refusal is None and not state:
        if isinstance(error, DataError):  # found by the driver, before the server saw it
            refusal = _unstorable()
        elif isinstance(error, OperationalError | InterfaceError):
            refusal = _unavailable()
    if refusal is not None:
        logger.warning("refused with %s: %s %s", refusal.status, state or "no answer", type(error).__name__)
    return refusal


def module_unavailable(error: BaseException, *, company: int | None = None) -> bool:
    """Whether the database misses what a module needs; said in the log, once a minute for each company.

    `company` is its number where it is no longer entered.
    """
    state = sqlstate(error)
    company = company or getattr(connection, "tenant_id", None)
    if state not in NOT_MIGRATED or company is None:
        return False  # outside of a company only the code can be wrong
    now = time.monotonic()
    if now - _said.get((company, state), -LOG_AGAIN_SECONDS) >= LOG_AGAIN_SECONDS:
        if len(_said) >= MOST_SAID:
            _said.clear()
        _said[company, state] = now
        missing = str(error).partition("\n")[0]  # names the table or column, never a value
        logger.error("module unavailable: company %s, SQLSTATE %s: %s", company, state, missing)
    return True


def sqlstate(error: BaseException) -> str:
    """The SQLSTATE of the driver's error behind Django's; empty when the server said nothing."""
    return str(getattr(error.__cause__, "sqlstate", None) or "")


def _by_state(state: str) -> AppError | None:
    if state in TWICE:
        return Conflict(_("Ya existe uno igual: alguien lo guardó primero."), code="duplicate")
    if state in LOST_TARGET:
        return Conflict(_("Algo de lo que depende ya no existe. Recargar y probar de nuevo."), code="gone")
    if state in CROSSED:
        return Conflict(_("Dos cambios se cruzaron. Probar de nuevo."), code="crossed")
    if state.startswith((BAD_DATA, TOO_MUCH)):
        return _unstorable()
    return _unavailable() if state.startswith(AWAY) else None


def _unstorable() -> AppError:
    return AppError(_("El pedido lleva datos que no se pueden guardar."), code="bad_request")


def _unavailable() -> AppError:
    return Unavailable(_("El servicio no responde. Probar de nuevo en un momento."))
