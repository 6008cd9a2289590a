"""A PostgreSQL server of this process, with nothing in it."""

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

#: Debian keeps the server's programs off the path.
_DEBIAN = Path("/usr/lib/postgresql")


@contextlib.contextmanager
def postgresql_server():
    """The address of the server, as libpq takes it; it is stopped and removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="postgresql"))
    as_user = _own_user(folder)
    data, port = folder / "data", _free_port()
    _run("initdb", "-D", data, "-A", "trust", "-U", "postgres", "-E", "UTF8", as_user=as_user)
    # Tests end before the power does.
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
    start = ("pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", options, "start")
    _run(*start, as_user=as_user)
    try:
        yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
    finally:
        _run("pg_ctl", "-D", data, "-w", "-m", "immediate", "stop", as_user=as_user)
        shutil.rmtree(folder)


def _own_user(folder):
    """The server refuses to run as root; Debian makes a user for it."""
    if os.geteuid() != 0:
        return None
    user = pwd.getpwnam("postgres")
    os.chown(folder, user.pw_uid, user.pw_gid)
    return user.pw_name


def _run(program, *arguments, as_user):
    command = [_path(program), *map(str, arguments)]
    # To a file: the server would hold a pipe open.
    with tempfile.TemporaryFile("w+") as output:
        done = subprocess.run(
            command, check=False, user=as_user, stdout=output, stderr=output, cwd="/"
        )
        output.seek(0)
        assert done.returncode == 0, output.read()


def _path(program):
    found = sorted(_DEBIAN.glob(f"*/bin/{program}"), key=lambda path: int(path.parts[-3]))
    path = str(found[-1]) if found else shutil.which(program)
    assert path, f"{program} is missing: install PostgreSQL (Debian: apt-get install postgresql)"
    return path


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
