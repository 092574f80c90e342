"""A PostgreSQL server of a bench's own, and just enough of its protocol to ask it things without a driver."""

import contextlib
import glob
import os
import re
import secrets
import shutil
import socket
import struct
import subprocess
import tempfile
from pathlib import Path

from server import TICKS, free_port

# As the system's packages lay it out; the newest is taken.
PROGRAMS = "/usr/lib/postgresql/*/bin"

# The process that starts all others.
FIRST = "postmaster"


def programs():
    found = sorted(glob.glob(PROGRAMS), key=lambda path: [int(n) for n in re.findall(r"\d+", path)])
    if not found:
        raise SystemExit("there is no PostgreSQL below /usr/lib/postgresql: apt-get install postgresql")
    return Path(found[-1])


class Cluster:
    """A server for as long as the `with` lasts: on a socket that only this user reaches, and on the loopback for who
    knows its password. It syncs its log, as one that is to keep what it acknowledges."""

    def __init__(self, connections_max):
        self.connections_max = connections_max
        self.port, self.password = free_port(), secrets.token_urlsafe(16)

    def __enter__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="conclave-fleet."))
        # PostgreSQL refuses to run as root.
        self.prefix = []
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
            self.prefix = ["runuser", "-u", "postgres", "--"]
        (self.folder / "password").write_text(self.password)
        os.chmod(self.folder / "password", 0o600)
        if self.prefix:
            shutil.chown(self.folder / "password", "postgres", "postgres")
        self.run("initdb", "-D", self.folder / "data", "--username=conclave", "--auth-local=trust",
                 "--auth-host=scram-sha-256", f"--pwfile={self.folder / 'password'}", "--locale=C", "--encoding=UTF8")
        settings = {"listen_addresses": "127.0.0.1", "port": self.port, "unix_socket_directories": self.folder,
                    "max_connections": self.connections_max, "shared_buffers": "512MB", "max_wal_size": "4GB",
                    "shared_preload_libraries": "pg_stat_statements", "pg_stat_statements.track": "none",
                    "pg_stat_statements.save": "off"}
        with open(self.folder / "data/postgresql.conf", "a") as config:
            config.writelines(f"{name} = '{value}'\n" for name, value in settings.items())
        self.run("pg_ctl", "-D", self.folder / "data", "-l", self.folder / "log", "-w", "start")
        return self

    def __exit__(self, *_):
        with contextlib.suppress(subprocess.CalledProcessError):
            self.run("pg_ctl", "-D", self.folder / "data", "-m", "immediate", "-w", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, program, *arguments):
        command = [*self.prefix, programs() / program, *arguments]
        said = subprocess.run([str(word) for word in command], cwd=self.folder, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        if said.returncode:
            raise RuntimeError(f"{program}: {said.stdout[-2000:]}")

    def connect(self, database="postgres"):
        return Wire(self.folder / f".s.PGSQL.{self.port}", database)

    def create(self, database):
        with self.connect() as wire:
            wire.ask(f"CREATE DATABASE {database} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'")
        with self.connect(database) as wire:
            # In a schema of its own: what is not of conclave in the usual one is refused.
            wire.ask("CREATE SCHEMA measured; CREATE EXTENSION pg_stat_statements SCHEMA measured")

    def over_tcp(self, database):
        return f"postgres://conclave@127.0.0.1:{self.port}/{database}?sslmode=disable"

    def over_socket(self, database):
        return f"postgres://conclave@localhost:{self.port}/{database}?host={self.folder}"

    def processes(self):
        """The server's processes by their ids, each with what it says it does."""
        first = int((self.folder / "data/postmaster.pid").read_text().split()[0])
        found = {first: FIRST}
        for stat in glob.glob("/proc/[0-9]*/stat"):
            with contextlib.suppress(OSError):
                fields = Path(stat).read_text().rsplit(")", 1)[1].split()
                if int(fields[1]) == first:
                    pid = int(stat.split("/")[2])
                    found[pid] = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").strip("\0 ")
        return found

    def cpu(self):
        """Processor time of all of them, in seconds, those that ended included."""
        total, found = 0, self.processes()
        for pid, what in found.items():
            with contextlib.suppress(OSError):
                fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
                # The first process has waited for those that ended.
                total += sum(int(field) for field in fields[11:15 if what == FIRST else 13])
        return total / TICKS

    def connection_mib(self, database):
        """What memory each connection to it takes that it shares with nobody."""
        sizes = []
        for pid, what in self.processes().items():
            if f"conclave {database} " in what:
                with contextlib.suppress(OSError):
                    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
                    sizes.append(sum(int(kib) for kib in re.findall(r"^Private_\w+:\s+(\d+)", rollup, re.MULTILINE)) / 1024)
        return sizes


class Wire:
    """A connection: simple queries, and what is told to who listens. Protocol 3.0 without authentication."""

    def __init__(self, path, database):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(60)
        self.socket.connect(str(path))
        words = b"".join(word.encode() + b"\0" for word in ("user", "conclave", "database", database)) + b"\0"
        self.socket.sendall(struct.pack("!ii", len(words) + 8, 196_608) + words)
        self.unread = b""
        self.until_ready()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def fileno(self):
        return self.socket.fileno()

    def message(self):
        while len(self.unread) < 5 or len(self.unread) < 1 + struct.unpack_from("!i", self.unread, 1)[0]:
            more = self.socket.recv(65_536)
            if not more:
                raise RuntimeError("the server ended the connection")
            self.unread += more
        length = 1 + struct.unpack_from("!i", self.unread, 1)[0]
        whole, self.unread = self.unread[:length], self.unread[length:]
        return whole[:1], whole[5:]

    def until_ready(self):
        rows = []
        while True:
            kind, body = self.message()
            if kind == b"E":
                raise RuntimeError(body.decode(errors="replace").replace("\0", " "))
            if kind == b"D":
                rows.append(row(body))
            if kind == b"Z":
                return rows

    def ask(self, query):
        text = query.encode() + b"\0"
        self.socket.sendall(b"Q" + struct.pack("!i", len(text) + 4) + text)
        return self.until_ready()

    def heard(self):
        """Waits for the next notification."""
        while self.message()[0] != b"A":
            pass


def row(body):
    (count,), at, values = struct.unpack_from("!h", body), 2, []
    for _ in range(count):
        (length,) = struct.unpack_from("!i", body, at)
        at += 4
        values.append(None if length < 0 else body[at:at + length].decode())
        at += max(length, 0)
    return values
