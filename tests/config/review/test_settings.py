"""Production starts with what it needs, passes Django's own deployment check, and refuses what is unsafe."""

import base64
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import env

ROOT = Path(__file__).resolve().parent.parent.parent.parent
SOUND = {
    "SECRET_KEY": base64.b64encode(bytes(range(60))).decode(),
    "VAULT_KEYS": "k1:" + base64.b64encode(bytes(range(32))).decode(),
    "DATABASE_URL": "postgresql://crm_app:secret-word@127.0.0.1:1/crm?sslmode=require",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "ALLOWED_HOSTS": "crm.example.com,.crm.example.com",
    "PUBLIC_URL": "https://crm.example.com",
}


def started(*command: str, folder: Path, **over: str) -> subprocess.CompletedProcess[str]:
    """A process with the production settings and nothing else in its environment."""
    given = {name: value for name, value in {**SOUND, **over}.items() if value}
    place = {
        "PATH": os.environ["PATH"],
        "DATA_DIR": str(folder),
        "DJANGO_SETTINGS_MODULE": "config.settings.production",
    }
    return subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env={**place, **given},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.slow
def test_the_deployment_check_has_nothing_to_say(tmp_path: Path) -> None:
    done = started("manage.py", "check", "--deploy", "--fail-level", "WARNING", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


def settings_of(tmp_path: Path, expression: str, **over: str) -> subprocess.CompletedProcess[str]:
    return started("-c", f"from config.settings import production as p; print({expression})", folder=tmp_path, **over)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, "") for name in SOUND),
        ("ALLOWED_HOSTS", "crm.example.com,*"),
        ("PUBLIC_URL", "http://crm.example.com"),
        ("VAULT_KEYS", "k1:short"),
        ("TRUSTED_PROXIES", "10.0.0.0/8,nonsense"),
        ("DATABASE_URL", "mysql://x@y/z"),
        ("DATABASE_URL", "postgresql://x@y:port/z"),
        ("INBOUND_BUFFER_SECONDS", "nan"),
        ("DATABASE_POOL", "0"),
    ],
)
def test_what_is_missing_or_unsafe_stops_the_start_with_its_name(tmp_path: Path, name: str, value: str) -> None:
    done = settings_of(tmp_path, "1", **{name: value})
    assert done.returncode != 0
    assert f"ImproperlyConfigured: {name}" in done.stderr
    assert "secret-word" not in done.stderr


def test_production_has_no_debug_no_demo_and_secure_cookies(tmp_path: Path) -> None:
    names = "p.DEBUG, p.DEMO, p.ALLOW_PRIVATE_PROVIDER_URLS, p.SESSION_COOKIE_SECURE, p.CSRF_COOKIE_SECURE, p.SECURE_SSL_REDIRECT"
    done = settings_of(tmp_path, names, ALLOW_PRIVATE_PROVIDER_URLS="true")
    assert done.stdout.split() == ["False"] * 3 + ["True"] * 3


def test_options_of_the_databases_address_reach_the_driver(tmp_path: Path) -> None:
    done = settings_of(tmp_path, "p.DATABASES['default']['OPTIONS']['sslmode'], p.DATABASES['owner']['OPTIONS']")
    assert done.stdout.strip() == "require {'sslmode': 'require'}"


@pytest.mark.parametrize("value", ["inf", "nan", "-1", "x", "1e999"])
def test_a_number_is_a_finite_one(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("SOME_SECONDS", value)
    with pytest.raises(ImproperlyConfigured, match="SOME_SECONDS"):
        env.number("SOME_SECONDS", 1)
