"""A PostgreSQL server of its own for tests, where one is installed."""

import getpass
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def server() -> Iterator[str]:
    """The folder of its socket; the test is skipped where there is no server to start."""
    programs = _programs()
    if programs is None:
        pytest.skip("PostgreSQL's server is not installed (Debian: postgresql)")
    # PostgreSQL does not run as root; its packages bring a user for it.
    user = "postgres" if os.geteuid() == 0 else getpass.getuser()
    folder = Path(tempfile.mkdtemp(prefix="wenzheng-pg-"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, user)
        data = folder / "data"

        def call(*command: str) -> None:
            own = {"user": user} if os.geteuid() == 0 else {}
            command = (str(programs / command[0]), *command[1:])
            subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, **own)

        call("initdb", "-D", str(data), "-A", "trust", "-U", "postgres", "--no-sync")
        options = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off"
        control = ("pg_ctl", "-D", str(data), "-w")
        call(*control, "-o", options, "-l", str(folder / "log"), "start")
        try:
            yield str(folder)
        finally:
            call(*control, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder)


def _programs() -> Path | None:
    """Where the server's programs are: Debian keeps them off the PATH, one folder for each version."""
    found = shutil.which("pg_ctl")
    folders = [Path(found).parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return next((folder for folder in reversed(folders) if (folder / "initdb").exists()), None)
