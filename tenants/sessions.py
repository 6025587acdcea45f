"""Sessions kept in Redis and PostgreSQL. The table is open to the sign-in role only, so no company's SQL can read keys."""

from typing import Any

from django.contrib.sessions.backends.cached_db import SessionStore as CachedStore

from tenants.context import auth_scope


class SessionStore(CachedStore):
    """Each touch of the table is its own transaction in the sign-in scope."""

    cache_key_prefix = "session:"

    def _get_session_from_db(self) -> Any:
        with auth_scope():
            return super()._get_session_from_db()

    def exists(self, session_key: str) -> bool:
        with auth_scope():
            return super().exists(session_key)

    def save(self, must_create: bool = False) -> None:
        with auth_scope():
            super().save(must_create)

    def delete(self, session_key: str | None = None) -> None:
        with auth_scope():
            super().delete(session_key)

    @classmethod
    def get_model_class(cls) -> Any:
        return CachedStore.get_model_class()
