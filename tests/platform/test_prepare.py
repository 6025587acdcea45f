"""What bin/dev and bin/test build, and the small rules around it."""

import gettext
import os
from pathlib import Path

import pytest

from config.embedded import prepare, testrun
from config.embedded.bootstrap import with_database, with_login
from config.embedded.children import LogTail
from config.embedded.state import EmbeddedError, development_secrets, free_port

PO = """
msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"

msgid "Guardar"
msgstr "Save"

msgid "%(n)s contacto"
msgid_plural "%(n)s contactos"
msgstr[0] "%(n)s contact"
msgstr[1] "%(n)s contacts"
"""


def test_catalogues_are_compiled_once_and_again_when_they_change(tmp_path: Path) -> None:
    source = tmp_path / "crm" / "locale" / "en" / "LC_MESSAGES" / "django.po"
    source.parent.mkdir(parents=True)
    source.write_text(PO)
    assert prepare.compile_catalogues(tmp_path) == 1
    assert prepare.compile_catalogues(tmp_path) == 0
    with open(source.with_suffix(".mo"), "rb") as file:
        catalogue = gettext.GNUTranslations(file)
    assert catalogue.gettext("Guardar") == "Save"
    assert catalogue.ngettext("%(n)s contacto", "%(n)s contactos", 2) == "%(n)s contacts"
    later = source.with_suffix(".mo").stat().st_mtime + 5
    os.utime(source, (later, later))
    assert prepare.compile_catalogues(tmp_path) == 1


def test_node_of_the_wheel_is_used_when_the_machine_has_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    node, npm = prepare.find_node()
    assert Path(node).exists()
    assert Path(npm).exists()


def test_a_failing_build_tells_the_words_of_npm(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text('{"scripts": {"build": "echo the style is broken >&2; exit 3"}}')
    monkeypatch.setattr(prepare, "FRONTEND", tmp_path)
    with pytest.raises(EmbeddedError, match="the style is broken"):
        prepare._npm(prepare.find_node(), "run", "build")


def test_secrets_are_made_once_and_those_of_the_environment_win(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SECRET_KEY", raising=False)
    monkeypatch.delenv("VAULT_KEYS", raising=False)
    made = development_secrets(folder)
    assert development_secrets(folder) == made
    assert (folder / "secrets.env").stat().st_mode & 0o077 == 0
    monkeypatch.setenv("SECRET_KEY", "mine")
    assert development_secrets(folder) == {**made, "SECRET_KEY": "mine"}


def test_a_log_shows_errors_and_whole_tracebacks_only_once(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    log.write_text("ERROR of an earlier run\n")
    tail = LogTail(log)
    lines = ["INFO fine", "Traceback (most recent call last):", '  File "a.py"', "ValueError: odd", "INFO fine again"]
    with open(log, "a") as file:
        file.write("\n".join(lines) + "\nCRITICAL half a li")
    assert tail.errors() == lines[1:4]
    assert tail.errors() == []
    with open(log, "a") as file:
        file.write("ne\n")
    assert tail.errors() == ["CRITICAL half a line"]


def test_addresses_keep_their_place_when_the_login_or_database_changes() -> None:
    url = "postgresql://postgres:p%40ss@127.0.0.1:5433/postgres?sslmode=disable"
    assert with_database(url, "crm") == "postgresql://postgres:p%40ss@127.0.0.1:5433/crm?sslmode=disable"
    assert with_login(url, "crm_app", "a/b") == "postgresql://crm_app:a%2Fb@127.0.0.1:5433/postgres?sslmode=disable"


def test_tests_run_in_two_processes_unless_the_caller_chooses() -> None:
    assert testrun.pytest_command(["-k", "x"])[3:5] == ["-n", testrun.WORKERS]
    assert testrun.WORKERS not in testrun.pytest_command(["-n0"])
    assert testrun.WORKERS not in testrun.pytest_command(["--pdb"])


def test_a_free_port_is_free() -> None:
    port = free_port()
    assert free_port(port) == port
