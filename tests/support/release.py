"""A release of tomorrow: today's migrations of an app and some more, in a package of their own, over a database of its own."""

import importlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from django.conf import settings
from psycopg import sql

from tenants.services import provisioning, registry, schema_doctor
from tests.support import services

ROOT = Path(__file__).resolve().parent.parent.parent
APART = 500_000  # companies of the second database begin here in the process's range
_given = count(1)

MIGRATION = """from django.db import migrations, models
import datetime, uuid

{before}

class Migration(migrations.Migration):
    dependencies = [("{app}", "{last}")]
    atomic = {atomic}
    operations = [{operations}]
"""
SETTINGS = """from config.settings.test import *
MIGRATION_MODULES = {modules!r}
"""


@contextmanager
def own_database(running: services.Services) -> Iterator[None]:
    """A second, freshly migrated database without companies; connections of this process go there meanwhile."""
    before = settings.DATABASES["default"]["NAME"]
    number = next(_given)
    name = f"{services.CLONE}{running.first_company + number}"
    template = services.TEMPLATE + services._state_of_migrations()
    running.admin.execute("select pg_advisory_lock(%s)", [services._number(name)])
    services._create(running.admin, name, template)
    services._use_database(name)
    was, running.database = running.database, name
    try:
        with running.inside() as inside:
            inside.execute(
                f"alter sequence tenants_tenant_id_seq restart with {running.first_company + APART * number}"
            )
        registry.changed()
        yield
    finally:
        running.database = was
        services._use_database(before)
        registry.changed()
        running.admin.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))
        running.admin.execute("select pg_advisory_unlock(%s)", [services._number(name)])


class Release:
    """`modules` is the setting MIGRATION_MODULES of the release."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.modules: dict[str, str] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def add(self, app: str, name: str, operations: str, *, before: str = "", atomic: bool = True) -> None:
        """One more migration of the app, whose `operations` and code `before` its class are Python."""
        package = self._package(app)
        last = max(path.stem for path in package.glob("[0-9]*.py"))
        text = MIGRATION.format(app=app, last=last, operations=operations, before=before, atomic=atomic)
        (package / f"{name}.py").write_text(text)

    def path(self, app: str, name: str) -> Path:
        return self._package(app) / f"{name}.py"

    def _package(self, app: str) -> Path:
        if app not in self.modules:
            name = f"tomorrow_{app}_{os.getpid()}_{next(_given)}"
            shutil.copytree(ROOT / app / "migrations", self.folder / name, ignore=shutil.ignore_patterns("__pycache__"))
            self.modules[app] = name
        return self.folder / self.modules[app]

    @contextmanager
    def installed(self) -> Iterator[None]:
        """This process has the release's code."""
        before = getattr(settings, "MIGRATION_MODULES", {})
        sys.path.insert(0, str(self.folder))
        settings.MIGRATION_MODULES = self.modules
        forget()
        try:
            yield
        finally:
            settings.MIGRATION_MODULES = before
            sys.path.remove(str(self.folder))
            forget()

    def manage(self, *arguments: str, environment: Mapping[str, str] | None = None) -> "subprocess.Popen[str]":
        """`manage.py …` of the release in a process of its own."""
        (self.folder / "tomorrow_settings.py").write_text(SETTINGS.format(modules=self.modules))
        path = os.pathsep.join([str(self.folder), str(ROOT)])
        return subprocess.Popen(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env={
                **os.environ,
                "PYTHONPATH": path,
                "DJANGO_SETTINGS_MODULE": "tomorrow_settings",
                **(environment or {}),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


def forget() -> None:
    """What the process knows of the migrations is read again."""
    importlib.invalidate_caches()
    provisioning.fingerprint.cache_clear()
    provisioning.expected_public.cache_clear()
    schema_doctor.expected_shared.cache_clear()
