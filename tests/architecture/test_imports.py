"""Who may know whom. A cycle is a design message, not something to dodge inside a function."""

import ast
import sys
from pathlib import Path

from tests.architecture.tree import APPS, PRODUCT, ROOT, imported, imports, name, python_files, tree

MAY_IMPORT: dict[str, set[str]] = {
    "config.lib": set(),
    "tenants": {"config.lib"},
    "crm": {"config.lib", "tenants"},
    "rag": {"config.lib", "tenants"},
    "messaging": {"config.lib", "tenants", "crm"},
    "agents": {"config.lib", "tenants", "crm", "rag", "messaging"},
}
LAYERS = {"services", "models", "domain"}
FACES = {"views", "forms", "api", "admin", "tasks", "consumers", "urls", "receivers", "templatetags"}
PORTS = ("messaging/providers", "agents/llm", "rag/embeddings", "rag/extract")
# Places outside every app that wire them together; nothing imports these.
WIRING = "config"


def package_of(dotted: str) -> str | None:
    for package in MAY_IMPORT:
        if dotted == package or dotted.startswith(package + "."):
            return package
    return WIRING if dotted.split(".")[0] == WIRING else None


def refused(path: Path) -> list[str]:
    own = package_of(".".join(path.relative_to(ROOT).with_suffix("").parts))
    if own in (None, WIRING):
        return []
    allowed = {own, None, *MAY_IMPORT[own]}
    return [f"{name(path)} imports {each}" for each in imports(path) if package_of(each) not in allowed]


def test_apps_import_one_way_only() -> None:
    assert not [line for path in python_files() for line in refused(path)]


def test_an_import_against_the_direction_would_be_seen() -> None:
    allowed = {"crm", *MAY_IMPORT["crm"]}
    assert package_of("messaging.models.Message") not in allowed
    assert package_of("config.settings.base") not in allowed
    assert package_of("config.lib.errors.NotFound") in allowed


def test_the_product_does_not_know_its_tests() -> None:
    wrong = [
        f"{name(path)} imports {each}"
        for path in python_files()
        if path.relative_to(ROOT).parts[0] in PRODUCT
        for each in imports(path)
        if each.split(".")[0] in ("tests", "bench")
    ]
    assert not wrong


def test_rules_know_only_the_standard_library_and_other_rules() -> None:
    wrong = []
    for path in python_files():
        if "domain" not in path.relative_to(ROOT).parts[1:-1]:
            continue
        for each in imports(path):
            words = each.split(".")
            pure = words[0] in sys.stdlib_module_names or (words[0] in APPS and "domain" in words[1:3])
            if not pure:
                wrong.append(f"{name(path)} imports {each}")
    assert not wrong


def test_another_apps_pages_and_tasks_are_not_imported() -> None:
    """Across apps: services, access, models, domain. The foundation's own bases for faces may be inherited."""
    wrong = []
    for path in python_files():
        own = path.relative_to(ROOT).parts[0]
        if own not in APPS:
            continue
        for each in imports(path):
            words = each.split(".")
            if words[0] in APPS and words[0] not in (own, "tenants") and len(words) > 1 and words[1] in FACES:
                wrong.append(f"{name(path)} imports {each}")
    assert not wrong


def test_use_cases_and_models_do_not_know_pages_or_tasks() -> None:
    wrong = []
    for path in python_files():
        parts = path.relative_to(ROOT).parts
        if parts[0] not in APPS or not LAYERS & {part.removesuffix(".py") for part in parts}:
            continue
        wrong += [
            f"{name(path)} imports {each}"
            for each in imports(path)
            if each.split(".")[0] == parts[0] and _is_face(each.split("."))
        ]
    assert not wrong


def _is_face(words: list[str]) -> bool:
    """`crm.views…` or `tenants.live.consumers…`; a noun of that name among services or models is none."""
    return bool(FACES & set(words[1:2])) or (words[1] not in LAYERS and bool(FACES & set(words[2:3])))


def test_adapters_do_not_touch_the_database() -> None:
    wrong = [
        f"{name(path)} imports {each}"
        for path in python_files()
        if name(path).startswith(PORTS)
        for each in imports(path)
        if each.startswith(("django.db", "tenants.models", "tenants.context")) or ".models" in each
    ]
    assert not wrong


def test_no_import_of_ours_hides_in_a_function() -> None:
    wrong = []
    for path in python_files():
        if path.relative_to(ROOT).parts[0] not in APPS:
            continue
        for function in ast.walk(tree(path)):
            if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            hidden = (each for node in ast.walk(function) for each in imported(node, path))
            wrong += [
                f"{name(path)}:{function.name} imports {each}" for each in hidden if each.split(".")[0] in PRODUCT
            ]
    assert not wrong
