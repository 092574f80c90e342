"""Conclave beside other engines: the same questions, each verified first, then measured in turns.

What a peer is, and what it was made for, differs; see the notes in the results."""

import contextlib
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import measure
import server

HERE = Path(__file__).resolve().parent.parent / "peers"
CERBOS = "@cerbos/cerbos-linux-x64@0.55.0"
OPA = "opa-golib-python-bindings==0.4.4"
AGENT = "0.2.2-x86.64-unknown-linux-gnu"

NOTES = {
    "floor": "an axum handler that decides nothing",
    "conclave": "facts in SQLite, decisions cached and never stale",
    "cerbos": "server, Go; holds no facts: they come with each question",
    "opa": "OPA's engine (Go, as a library) behind an axum handler; facts in memory",
    "regorus": "Rego in Rust behind an axum handler; facts in memory",
    "casbin": "library in Rust behind an axum handler; facts in memory",
    "cedar-agent": "server, Rust; facts in memory, the whole of them part of every evaluation",
}


def allowed_in(text):
    """Whether an answer says yes, in any of the peers' words."""
    answer = json.loads(text)
    if "results" in answer:
        return list(answer["results"][0]["actions"].values()) == ["EFFECT_ALLOW"]
    return answer["decision"] == "Allow"


class Peers:
    """Everything that is compared, fetched and built; what cannot be had is said and left out."""

    def __init__(self, setting):
        sys.path.insert(0, str(HERE))
        import workload
        self.setting, self.folder = setting, setting.work / "peers"
        self.folder.mkdir(exist_ok=True)
        self.expected = workload.write(self.folder)
        self.missing = {}
        self.fetch("cerbos", self.cerbos, lambda: self.run(
            "npm", "install", "--silent", "--prefix", self.folder / "npm", CERBOS))
        self.fetch("opa", self.opa, self.fetch_opa)
        # Its release names come as pre-releases.
        self.fetch("cedar-agent", self.agent, lambda: self.run(
            "cargo", "install", "--quiet", "cedar-agent", "--version", AGENT, "--root", self.folder / "cargo"))
        built = self.folder / "servers/release"
        self.fetch("servers", lambda: built / "casbin", lambda: self.run(
            "cargo", "build", "--release", "--manifest-path", HERE / "servers/Cargo.toml",
            "--target-dir", self.folder / "servers"))

    def run(self, *command):
        subprocess.run([str(word) for word in command], check=True, stdout=sys.stderr)

    def fetch(self, name, place, fetch):
        """Gets a peer that is not there yet; one that cannot be had must not cost the others."""
        try:
            if not place().exists():
                fetch()
        except Exception as error:
            self.missing[name] = str(error)

    def fetch_opa(self):
        """The wheel is wanted for the library in it, whatever Python this is."""
        folder = self.folder / "pip"
        self.run(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:",
                 "--python-version", "3.14", "--implementation", "py", "--abi", "none",
                 "--platform", "manylinux_2_34_x86_64", "--dest", folder, OPA)
        with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
            wheel.extractall(folder)

    def cerbos(self):
        return self.folder / "npm/node_modules/@cerbos/cerbos-linux-x64/cerbos-linux-x64"

    def opa(self):
        return self.folder / "pip/opa_bindings/libopabridge.so"

    def agent(self):
        return self.folder / "cargo/bin/cedar-agent"

    def database(self):
        path = self.folder / "company.db"
        for leftover in self.folder.glob("company.db*"):
            leftover.unlink()
        self.run(self.setting.conclave, "import", "--atomic", "--database", path, self.folder / "company.ndjson")
        return path

    def servers(self):
        """name: process, path, words"""
        port, policies = server.free_port, HERE / "policies"
        built, facts = self.folder / "servers/release", self.folder / "facts.json"

        def process(*command, environment=None):
            place = port()
            words = [str(word).replace("PORT", str(place)) for word in command]
            return server.Server(words, place, self.folder / f"{Path(words[0]).name}.log", environment)

        config = self.folder / "cerbos.yaml"
        cerbos_port = port()
        config.write_text(json.dumps({
            "server": {"httpListenAddr": f"127.0.0.1:{cerbos_port}", "grpcListenAddr": f"127.0.0.1:{port()}"},
            "storage": {"driver": "disk", "disk": {"directory": str(policies / "cerbos"), "watchForChanges": False}},
            "telemetry": {"disabled": True}, "audit": {"enabled": False},
        }))
        ours = server.conclave(self.setting, self.database(), port(), "peers")
        quiet = {"ROCKET_LOG_LEVEL": "off", "ROCKET_WORKERS": str(os.cpu_count())}
        return {
            "floor": (server.floor(self.setting, port()), "/v1/is_authorized", "conclave"),
            "conclave": (ours, "/v1/is_authorized", "conclave"),
            "cerbos": (server.Server([self.cerbos(), "server", f"--config={config}", "--log-level=warn"], cerbos_port,
                                     self.folder / "cerbos.log"), "/api/check/resources", "cerbos"),
            "opa": (process(built / "opa", "PORT", policies / "group.rego", facts, self.opa()), "/", "input"),
            "regorus": (process(built / "regorus", "PORT", policies / "group.rego", facts), "/", "input"),
            "casbin": (process(built / "casbin", "PORT", policies / "casbin.conf", facts), "/", "input"),
            "cedar-agent": (process(self.agent(), "--addr", "127.0.0.1", "-p", "PORT", "-l", "off",
                                    "-d", self.folder / "entities.json", "--policies", policies / "cedar-agent.json",
                                    environment=quiet), "/v1/is_authorized", "conclave"),
        }

    def verified(self, subject, path, words):
        """Every answer is right; of a peer that takes long, as many as fit into some seconds."""
        connection, checked = subject.connect(), 0
        until = measure.time.monotonic() + 15
        with open(self.folder / f"{words}.txt") as bodies:
            for body, expected in zip(bodies, self.expected):
                allowed = allowed_in(measure.post(connection, path, body.strip()))
                if allowed != expected:
                    raise RuntimeError(f"wrong: {allowed} to {body}")
                checked += 1
                if measure.time.monotonic() > until:
                    break
        return checked


def peers(setting):
    """Server processor time a request and requests a second, at 16 connections."""
    world = Peers(setting)
    subjects, checked = {}, {}
    figures = {"missing": world.missing, "checked": checked}
    with contextlib.ExitStack() as stack:
        for name, (subject, path, words) in world.servers().items():
            try:
                stack.enter_context(subject)
                subject.wait()
                if name != "floor":
                    checked[name] = world.verified(subject, path, words)
            except Exception as error:
                world.missing[name] = str(error)
                continue
            bodies = world.folder / f"{words}.txt"
            subjects[name] = lambda subject=subject, path=path, bodies=bodies: measure.load(
                setting, subject, path, bodies, 16) | {"mib": subject.memory("VmRSS")}
        return figures | {"rounds": measure.in_turns(setting, subjects)}
