"""Processes that are measured: started, asked, watched, stopped."""

import http.client
import os
import secrets
import socket
import subprocess
import time
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


class Server:
    """A process that listens at `place`, a port or `unix:PATH`, for as long as the `with` lasts."""

    def __init__(self, command, place, log, environment=None):
        self.command = [str(word) for word in command]
        self.place = str(place)
        self.log = Path(log)
        self.environment = dict(os.environ, **(environment or {}))

    def __enter__(self):
        if self.place.startswith("unix:"):
            Path(self.place.removeprefix("unix:")).unlink(missing_ok=True)
        self.began = time.monotonic()
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log, env=self.environment)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    @property
    def pid(self):
        return self.process.pid

    def connect(self):
        if self.place.startswith("unix:"):
            connection = http.client.HTTPConnection("localhost", timeout=60)
            connection.sock = socket.socket(socket.AF_UNIX)
            connection.sock.settimeout(60)
            connection.sock.connect(self.place.removeprefix("unix:"))
            return connection
        return http.client.HTTPConnection("127.0.0.1", int(self.place), timeout=60)

    def wait(self, path=None, seconds=60):
        """Until it answers `path` with 200, or without one until it takes connections: how long that took."""
        while True:
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.command[0]} ended: {self.log.read_text()[-2000:]}")
            try:
                connection = self.connect()
                if path is None:
                    connection.connect() if connection.sock is None else None
                    return time.monotonic() - self.began
                connection.request("GET", path)
                if connection.getresponse().status == 200:
                    return time.monotonic() - self.began
            except OSError:
                pass
            if time.monotonic() - self.began > seconds:
                raise RuntimeError(f"{self.command[0]} is not ready after {seconds} s")
            time.sleep(0.002)

    def cpu(self):
        """Processor time used so far, in seconds."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def memory(self, field):
        """`VmRSS` now, or `VmHWM` at most so far, in MiB."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(field + ":")) / 1024


def floor(setting, place):
    name = "unix" if str(place).startswith("unix:") else "tcp"
    return Server([setting.example("floor"), place], place, setting.work / f"floor-{name}.log")


def conclave(setting, database, place, name, log=None, admin=None):
    """A server of ours with its defaults."""
    token = setting.work / "token"
    if not token.exists():
        token.touch(0o600)
        token.write_text(secrets.token_urlsafe(32))
    listen = place if str(place).startswith("unix:") else f"127.0.0.1:{place}"
    admin = admin or f"unix:{setting.work / name}.admin"
    Path(str(admin).removeprefix("unix:")).unlink(missing_ok=True) if str(admin).startswith("unix:") else None
    command = [setting.conclave, "serve", "--database", database, "--listen", listen, "--admin-listen", admin,
               "--admin-token-file", token]
    config = setting.work / f"{name}.toml"
    config.write_text(f'[log]\nformat = "json"\nfilter = "{log or "info"}"\n')
    return Server([*command, "--config", config], place, setting.work / f"{name}.log")
