"""This thread's connection under its own type: `context`, `tenant`, `before_commit`."""

from typing import cast

from django.db import connection as _connection

from tenants.db.base import DatabaseWrapper

connection = cast(DatabaseWrapper, _connection)
