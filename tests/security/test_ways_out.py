"""One way out over HTTP: whoever opens a connection of their own dodges the guard, so nobody may unless named here."""

import ast
from pathlib import Path

import pytest

from tests.architecture.tree import PRODUCT, ROOT, imported, name, python_files, tree

CLIENTS = (
    "aiohttp",
    "django.core.mail",
    "ftplib",
    "http.client",
    "httpcore2",
    "httpx",
    "httpx2",
    "imaplib",
    "openai",
    "poplib",
    "pycurl",
    "requests",
    "smtplib",
    "socket.create_connection",
    "telnetlib",
    "urllib.request",
    "urllib3",
    "websockets",
)
CALLS = {"create_connection", "open_connection", "urlopen", "urlretrieve", "send_mail"}
# file → why it may.
ALLOWED = {
    "config/lib/http.py": "the guard itself",
    "agents/llm/transport.py": "gives the model's client a transport whose requests all go through the guard",
    "agents/llm/openai_compatible.py": "the model's client, given that transport",
    "tenants/services/smtp.py": "speaks to mail servers, at addresses that `config.lib.addresses` has judged",
    "config/embedded/supervise.py": "asks our own process on 127.0.0.1 whether it is ready",
}


def connects(module: ast.Module, path: Path) -> list[str]:
    """The clients a file imports and the calls that open a connection."""
    found = []
    for node in ast.walk(module):
        named = imported(node, path)
        found += [each for each in named if any(each == one or each.startswith(one + ".") for one in CLIENTS)]
        if isinstance(node, ast.Call):
            word = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            found += [word] if word in CALLS else []
    return found


def of(path: Path) -> list[str]:
    return connects(tree(path), path)


def test_nobody_connects_but_the_guard() -> None:
    wrong = {
        name(path): found
        for path in python_files()
        if path.relative_to(ROOT).parts[0] in PRODUCT and name(path) not in ALLOWED and (found := of(path))
    }
    assert wrong == {}


def test_no_exception_outlives_its_file() -> None:
    assert [each for each in ALLOWED if not of(ROOT / each)] == []


def test_the_models_client_is_never_made_without_the_guard() -> None:
    """Every `openai.OpenAI(…)` names its `http_client`; the library's own would go anywhere."""
    made = [
        node
        for node in ast.walk(tree(ROOT / "agents/llm/openai_compatible.py"))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr.endswith("OpenAI")
    ]
    assert made
    for each in made:
        (given,) = [keyword.value for keyword in each.keywords if keyword.arg == "http_client"]
        assert "guarded_client()" in ast.unparse(given)


@pytest.mark.parametrize(
    "line",
    ["import requests", "from urllib import request", "import httpx2", "socket.create_connection(a)", "import smtplib"],
)
def test_a_connection_of_ones_own_would_be_seen(line: str) -> None:
    assert connects(ast.parse(line), ROOT / "crm" / "avatar.py")
