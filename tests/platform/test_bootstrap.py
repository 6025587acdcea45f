"""The developer's own PostgreSQL instead of the embedded one."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from config.embedded import bootstrap
from config.embedded.services import Services
from config.embedded.state import EmbeddedError


@pytest.fixture
def own_server(folder: Path) -> Iterator[Services]:
    with Services(folder, durable=False, wants=("postgres",)) as services:
        yield services


def admin_url(services: Services) -> str:
    assert services.postgres
    return bootstrap.with_database(services.postgres.admin_url, "my_crm")


def test_a_superusers_address_gives_two_lesser_logins_the_same_at_each_start(own_server: Services) -> None:
    found = bootstrap.adopt(admin_url(own_server))
    assert bootstrap.adopt(admin_url(own_server)) == found
    assert not bootstrap.is_superuser(found["DATABASE_URL"])
    with psycopg.connect(found["OWNER_DATABASE_URL"]) as owner:
        assert owner.execute("select current_user, current_database()").fetchone() == ("crm_owner", "my_crm")
        owner.execute("create schema t1")


def test_only_tests_get_the_superusers_address_and_may_create_databases(own_server: Services) -> None:
    found = bootstrap.adopt(admin_url(own_server), test=True)
    assert found["TEST_ADMIN_DATABASE_URL"] == admin_url(own_server)
    with psycopg.connect(found["OWNER_DATABASE_URL"], autocommit=True) as owner:
        owner.execute("create database made_by_a_test")
    assert "TEST_ADMIN_DATABASE_URL" not in bootstrap.adopt(admin_url(own_server))
    with (
        psycopg.connect(found["OWNER_DATABASE_URL"], autocommit=True) as owner,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        owner.execute("create database another")


def test_an_ordinary_login_needs_the_owners_address_too(own_server: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    given = own_server.environment()
    monkeypatch.delenv("OWNER_DATABASE_URL", raising=False)
    with pytest.raises(EmbeddedError, match="OWNER_DATABASE_URL"):
        bootstrap.adopt(given["DATABASE_URL"])
    monkeypatch.setenv("OWNER_DATABASE_URL", given["OWNER_DATABASE_URL"])
    assert bootstrap.adopt(given["DATABASE_URL"]) == {
        "DATABASE_URL": given["DATABASE_URL"],
        "OWNER_DATABASE_URL": given["OWNER_DATABASE_URL"],
    }


def test_the_command_prepares_a_server_with_chosen_passwords(
    own_server: Services, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    admin = admin_url(own_server)
    app = bootstrap.with_login(admin, "crm_app", "app/secret")
    monkeypatch.setenv("ADMIN_DATABASE_URL", bootstrap.with_database(admin, "postgres"))
    monkeypatch.setenv("OWNER_DATABASE_URL", bootstrap.with_login(admin, "crm_owner", "owner secret"))
    monkeypatch.setenv("DATABASE_URL", app)
    assert bootstrap.main() == 0
    psycopg.connect(app).close()
    monkeypatch.setenv("DATABASE_URL", bootstrap.with_login(admin, "somebody", "x"))
    assert bootstrap.main() == 2
    assert "crm_app" in capsys.readouterr().err


def test_a_server_that_is_away_is_told_in_words() -> None:
    with pytest.raises(EmbeddedError, match="DATABASE_URL cannot be reached"):
        bootstrap.adopt("postgresql://postgres:x@127.0.0.1:1/crm")
