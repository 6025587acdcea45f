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
        self._unopened = False  # a transaction that has not sent its BEGIN yet
        self._before_commit: list[tuple[int, Callable[[], None]]] = []
        self._marks: dict[str, int] = {}  # how many last statements there were at each savepoint

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
        if self._unopened:
            self._open()
        elif self.in_atomic_block and self._applied != self.context and not self.needs_rollback:
            self._apply()
        return super()._cursor(name)

    def _open(self) -> None:
        """BEGIN and the context in one trip: they are always sent together, and every request begins with them."""
        self._unopened = False
        self._applied = self.context
        with self.wrap_database_errors:
            self.connection.execute(f"begin; {STATEMENT}", [self.context.search_path, self.context.role])

    def _apply(self) -> None:
        self._applied = self.context
        with super()._cursor() as cursor:
            cursor.execute(STATEMENT, [self.context.search_path, self.context.role])

    def _forget(self) -> None:
        self._applied = None

    def _set_autocommit(self, autocommit: bool) -> None:
        """The driver stays in autocommit: BEGIN is ours, and goes out with the first statement."""
        self._forget()
        self._unopened = not autocommit
        if autocommit:
            super()._set_autocommit(autocommit)

    def _commit(self) -> None:
        try:
            self.run_before_commit()
        except BaseException:
            self._rollback()
            self.run_on_commit = []  # Django forgets them only after database errors; they must not ride on the next commit
            raise
        super()._commit()
        self._marks.clear()
        self._forget()

    def _rollback(self) -> None:
        self._before_commit.clear()
        self._marks.clear()
        self._forget()
        super()._rollback()

    def _savepoint(self, sid: str) -> None:
        self._marks[sid] = len(self._before_commit)
        super()._savepoint(sid)

    def _savepoint_rollback(self, sid: str) -> None:
        super()._savepoint_rollback(sid)
        del self._before_commit[self._marks.get(sid, len(self._before_commit)) :]  # what did not happen is not told
        self._forget()  # PostgreSQL put back what was set when the savepoint was made

    def close(self) -> None:
        self._unopened = False
        self._before_commit.clear()
        self._forget()
        super().close()

    # --- last statements of a transaction --------------------------------------------------------------
    def before_commit(self, effect: Callable[[], None], *, order: int = 0) -> None:
        """Run `effect` as the last thing before COMMIT, so that a counter's row lock is held only for a moment.

        Effects run by `order`, so that everybody takes such locks in the same sequence and nobody waits in a circle.
        """
        if not self.in_atomic_block:
            raise RuntimeError("nothing will be committed here: there is no transaction")
        self._before_commit.append((order, effect))

    def has_before_commit(self, effect: Callable[[], None]) -> bool:
        return any(each == effect for _order, each in self._before_commit)

    def run_before_commit(self) -> None:
        """Django has already left the atomic block here; the statements still belong to its transaction."""
        inside, self.in_atomic_block = self.in_atomic_block, True
        try:
            while self._before_commit:
                first = min(self._before_commit, key=lambda each: each[0])
                self._before_commit.remove(first)
                first[1]()
        finally:
            self.in_atomic_block = inside
