"""The owner's connection: migrations and provisioning. Schema-level settings are made by hand, one schema at a time."""

from typing import Any

from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    """`set_schema` keeps a search path for the session; this connection never serves a request."""

    include_public_schema = True
    tenant: Any = None
    schema_name = "public"

    def set_schema(self, schema_name: str) -> None:
        self.schema_name = schema_name
        if self.connection is not None:
            self._set_search_path()

    def init_connection_state(self) -> None:
        super().init_connection_state()
        self._set_search_path()

    def _set_search_path(self) -> None:
        path = f'"{self.schema_name}", public' if self.schema_name != "public" else "public"
        self.connection.execute("select set_config('search_path', %s, false)", [path])
