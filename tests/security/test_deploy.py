"""Production settings: Django's deployment check has nothing to say, and what T10 asks for is on."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.config.review.test_settings import SOUND, started

NAMES = """DEBUG DEMO ALLOW_PRIVATE_PROVIDER_URLS SECURE_PROXY_SSL_HEADER USE_X_FORWARDED_HOST SECURE_SSL_REDIRECT
SECURE_HSTS_SECONDS SECURE_HSTS_INCLUDE_SUBDOMAINS SECURE_HSTS_PRELOAD SECURE_CONTENT_TYPE_NOSNIFF X_FRAME_OPTIONS
SESSION_COOKIE_SECURE SESSION_COOKIE_HTTPONLY SESSION_COOKIE_SAMESITE CSRF_COOKIE_SECURE SILENCED_SYSTEM_CHECKS
STATIC_FROM_SOURCES"""


def test_the_deployment_check_is_silent(tmp_path: Path) -> None:
    done = started(
        "-W",
        "error::DeprecationWarning:config",
        "manage.py",
        "check",
        "--deploy",
        "--fail-level",
        "WARNING",
        folder=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert "no issues (1 silenced)" in done.stdout or "no issues (0 silenced)" in done.stdout
    assert "WARNING" not in done.stderr
    assert "?:" not in done.stderr


@pytest.mark.parametrize(("name", "value"), [("SECURE_SSL_REDIRECT", "false"), ("SECRET_KEY", "short")])
def test_the_check_would_say_what_is_wrong(tmp_path: Path, name: str, value: str) -> None:
    done = started("manage.py", "check", "--deploy", "--fail-level", "WARNING", folder=tmp_path, **{name: value})
    assert done.returncode != 0
    assert "security.W" in done.stderr


@pytest.fixture(scope="module")
def production(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    code = (
        "import json, os, django; django.setup(); from django.conf import settings as s;"
        f"print(json.dumps([{{n: getattr(s, n) for n in {NAMES.split()!r}}}, str(s.CONTENT_SECURITY_POLICY)]))"
    )
    done = started("-c", code, folder=tmp_path_factory.mktemp("production"), ALLOW_PRIVATE_PROVIDER_URLS="true")
    assert done.returncode == 0, done.stderr
    found, policy = json.loads(done.stdout)
    return {**found, "policy": policy}


def test_production_is_closed(production: dict[str, Any]) -> None:
    off = ("DEBUG", "DEMO", "ALLOW_PRIVATE_PROVIDER_URLS", "USE_X_FORWARDED_HOST", "STATIC_FROM_SOURCES")
    assert [name for name in off if production[name] is not False] == []
    assert production["SECURE_PROXY_SSL_HEADER"] is None
    on = (
        "SECURE_SSL_REDIRECT",
        "SECURE_HSTS_INCLUDE_SUBDOMAINS",
        "SECURE_HSTS_PRELOAD",
        "SECURE_CONTENT_TYPE_NOSNIFF",
        "SESSION_COOKIE_SECURE",
        "SESSION_COOKIE_HTTPONLY",
        "CSRF_COOKIE_SECURE",
    )
    assert [name for name in on if production[name] is not True] == []
    assert production["SECURE_HSTS_SECONDS"] >= 31_536_000
    assert (production["X_FRAME_OPTIONS"], production["SESSION_COOKIE_SAMESITE"]) == ("DENY", "Lax")


def test_the_policy_of_production_allows_nothing_inline(production: dict[str, Any]) -> None:
    """The seeds allowed every inline script (seed-systems §1.6)."""
    for word in ("unsafe-inline", "unsafe-eval", "unsafe-hashes", "'*'", "http:", "https:"):
        assert word not in production["policy"]
    for word in ("NONCE", "nonce"):
        if word in production["policy"]:
            break
    else:
        pytest.fail("no nonce can be asked for")
    assert "/csp-report/" in production["policy"]


def test_no_check_is_silenced_but_the_admins_middleware(production: dict[str, Any]) -> None:
    assert production["SILENCED_SYSTEM_CHECKS"] == ["admin.E408"]


def test_a_small_environment_is_enough() -> None:
    assert set(SOUND) == {"SECRET_KEY", "VAULT_KEYS", "DATABASE_URL", "REDIS_URL", "ALLOWED_HOSTS", "PUBLIC_URL"}
