"""PostgreSQL connections whose tenant lives and dies with the transaction.

Right before the first statement of a transaction one statement sets search path and role for that transaction only, so a
rollback, an error or a pooled connection can never carry a tenant over. Outside a transaction the login role may read
nothing. A session-level SET leaked other tenants' rows through pools; see `docs/decisions/001-context-in-transaction.md`.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from django.db.backends.postgresql import base


class Context(NamedTuple):
    """Where statements go: a search path and the database role that may walk it."""

    search_path: str
    role: str
    tenant: Any = None  # tenants.Tenant, kept here so that `connection.tenant` needs no second store


NOWHERE = Context("public", "none")
STATEMENT = "select set_config('search_path', %s, true), set_config('role', %s, true)"


class DatabaseWrapper(base.DatabaseWrapper):
    """Applies `self.context` at the start of each transaction and again whenever it changed inside one."""

    include_public_schema = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.context: Context = NOWHERE
        self._applied: Context | None = None
        self._before_commit: list[Callable[[], None]] = []

    # --- what django-tenants' router and helpers read -------------------------------------------------
    @property
    def tenant(self) -> Any:
        return self.context.tenant

    @property
    def tenant_id(self) -> int | None:
        return self.context.tenant.pk if self.context.tenant is not None else None

    @property
    def schema_name(self) -> str:
        return self.context.search_path.split(",")[0].strip('" ')

    # --- applying -------------------------------------------------------------------------------------
    def _cursor(self, name: str | None = None) -> Any:
        if self.in_atomic_block and self._applied != self.context and not self.needs_rollback:
            self._apply()
        return super()._cursor(name)

    def _apply(self) -> None:
        self._applied = self.context
        with super()._cursor() as cursor:
            cursor.execute(STATEMENT, [self.context.search_path, self.context.role])

    def _forget(self) -> None:
        self._applied = None

    def _set_autocommit(self, autocommit: bool) -> None:
        self._forget()
        super()._set_autocommit(autocommit)

    def _commit(self) -> None:
        try:
            self.run_before_commit()
        except BaseException:
            self._rollback()
            self.run_on_commit = []  # Django forgets them only after database errors; they must not ride on the next commit
            raise
        super()._commit()
        self._forget()

    def _rollback(self) -> None:
        self._before_commit.clear()
        self._forget()
        super()._rollback()

    def _savepoint_rollback(self, sid: str) -> None:
        super()._savepoint_rollback(sid)
        self._forget()  # PostgreSQL put back what was set when the savepoint was made

    def close(self) -> None:
        self._before_commit.clear()
        self._forget()
        super().close()

    # --- last statements of a transaction --------------------------------------------------------------
    def before_commit(self, effect: Callable[[], None]) -> None:
        """Run `effect` as the last thing before COMMIT, so that a counter's row lock is held only for a moment."""
        self._before_commit.append(effect)

    def has_before_commit(self, effect: Callable[[], None]) -> bool:
        return effect in self._before_commit

    def run_before_commit(self) -> None:
        """Django has already left the atomic block here; the statements still belong to its transaction."""
        inside, self.in_atomic_block = self.in_atomic_block, True
        try:
            while self._before_commit:
                self._before_commit.pop(0)()
        finally:
            self.in_atomic_block = inside
