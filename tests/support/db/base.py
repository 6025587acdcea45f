"""The product's database engine, with a rehearsal: every transaction of a test is a savepoint of one that never commits.

While `rehearsing`, the outermost `atomic` of the code under test behaves like a real transaction: its last statements and
its after-commit effects run when it ends, deferred constraints are checked, and outside of it there is no tenant.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tenants.db import base
from tenants.db.base import NOWHERE


class DatabaseWrapper(base.DatabaseWrapper):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rehearsing = False
        self.listeners: list[Callable[[str], None]] = []  # hear BEGIN, COMMIT and ROLLBACK, which no cursor executes
        self._begun = (
            False  # the context of a transaction's first statement travels with its BEGIN: one trip, told as one
        )
        self._bare = False  # a statement of the harness: goes out in whatever context there is

    @contextmanager
    def rehearsal(self) -> Iterator[None]:
        """One transaction around a test, rolled back at its end.

        Autocommit is off and no `atomic` is open, so that `in_atomic_block` tells the code under test what it would
        tell it in production; Django then makes a savepoint of every outermost `atomic`.
        """
        self.ensure_connection()
        self.set_autocommit(False)
        self._open()
        self._applied = None
        self.rehearsing = True
        try:
            with self.execute_wrapper(self._single_statement):
                yield
        finally:
            self.rehearsing = self.in_atomic_block = self.needs_rollback = False
            self.savepoint_ids, self.run_on_commit = [], []
            self.context = NOWHERE
            self.rollback()
            self.set_autocommit(True)

    def close(self) -> None:
        if not self.rehearsing:
            super().close()

    def close_if_unusable_or_obsolete(self) -> None:
        if not self.rehearsing:
            super().close_if_unusable_or_obsolete()

    @property
    def _outside(self) -> bool:
        """In the code under test no transaction is open."""
        return self.rehearsing and not self.savepoint_ids

    # --- context ----------------------------------------------------------------------------------------
    def _cursor(self, name: str | None = None) -> Any:
        if self._bare:
            return super(base.DatabaseWrapper, self)._cursor(name)
        if self._outside and self._applied != NOWHERE and self.connection is not None:
            self._applied = NOWHERE
            self.connection.execute(base.STATEMENT, [NOWHERE.search_path, NOWHERE.role])
        return super()._cursor(name)

    def _apply(self) -> None:
        if not self._begun:
            super()._apply()
            return
        self._begun, self._applied = False, self.context
        self.connection.execute(base.STATEMENT, [self.context.search_path, self.context.role])

    def _single_statement(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        """Outside a transaction a refused statement undoes only itself."""
        if not self._outside or self._bare:
            return execute(sql, params, many, context)
        self.connection.execute("savepoint single_statement")
        try:
            result = execute(sql, params, many, context)
        except BaseException:
            self.connection.execute("rollback to savepoint single_statement")
            raise
        self.connection.execute("release savepoint single_statement")
        return result

    # --- transactions -----------------------------------------------------------------------------------
    def _tell(self, what: str) -> None:
        for listener in self.listeners:
            listener(what)

    @contextmanager
    def _as_harness(self) -> Iterator[None]:
        self._bare = True
        try:
            yield
        finally:
            self._bare = False

    def _savepoint(self, sid: str) -> None:
        if self._outside:
            self._tell("BEGIN")
            self._begun = True
            self.connection.execute(self.ops.savepoint_create_sql(sid))
        else:
            super()._savepoint(sid)

    def savepoint_commit(self, sid: str) -> None:
        if not self._outside:
            super().savepoint_commit(sid)
            return
        self.savepoint_ids.append(sid)  # still inside, for the last statements
        try:
            self.run_before_commit()
            with self.wrap_database_errors:
                self.connection.execute("set constraints all immediate")
                self.connection.execute("set constraints all deferred")
        finally:
            self.savepoint_ids.pop()
        self._tell("COMMIT")
        self.connection.execute(self.ops.savepoint_commit_sql(sid))
        self._forget()
        effects, self.run_on_commit = self.run_on_commit, []
        self.in_atomic_block = False
        try:
            for _sids, effect, _robust in effects:
                effect()
        finally:
            self.in_atomic_block = True  # the `atomic` that is ending puts it back itself

    def savepoint_rollback(self, sid: str) -> None:
        if self._outside:
            self._before_commit.clear()
            self._tell("ROLLBACK")
        with self._as_harness():
            super().savepoint_rollback(sid)

    def on_commit(self, func: Callable[[], object], robust: bool = False) -> None:
        if self._outside:
            func()
        else:
            super().on_commit(func, robust)

    def _set_autocommit(self, autocommit: bool) -> None:
        if not autocommit:
            self._tell("BEGIN")
        super()._set_autocommit(autocommit)

    def _commit(self) -> None:
        super()._commit()
        self._tell("COMMIT")

    def _rollback(self) -> None:
        super()._rollback()
        self._tell("ROLLBACK")
