"""A slip of the paste is said beside its box; what was typed is never said back."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from config.lib.errors import Invalid
from tenants.context import tenant_context
from tenants.models import Category, Credential, Tenant
from tenants.providers_check.registry import ELSEWHERE, KINDS
from tenants.services.vault import checked, get_tenant_credential
from tests.tenants.vault.providers import CANARY, PEM

Browser = Callable[..., Client]
ACCOUNT = {"client_email": "a@b.test", "private_key": PEM, "token_uri": "https://oauth2.googleapis.com/token"}
CONTRACT = [
    "openai/API_KEY",
    "openai/BASE_URL",
    "google/API_KEY",
    "google/BASE_URL",
    "google/CLIENT_ID",
    "google/CLIENT_SECRET",
    "google/REFRESH_TOKEN",
    "google/SERVICE_ACCOUNT_JSON",
    "meta/APP_ID",
    "meta/APP_SECRET",
    "meta/VERIFY_TOKEN",
    "whatsapp_cloud/ACCESS_TOKEN",
    "facebook/PAGE_ACCESS_TOKEN",
    "instagram/ACCESS_TOKEN",
    "ycloud/API_KEY",
    "ycloud/WEBHOOK_SECRET",
    "chatwoot/BASE_URL",
    "chatwoot/API_TOKEN",
    "chatwoot/BOT_TOKEN",
    "chatwoot/WEBHOOK_SECRET",
    "tiendanube/ACCESS_TOKEN",
    "tiendanube/STORE_ID",
    "smtp/HOST",
    "smtp/PORT",
    "smtp/USER",
    "smtp/PASSWORD",
    "smtp/FROM",
    "supabase/DSN",
]
GOOD = [
    ("openai/API_KEY", "  sk-1234\n", "sk-1234"),
    ("openai/BASE_URL", "https://models.acme.example/v1/", "https://models.acme.example/v1"),
    ("smtp/HOST", " mail.acme.example ", "mail.acme.example"),
    ("smtp/PORT", "465", "465"),
    ("smtp/PASSWORD", " with blanks ", " with blanks "),
    ("smtp/FROM", "Acme <ventas@acme.example>", "Acme <ventas@acme.example>"),
    ("meta/APP_ID", "4711 ", "4711"),
    ("supabase/DSN", "postgresql://u:p@db.acme.example:6543/postgres", None),
    ("supabase/DSN", "host=db.acme.example user=u password=p sslmode=require", None),
    ("google/SERVICE_ACCOUNT_JSON", json.dumps(ACCOUNT), None),
]
BAD = [
    ("openai/API_KEY", f"{CANARY}\r\nX-Other: 1"),
    ("openai/API_KEY", "   "),
    ("openai/BASE_URL", f"http://models.acme.example/{CANARY}"),
    ("openai/BASE_URL", f"https://user:{CANARY}@models.acme.example"),
    ("openai/BASE_URL", f"https://models.acme.example/?key={CANARY}"),
    ("openai/BASE_URL", f"https://127.0.0.1/{CANARY}"),
    ("openai/BASE_URL", "https://169.254.169.254/latest"),
    ("openai/BASE_URL", "https://[::ffff:10.0.0.1]/v1"),
    ("openai/BASE_URL", "https://models.acme.example:6379"),
    ("openai/BASE_URL", "https://models.acme.example:99999"),
    ("openai/BASE_URL", f"javascript:{CANARY}"),
    ("chatwoot/BASE_URL", "chat.acme.example"),
    ("smtp/HOST", f"https://{CANARY}"),
    ("smtp/HOST", "10.0.0.5"),
    ("smtp/PORT", "22"),
    ("smtp/PORT", "²"),
    ("smtp/PORT", "5432"),
    ("smtp/FROM", CANARY),
    ("smtp/FROM", "a@acme.example\nBcc: all@acme.example"),
    ("meta/APP_ID", CANARY),
    ("tiendanube/STORE_ID", "../1"),
    ("google/SERVICE_ACCOUNT_JSON", f'{{"private_key": "{CANARY}"'),
    ("google/SERVICE_ACCOUNT_JSON", json.dumps({**ACCOUNT, "private_key": CANARY})),
    ("google/SERVICE_ACCOUNT_JSON", json.dumps({**ACCOUNT, "token_uri": "http://169.254.169.254/"})),
    ("google/SERVICE_ACCOUNT_JSON", json.dumps([CANARY])),
    ("google/SERVICE_ACCOUNT_JSON", "[" * 10_000),
    ("supabase/DSN", f"postgresql://u:{CANARY}@/postgres"),
    ("supabase/DSN", f"host=/var/run/postgresql user=u password={CANARY}"),
    ("supabase/DSN", f"postgresql://u:{CANARY}@a.example,b.example/postgres"),
    ("supabase/DSN", f"postgresql://u:{CANARY}@db.acme.example/postgres?sslkey=/etc/passwd"),
    ("supabase/DSN", f"postgresql://u:{CANARY}@db.acme.example/postgres?hostaddr=127.0.0.1"),
    ("supabase/DSN", f"postgresql://u:{CANARY}@db.acme.example/postgres?passfile=/etc/pgpass"),
    ("supabase/DSN", f"postgresql://u:{CANARY}@127.0.0.1:5432/postgres"),
    ("supabase/DSN", f"postgresql://u:{CANARY}@db.acme.example:22/postgres"),
    ("supabase/DSN", "postgresql://db.acme.example/postgres"),
    ("supabase/DSN", f"nonsense {CANARY}"),
]


@pytest.fixture
def guarded(settings: Any) -> None:
    settings.ALLOW_PRIVATE_PROVIDER_URLS = False


def test_every_name_of_the_contract_and_every_category_is_known() -> None:
    known = {f"{kind.category}/{name}" for kind in KINDS.values() for name in kind.names}
    assert set(CONTRACT) <= known
    assert {*KINDS, *ELSEWHERE} == set(Category.values)


@pytest.mark.parametrize(("name", "typed", "kept"), GOOD)
def test_what_fits_is_kept_without_the_blanks_of_the_paste(
    name: str, typed: str, kept: str | None, guarded: None
) -> None:
    category, _slash, name = name.partition("/")
    assert checked(category, name, typed) == (kept or typed)


@pytest.mark.parametrize(("name", "typed"), BAD)
def test_what_does_not_fit_is_refused_without_being_quoted(name: str, typed: str, guarded: None) -> None:
    category, _slash, name = name.partition("/")
    with pytest.raises(Invalid) as refusal:
        checked(category, name, typed)
    assert refusal.value.fields
    said = f"{refusal.value.message} {dict(refusal.value.fields)}"
    assert CANARY not in said
    assert refusal.value.__cause__ is None
    assert refusal.value.__suppress_context__ or refusal.value.__context__ is None


def test_the_form_shows_the_fields_of_mail_together(client_as: Browser) -> None:
    page = client_as("ana").get("/credenciales/smtp/").content.decode()
    assert [name for name in ("HOST", "PORT", "USER", "PASSWORD", "FROM") if f'name="{name}"' not in page] == []
    assert "Servidor" in page


def test_mail_is_stored_in_one_go_and_an_empty_box_leaves_what_is_there(client_as: Browser, acme: Tenant) -> None:
    ana = client_as("ana")
    values = {"HOST": "mail.acme.example", "USER": "ventas", "PASSWORD": "first", "PORT": ""}
    assert ana.post("/credenciales/smtp/", values).status_code == 303
    assert ana.post("/credenciales/smtp/", {"PASSWORD": "second"}).status_code == 303
    with tenant_context(acme):
        assert {row.name: row.version for row in Credential.objects.all()} == {"HOST": 1, "USER": 1, "PASSWORD": 2}
    assert get_tenant_credential(acme.pk, "smtp", "PASSWORD") == "second"


def test_a_set_that_was_begun_says_what_is_missing(client_as: Browser, acme: Tenant) -> None:
    answer = client_as("ana").post("/credenciales/smtp/", {"HOST": "mail.acme.example", "PASSWORD": CANARY})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "mail.acme.example" in page  # what is harmless stays in its box
    assert CANARY not in page
    with tenant_context(acme):
        assert not Credential.objects.exists()


def test_one_wrong_box_stores_nothing(client_as: Browser, acme: Tenant) -> None:
    answer = client_as("ana").post("/credenciales/meta/", {"APP_ID": "not a number", "APP_SECRET": CANARY})
    assert answer.status_code == 422
    assert "Son solo números" in answer.content.decode()
    assert CANARY not in answer.content.decode()
    with tenant_context(acme):
        assert not Credential.objects.exists()


def test_a_file_is_not_written_back_into_its_box(client_as: Browser) -> None:
    answer = client_as("ana").post("/credenciales/google/", {"SERVICE_ACCOUNT_JSON": f'{{"x": "{CANARY}"}}'})
    assert answer.status_code == 422
    assert CANARY not in answer.content.decode()


def test_an_empty_form_and_an_unknown_provider_are_said(client_as: Browser) -> None:
    assert "No se escribió nada" in client_as("ana").post("/credenciales/meta/", {}).content.decode()
    assert client_as("ana").get("/credenciales/nobody/").status_code == 404


def test_the_page_names_what_a_set_still_lacks(client_as: Browser, acme: Tenant) -> None:
    ana = client_as("ana")
    ana.post("/credenciales/", {"category": "meta", "name": "APP_ID", "value": "4711"})
    page = ana.get("/credenciales/").content.decode()
    assert "Clave secreta de la app" in page
    assert "Falta" in page


def test_a_name_that_no_code_reads_is_refused_with_those_that_exist(client_as: Browser) -> None:
    answer = client_as("ana").post("/credenciales/", {"category": "openai", "name": "OPENAI_KEY", "value": CANARY})
    assert answer.status_code == 422
    assert "API_KEY, BASE_URL" in answer.content.decode()
    assert CANARY not in answer.content.decode()
