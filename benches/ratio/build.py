"""Where everything is: the binaries, the databases, and the machine they run on."""

import datetime
import json
import os
import platform
import re
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent

# What a decision is made of.
PACKAGES = ["cedar-policy", "axum", "hyper", "tokio", "moka", "sqlx", "libsqlite3-sys", "mimalloc", "serde_json"]


def run(*command, **more):
    """What a command says, which must succeed."""
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE, cwd=ROOT, **more).stdout


class Setting:
    """How much is measured, and with what."""

    def __init__(self, quick, rounds, work, large):
        self.root = ROOT
        self.quick = quick
        self.rounds = rounds or (2 if quick else 5)
        self.target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
        self.work = (work or self.target / "ratios").resolve()
        self.work.mkdir(parents=True, exist_ok=True)
        self.given = large
        self.small_items = 10_000
        self.middle_items = 10_000 if quick else 1_000_000
        self.large_items = 100_000 if quick else 10_000_000
        self.seconds = 1 if quick else 3
        self.conclave = self.target / "release/conclave"

    def build(self):
        run("cargo", "build", "--release", "--bin", "conclave", "--example", "floor", "--example", "load")
        built = run("cargo", "bench", "--bench", "decision", "--no-run", "--message-format", "json")
        messages = [json.loads(line) for line in built.splitlines() if line.startswith("{")]
        self.stages = next(m["executable"] for m in messages if m.get("target", {}).get("name") == "decision")

    def example(self, name):
        return self.target / "release/examples" / name

    def database(self, items):
        """A world of so many items, made if it is not there."""
        if items == self.large_items and self.given:
            return self.given.resolve()
        path = self.work / f"world-{items}.db"
        if not path.exists():
            partial = path.with_suffix(".partial")
            for leftover in self.work.glob(partial.name + "*"):
                leftover.unlink()
            environment = dict(os.environ, CONCLAVE=str(self.conclave))
            subprocess.run([ROOT / "benches/world.sh", str(items), partial], check=True, env=environment, stdout=2)
            # The log was moved into the file when the import closed it.
            partial.rename(path)
            for leftover in self.work.glob(partial.name + "*"):
                leftover.unlink()
        return path

    @property
    def small(self):
        return self.database(self.small_items)

    @property
    def middle(self):
        return self.database(self.middle_items)

    @property
    def large(self):
        return self.database(self.large_items)

    def copy(self, database, name):
        """A database that may be changed."""
        path = self.work / name
        for leftover in self.work.glob(name + "*"):
            leftover.unlink()
        shutil.copy(database, path)
        return path

    def questions(self, database, count, zipf):
        """Questions about a database with their answers; the same for the same database."""
        path = self.work / f"questions-{Path(database).stem}-{count}-{zipf}.ndjson"
        if not path.exists():
            partial = path.with_suffix(".partial")
            run(self.conclave, "bench", "--database", database, "--write-requests", partial,
                "--questions", str(count), "--zipf", str(zipf))
            partial.rename(path)
        return path

    def bodies(self, questions, name):
        """The bodies of a file of questions, one a line."""
        path = self.work / name
        with open(questions) as lines, open(path, "w") as out:
            for line in lines:
                out.write(json.dumps(json.loads(line)["request"], separators=(",", ":")) + "\n")
        return path

    def more_policies(self, count):
        """The built-in policies, and so many more about other actions and types than a bench asks about."""
        folder = self.work / "policies"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(ROOT / "policies", folder)
        other = [("chat", ""), ("view_presence", ""), ("invite", " is Group"), ("list_members", " is Group"),
                 ("view_busy", " is Tool"), ("join", " is Group"), ("manage_access", " is Folder")]
        with open(folder / "more.cedar", "w") as out:
            for number in range(count):
                action, kind = other[number % len(other)]
                out.write(f'// Somebody may do something that is not asked about.\n@id("more-{number}")\n'
                          f'permit (principal, action == Action::"{action}", resource{kind})\n'
                          f'when {{ principal == User::"more-{number}" }};\n\n')
        return folder


def machine(setting):
    """What the figures belong to."""
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    memory = re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())
    lock = (ROOT / "Cargo.lock").read_text()
    version = lambda name: re.search(rf'name = "{name}"\nversion = "(.*)"', lock).group(1)
    changed = run("git", "status", "--porcelain", "--untracked-files=no", "--",
                  ":!benches/RESULTS.md", ":!benches/ratios.json").strip()
    return {
        "cpu": cpu.group(1) if cpu else platform.processor(),
        "cores": os.cpu_count(),
        "memory_mib": int(memory.group(1)) // 1024 if memory else None,
        "kernel": platform.release(),
        "rustc": run("rustc", "--version").strip(),
        "packages": {name: version(name) for name in PACKAGES},
        "sqlite": sqlite(),
        "commit": run("git", "rev-parse", "--short=12", "HEAD").strip() + (" with changes" if changed else ""),
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "rounds": setting.rounds,
        "large_items": setting.large_items,
    }


def sqlite():
    """The version of SQLite that is compiled in."""
    host = re.search(r"host: (.*)", run("rustc", "-vV")).group(1)
    metadata = json.loads(run("cargo", "metadata", "--format-version", "1", "--filter-platform", host))
    package = next(p for p in metadata["packages"] if p["name"] == "libsqlite3-sys")
    header = Path(package["manifest_path"]).parent / "sqlite3/sqlite3.h"
    found = re.search(r'#define SQLITE_VERSION\s+"(.*)"', header.read_text())
    return found.group(1) if found else "unknown"
