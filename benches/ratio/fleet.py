"""Sidecars over one database: started, written through, followed."""

import contextlib
import http.client
import json
import re
import selectors
import socket
import threading
import time

from server import Server

# How long anything that is waited for may take, in seconds.
PATIENCE = 60


def unix(path):
    connection = http.client.HTTPConnection("localhost", timeout=PATIENCE)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.settimeout(PATIENCE)
    connection.sock.connect(str(path))
    return connection


class Sidecar(Server):
    """A real one, on sockets: what it sends over the loopback goes to the database alone."""

    def __init__(self, setting, name, database, limits=""):
        folder = setting.folder
        self.admin = folder / f"{name}.admin"
        config = folder / f"{name}.toml"
        # Of its own user nobody asks for a token on a socket.
        config.write_text(f'[log]\nformat = "json"\nfilter = "warn"\n[limits]\n{limits}\n')
        command = [setting.conclave, "serve", "--config", config, "--database", database, "--listen",
                   f"unix:{folder / name}.access", "--admin-listen", f"unix:{self.admin}", "--admin-token-file", setting.token]
        password = {"CONCLAVE_DATABASE_PASSWORD": setting.cluster.password} if database.startswith("postgres:") else {}
        super().__init__(command, f"unix:{folder / name}.access", folder / f"{name}.log", password)

    def call(self, method, path, body=None, connection=None):
        """The revision of a change that was acknowledged, or the text that was asked for."""
        own = connection or unix(self.admin)
        own.request(method, path, json.dumps(body) if body else None, {"Content-Type": "application/json"})
        response = own.getresponse()
        text = response.read().decode()
        if response.status >= 300:
            raise RuntimeError(f"{method} {path}: {response.status} {text[:300]}")
        if method == "GET":
            return text
        return int(response.getheader("Conclave-Revision"))

    def metric(self, name):
        """The sum of a metric over its labels that match."""
        lines = re.findall(rf"^{name}[^ ]* (\S+)$", self.call("GET", "/metrics"), re.MULTILINE)
        return sum(float(value) for value in lines)


@contextlib.contextmanager
def running(sidecars):
    """All of them, ready."""
    with contextlib.ExitStack() as stack:
        for sidecar in sidecars:
            stack.enter_context(sidecar)
            # One after the other: on few cores they would only wait for each other.
            sidecar.wait("/readyz", PATIENCE)
        yield sidecars


class Changes:
    """The streams of changes of many sidecars, read by one loop. A sidecar tells of a change there after it has read it
    once more from the database: what is measured so is more than what a decision waits for."""

    def __init__(self, sidecars):
        self.selector, self.newest = selectors.DefaultSelector(), {}
        for sidecar in sidecars:
            since = int(sidecar.metric("conclave_revision"))
            stream = socket.socket(socket.AF_UNIX)
            stream.connect(str(sidecar.admin))
            stream.sendall(f"GET /admin/v1/changes?since={since} HTTP/1.1\r\nHost: localhost\r\n"
                           "Accept: text/event-stream\r\n\r\n".encode())
            self.selector.register(stream, selectors.EVENT_READ)
            self.newest[stream] = since

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for stream in self.newest:
            stream.close()

    def until(self, revision):
        """Waits until each has told of it."""
        late = {stream for stream, newest in self.newest.items() if newest < revision}
        while late:
            ready = self.selector.select(PATIENCE)
            if not ready:
                raise RuntimeError(f"{len(late)} sidecars did not tell of revision {revision}")
            for key, _ in ready:
                told = key.fileobj.recv(65_536)
                if not told:
                    raise RuntimeError("a stream of changes ended")
                for number in re.findall(rb"^id: (\d+)$", told, re.MULTILINE):
                    self.newest[key.fileobj] = int(number)
                if self.newest[key.fileobj] >= revision:
                    late.discard(key.fileobj)


class Writers:
    """Changes through these sidecars, over so many connections in all, as fast as they are acknowledged or at a rate."""

    turn = 0

    def __init__(self, sidecars, connections, groups, rate=None):
        self.stop, self.failed, self.took = threading.Event(), None, []
        self.rate, self.connections = rate, connections
        Writers.turn += 1
        self.threads = [
            threading.Thread(target=self.work, args=(sidecars[n % len(sidecars)], n, n % groups)) for n in range(connections)
        ]

    def __enter__(self):
        self.began = time.monotonic()
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join()
        self.seconds = time.monotonic() - self.began
        if self.failed:
            raise self.failed

    def work(self, sidecar, number, group):
        connection, count = unix(sidecar.admin), 0
        try:
            while not self.stop.is_set():
                self.write(sidecar, connection, f"written-{Writers.turn}-{number}-{count // 2}", group, count % 2)
                count += 1
                if self.rate:
                    due = self.began + count * self.connections / self.rate
                    self.stop.wait(max(0, due - time.monotonic()))
        except Exception as error:
            self.failed = error

    def write(self, sidecar, connection, item, group, turn):
        begun = time.monotonic()
        if turn == 0:
            body = {"id": item, "parent": f'Tool::"group:group-{group}/documents"', "author": f"user-{10 * group}"}
            sidecar.call("POST", "/admin/v1/items", body, connection)
        else:
            sidecar.call("DELETE", f"/admin/v1/items/{item}", None, connection)
        self.took.append(time.monotonic() - begun)


def write_for(sidecars, connections, groups, seconds, rate=None):
    with Writers(sidecars, connections, groups, rate) as writers:
        time.sleep(seconds)
    return writers


def loopback_bytes():
    """What went over the loopback since the machine began."""
    with open("/proc/net/dev") as devices:
        fields = next(line for line in devices if line.strip().startswith("lo:")).split(":")[1].split()
    return int(fields[8])


def mib(pid):
    """What memory a process takes, with its share of what it shares."""
    with open(f"/proc/{pid}/smaps_rollup") as rollup:
        return next(int(line.split()[1]) for line in rollup if line.startswith("Pss:")) / 1024

