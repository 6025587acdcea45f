"""PostgreSQL refuses to run as root, so root starts it as an unprivileged account."""

import ctypes
import os
import pwd
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from config.embedded.state import EmbeddedError

# Numbers of the Linux interface: linux/prctl.h and linux/capability.h.
PR_SET_SECUREBITS = 28
NO_SETUID_FIXUP = 1 << 2
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CAP_DAC_OVERRIDE = 1
CAPABILITY_VERSION_3 = 0x20080522


class _Header(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


class _Word(ctypes.Structure):
    _fields_ = [("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32)]


_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Account:
    """Who a server runs as. `pass_folders` keeps the one right to pass folders closed to others, such as /root."""

    uid: int
    gid: int
    pass_folders: bool = False

    def become(self) -> None:
        """Change this process (a child about to exec) into the account."""
        if self.pass_folders:
            # Keeps rights across setuid, and lets access(), with which PostgreSQL looks for its files, use them.
            _check(_libc.prctl(PR_SET_SECUREBITS, NO_SETUID_FIXUP, 0, 0, 0), "prctl")
        os.setgroups([])
        os.setgid(self.gid)
        os.setuid(self.uid)
        if self.pass_folders:
            bit = 1 << CAP_DAC_OVERRIDE
            words = (_Word * 2)(_Word(bit, bit, bit), _Word(0, 0, 0))
            _check(_libc.capset(ctypes.byref(_Header(CAPABILITY_VERSION_3, 0)), words), "capset")
            _check(_libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0), "prctl")


def _check(result: int, call: str) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), f"{call} failed")


def choose(*, owned: Path, probe: Sequence[str | Path]) -> Account | None:
    """The account for a server whose data is in `owned`; None when we are not root and simply stay ourselves.

    Whoever owns the data already keeps it; else `postgres`, else `nobody`. `probe` is a command that must run as that
    account inside the folder above `owned`; when it only works with the right to pass closed folders, that is kept.
    """
    if os.geteuid() != 0:
        return None
    owner = owned.stat().st_uid if owned.exists() else 0
    account = _named("postgres") or _named("nobody") or Account(65534, 65534)
    if owner:
        account = Account(owner, owned.stat().st_gid)
    stronger = [replace(account, pass_folders=True)] if sys.platform == "linux" else []
    for candidate in (account, *stronger):
        if _works(candidate, owned.parent, probe):
            return candidate
    raise EmbeddedError(
        f"The account {account.uid} cannot run {probe[0]} in {owned.parent}: start as an ordinary user."
    )


def _named(name: str) -> Account | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return Account(entry.pw_uid, entry.pw_gid) if entry.pw_uid else None


def _works(account: Account, folder: Path, probe: Sequence[str | Path]) -> bool:
    def in_child() -> None:
        account.become()
        os.chdir(folder)

    try:
        done = subprocess.run(
            [os.fspath(part) for part in probe], preexec_fn=in_child, capture_output=True, cwd="/", check=False
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0
