"""Names that are written as text, and habits that only a reader of the source can check."""

import ast
import re
from itertools import pairwise
from pathlib import Path

from celery import current_app
from django.apps import apps
from django.conf import settings
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState
from django.utils import translation
from django.utils.module_loading import import_string

from tenants.domain import roles
from tests.architecture.tree import APPS, PRODUCT, ROOT, calls, name, python_files, text_of, tree

ONLY_QUEUE = "config/lib/commit.py"
QUEUEING = {"delay", "apply_async", "send_task"}
SESSION_SET = re.compile(
    r"(?i)\bset\s+(?!local\b)(session\s+)?(role|search_path|authorization)\b|set_config\([^)]*,\s*false\s*\)"
)
# Connections of the owner's login, which never serve a request.
OWNERS = {"tenants/db/owner/base.py"}
DOTTED = re.compile(rf"(?:{'|'.join(PRODUCT)})(?:\.\w+)+")


def test_tasks_are_queued_in_one_place() -> None:
    wrong = [
        f"{name(path)}:{call.lineno} {called}"
        for path in python_files()
        if name(path) != ONLY_QUEUE
        for called, call in calls(path)
        if called in QUEUEING
    ]
    assert not wrong


def test_every_queued_name_is_a_task() -> None:
    current_app.loader.import_default_modules()
    asked = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    for path in python_files():
        for called, call in calls(path):
            first = text_of(call.args[0]) if call.args else None
            if called in ("queue", "send") and first and ".tasks." in first:
                asked.add(first)
    assert asked
    assert not asked - set(current_app.tasks)


def test_every_registry_entry_exists() -> None:
    """Upper-case dictionaries whose values are dotted names of ours."""
    missing = []
    for path in python_files():
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Dict):
                missing += [
                    f"{name(path)}: {text}"
                    for value in node.values
                    if (text := text_of(value)) and DOTTED.fullmatch(text) and not _exists(text)
                ]
    assert not missing
    assert all(_exists(path) for path in settings.TENANT_SEEDERS)


def _exists(dotted: str) -> bool:
    path = ROOT / Path(*dotted.split("."))
    return _imports(dotted) or path.is_dir() or path.with_suffix(".py").is_file() or _inside_a_class(dotted)


def _imports(dotted: str) -> bool:
    try:
        import_string(dotted)
    except ImportError:
        return False
    return True


def _inside_a_class(dotted: str) -> bool:
    """The choices of a model: "crm.models.Task.Kind"."""
    owner, _dot, last = dotted.rpartition(".")
    return _imports(owner) and hasattr(import_string(owner), last)


def test_no_statement_sets_anything_for_the_session() -> None:
    wrong = [
        f"{name(path)}:{node.lineno}"
        for path in python_files(migrations=True)
        if name(path) not in OWNERS and path.relative_to(ROOT).parts[0] != "bench"
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SESSION_SET.search(node.value)
    ]
    assert not wrong


def test_every_permission_that_is_asked_for_exists() -> None:
    asked: dict[str, str] = {}
    for path in python_files():
        for called, call in calls(path):
            text = text_of(call.args[0]) if call.args else None
            if text and called in ("page", "may"):
                asked[text] = name(path)
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                text = text_of(node.value)
                if text and node.targets[0].id in ("reads", "writes"):
                    asked[text] = name(path)
    assert asked
    assert {text: where for text, where in asked.items() if text not in roles.TABLE[roles.CEO]} == {}


def test_every_permission_belongs_to_the_owner_and_roles_are_known() -> None:
    assert set(roles.TABLE) == set(roles.ROLES)
    assert all(granted <= roles.TABLE[roles.CEO] for granted in roles.TABLE.values())


def test_models_and_migrations_agree() -> None:
    with translation.override(None, deactivate=True):  # migrations hold the source language
        loader = MigrationLoader(None, ignore_no_migrations=True)
        detector = MigrationAutodetector(loader.project_state(), ProjectState.from_apps(apps))
        changes = detector.changes(graph=loader.graph)
    assert {
        app: [str(operation) for each in found for operation in each.operations] for app, found in changes.items()
    } == {}
    assert not loader.detect_conflicts()


def test_keys_are_uuid_or_bigint() -> None:
    small = [
        model._meta.label
        for model in apps.get_models()
        if model._meta.app_config.name.split(".")[0] in APPS
        and getattr(model._meta.pk, "target_field", model._meta.pk).get_internal_type()
        not in ("UUIDField", "BigAutoField", "BigIntegerField", "CharField")
    ]
    assert not small


def test_no_model_holds_money_in_a_float() -> None:
    assert not [
        str(field)
        for model in apps.get_models()
        for field in model._meta.fields
        if field.get_internal_type() == "FloatField"
    ]


def test_middleware_order_keeps_the_company_innermost() -> None:
    """The transaction must be around the view only, and around rendering; whatever needs no company stands outside it."""
    order = settings.MIDDLEWARE
    assert order[-1] == "tenants.middleware.tenant.TenantMiddleware"
    wanted = [
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        order[-1],
    ]
    assert all(order.index(first) < order.index(second) for first, second in pairwise(wanted))
