"""Root starts PostgreSQL as somebody else; that somebody gets no more than passing through closed folders."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from config.embedded import privileges
from config.embedded.state import EmbeddedError

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or sys.platform != "linux", reason="only root changes accounts, and only Linux has capabilities"
)


@pytest.fixture
def closed(tmp_path: Path) -> Path:
    """A program in a folder that only root may enter."""
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o700)
    program = folder / "program"
    program.write_text("#!/bin/sh\ntest -x \"$0\" && grep -E '^(Uid|CapEff|CapPrm)' /proc/self/status\n")
    program.chmod(0o755)
    return program


def test_an_open_folder_needs_no_right_at_all() -> None:
    account = privileges.choose(owned=Path("/usr/lib"), probe=["/bin/true"])
    assert account
    assert account.uid != 0
    assert not account.pass_folders


def test_a_closed_folder_is_passed_with_that_right_only(closed: Path) -> None:
    account = privileges.choose(owned=closed.parent / "data", probe=[closed])
    assert account
    assert account.pass_folders
    shown = subprocess.run([closed], preexec_fn=account.become, capture_output=True, text=True, check=True).stdout
    assert re.search(rf"Uid:\s+{account.uid}\s+{account.uid}\s", shown)
    only = f"{1 << privileges.CAP_DAC_OVERRIDE:016x}"
    assert re.findall(r"Cap\w+:\s+(\w+)", shown) == [only, only]


def test_who_owns_the_data_keeps_it(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    os.chown(data, 12345, 12346)
    account = privileges.choose(owned=data, probe=["/bin/true"])
    assert account
    assert (account.uid, account.gid) == (12345, 12346)


def test_a_program_that_cannot_run_is_told_in_words(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedError, match="ordinary user"):
        privileges.choose(owned=tmp_path / "data", probe=["/bin/false"])
