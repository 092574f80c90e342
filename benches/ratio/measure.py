"""What is measured, one function for each group of rows. Each gives back raw figures, a list for each round."""

import contextlib
import http.client
import json
import os
import re
import subprocess
import threading
import time

import server

# The bounds of the server: questions of a batch, and about how many a body holds.
BATCH = 100
FILL_BATCH = 400


def load(setting, subject, path, bodies, connections=32):
    """Microseconds of processor time that the server takes for each request, all connections busy all the time."""
    command = [setting.example("load"), subject.place, path, bodies, connections, setting.seconds, subject.pid]
    said = subprocess.run([str(word) for word in command], check=True, text=True, stdout=subprocess.PIPE).stdout
    answered, cpu = re.match(r"(\d+) requests.*?([\d.]+) µs", said).groups()
    return {"cpu_us": float(cpu), "per_second": int(answered) / setting.seconds}


def in_turns(setting, subjects):
    """Each subject once a round, in an order that turns round: what drifts hits all of them alike."""
    figures = {name: [] for name in subjects}
    for number in range(setting.rounds):
        order = list(subjects) if number % 2 == 0 else list(reversed(subjects))
        for name in order:
            figures[name].append(subjects[name]())
    return figures


def over_http(setting):
    """A cached decision over TCP and over a Unix socket, beside a handler that decides nothing."""
    small, large = setting.small, setting.large
    bodies = {
        "small": setting.bodies(setting.questions(small, 10_000, 1), "bodies-small.txt"),
        "large": setting.bodies(setting.questions(large, 10_000, 1), "bodies-large.txt"),
    }
    sockets = {name: f"unix:{setting.work / name}.sock" for name in ("floor", "small-unix")}
    with contextlib.ExitStack() as stack:
        start = lambda subject, path=None: (stack.enter_context(subject), subject.wait(path))[0]
        floor_tcp = start(server.floor(setting, server.free_port()))
        floor_unix = start(server.floor(setting, sockets["floor"]))
        tcp = start(server.conclave(setting, small, server.free_port(), "small"), "/readyz")
        big = start(server.conclave(setting, large, server.free_port(), "large"), "/readyz")
        # A database has one server: the third needs a copy.
        again = setting.copy(small, "world-unix.db")
        unix = start(server.conclave(setting, again, sockets["small-unix"], "unix"), "/readyz")
        asked = "/v1/is_authorized"
        for subject, which in ((tcp, "small"), (big, "large"), (unix, "small")):
            every_body_once(subject, asked, bodies[which])
        return in_turns(setting, {
            "floor_tcp": lambda: load(setting, floor_tcp, asked, bodies["small"]),
            "hit_tcp": lambda: load(setting, tcp, asked, bodies["small"]),
            "hit_tcp_large": lambda: load(setting, big, asked, bodies["large"]),
            "floor_unix": lambda: load(setting, floor_unix, asked, bodies["small"]),
            "hit_unix": lambda: load(setting, unix, asked, bodies["small"]),
        })


def every_body_once(subject, path, bodies):
    connection = subject.connect()
    with open(bodies) as lines:
        for body in lines:
            post(connection, path, body.strip())


def post(connection, path, body):
    connection.request("POST", path, body, {"Content-Type": "application/json"})
    response = connection.getresponse()
    text = response.read()
    if response.status != 200:
        raise RuntimeError(f"{path}: {response.status} {text[:300]}")
    return text


def in_process(setting):
    """The stages of a miss, small and large, and with more policies: medians of criterion, in nanoseconds."""
    worlds = {
        "small": {"CONCLAVE_BENCH_DATABASE": setting.copy(setting.small, "world-stages.db")},
        "large": {"CONCLAVE_BENCH_DATABASE": setting.large},
        "policies": {"CONCLAVE_BENCH_DATABASE": setting.work / "world-stages.db",
                     "CONCLAVE_BENCH_POLICIES": setting.more_policies(1_000)},
    }
    return in_turns(setting, {name: (lambda more=more: stages(setting, more)) for name, more in worlds.items()})


def search(setting):
    """The first hundred results of a search, beside one decision with nothing in memory."""
    world = {"CONCLAVE_BENCH_DATABASE": setting.middle}
    return in_turns(setting, {"middle": lambda: criterion(setting, world, "^search/")})


def stages(setting, more):
    """Each stage takes its floor and then its subject."""
    # The policies alone make the floor another one: it is stock Cedar with all of them.
    wanted = "^(hit|warm_miss|cold_miss)/(floor|decision)$" if "CONCLAVE_BENCH_POLICIES" not in more else \
        "^(hit|warm_miss|cold_miss)/decision$"
    return criterion(setting, more, wanted)


def criterion(setting, more, wanted):
    """One run of the criterion benches: medians in nanoseconds."""
    home = setting.work / "criterion"
    environment = dict(os.environ, CRITERION_HOME=str(home), **{name: str(value) for name, value in more.items()})
    took = ["--warm-up-time", "0.3", "--measurement-time", "0.3" if setting.quick else "1"]
    command = [setting.stages, "--bench", "--noplot", "--sample-size", "10" if setting.quick else "20", *took, wanted]
    done = subprocess.run(command, env=environment, text=True, capture_output=True)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    figures = {}
    for name in re.findall(r"^(\w+/\w+)\s", done.stdout, re.MULTILINE):
        estimates = json.loads((home / name / "new/estimates.json").read_text())
        figures[name] = estimates["median"]["point_estimate"]
    return figures


def items(setting, database_items, count, users_apart=0):
    """Questions about different items of a world: who may, and every fifth time somebody from far away."""
    groups = database_items // 1_000
    for number in range(count):
        item, turn = number % database_items, number // database_items + users_apart
        group = item % groups
        # Within the group its ten own people, one for each time round; else one of another group.
        near = number % 5 != 0
        user = 10 * (group if near else (group + groups // 3) % groups) + (item // groups + turn) % 10
        yield ('{"principal":"User::\\"user-%d\\"","action":"Action::\\"view\\"",'
               '"resource":"Item::\\"01900000-0000-7000-8000-%012d\\""}' % (user, item))


def batch(setting):
    """A hundred cached decisions in one request, beside one in a request, of many that are cached."""
    count = 6_400 if setting.quick else 64_000
    questions = list(items(setting, setting.large_items, count))
    assert len(set(questions)) == count
    single, many = setting.work / "singles.txt", setting.work / "batches.txt"
    single.write_text("".join(line + "\n" for line in questions))
    chunks = [questions[start:start + BATCH] for start in range(0, count, BATCH)]
    many.write_text("".join('{"requests":[%s]}\n' % ",".join(chunk) for chunk in chunks))
    with server.conclave(setting, setting.large, server.free_port(), "batch") as subject:
        subject.wait("/readyz")
        every_body_once(subject, "/v1/is_authorized/batch", many)
        return in_turns(setting, {
            "single": lambda: load(setting, subject, "/v1/is_authorized", single),
            "batch": lambda: load(setting, subject, "/v1/is_authorized/batch", many),
        })


def hit_rate(setting):
    """Which part of all decisions comes from the cache, with and without writes to groups that nobody asks about.

    The server's own debug lines say of each request whether it was a hit."""
    database = setting.copy(setting.small, "world-writes.db")
    groups = setting.small_items // 1_000
    quiet = [group for group in range(groups) if group >= groups // 2]
    asked = setting.work / "questions-writes.ndjson"
    with open(setting.questions(database, 10_000, 1)) as lines, open(asked, "w") as out:
        out.writelines(line for line in lines if not concerns(line, quiet, groups))
    admin_port = server.free_port()
    with server.conclave(setting, database, server.free_port(), "writes", "info,conclave::http=debug",
                         f"127.0.0.1:{admin_port}") as subject:
        subject.wait("/readyz")
        token = (setting.work / "token").read_text()
        drive(setting, subject, asked)
        figures = {"without": [], "with": [], "writes_per_second": []}
        for _ in range(setting.rounds):
            figures["without"].append(hits(subject, lambda: drive(setting, subject, asked)))
            with Writer(admin_port, token, quiet) as writer:
                figures["with"].append(hits(subject, lambda: drive(setting, subject, asked)))
            figures["writes_per_second"].append(writer.rate)
        return figures


def concerns(line, quiet, groups):
    """Whether a question is about an item or folder of one of these groups, or about a tool."""
    resource = json.loads(json.loads(line)["request"]["resource"].split("::", 1)[1])
    number = re.search(r"-(8000|9000)-(\d{12})$", resource)
    if not number:
        return True
    group = int(number[2]) % groups if number[1] == "8000" else int(number[2]) // 39
    return group in quiet


def drive(setting, subject, asked):
    """Two thousand requests a second, for some seconds."""
    seconds = 2 if setting.quick else 5
    done = subprocess.run([setting.conclave, "bench", "--server", f"http://127.0.0.1:{subject.place}", "--requests",
                           asked, "--rate", "2000", "--seconds", str(seconds), "--cold"], stdout=subprocess.DEVNULL)
    # 1 says that not all were answered in time, which a busy machine may cause; the log counts those that were.
    if done.returncode not in (0, 1):
        raise RuntimeError("conclave bench failed")


def hits(subject, action):
    """The part of decisions that came from the cache while `action` ran, by the server's log."""
    began = subject.log.stat().st_size
    action()
    time.sleep(0.3)
    with open(subject.log) as log:
        log.seek(began)
        uses = re.findall(r'"cache":"(hit|miss)"', log.read())
    if not uses:
        raise RuntimeError("the log says nothing of the cache")
    return uses.count("hit") / len(uses)


class Writer:
    """A hundred writes a second to some groups, through the admin API: settings, and items that come and go."""

    RATE = 100

    def __init__(self, port, token, groups):
        self.port, self.token, self.groups = port, token, groups
        self.stop, self.count, self.failed = threading.Event(), 0, None

    def __enter__(self):
        self.began = time.monotonic()
        self.thread = threading.Thread(target=self.work)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()
        self.rate = self.count / (time.monotonic() - self.began)
        if self.failed:
            raise self.failed

    def work(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            while not self.stop.is_set():
                self.write(connection, self.groups[self.count // 3 % len(self.groups)])
                self.count += 1
                due = self.began + self.count / self.RATE
                self.stop.wait(max(0, due - time.monotonic()))
        except Exception as error:
            self.failed = error

    def write(self, connection, group):
        item = f"written-{self.began}-{self.count // 3}"
        method, path, body = [
            ("PATCH", f"groups/group-{group}", {"description": f"write {self.count}"}),
            ("POST", "items", {"id": item, "parent": f'Tool::"group:group-{group}/documents"',
                               "author": f"user-{10 * group}"}),
            ("DELETE", f"items/{item}", None),
        ][self.count % 3]
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        connection.request(method, f"/admin/v1/{path}", json.dumps(body) if body else None, headers)
        response = connection.getresponse()
        text = response.read()
        if response.status >= 300:
            raise RuntimeError(f"{method} {path}: {response.status} {text[:300]}")


def memory(setting):
    """Resident memory of a server with the large database, while it answers ever more that it never met before."""
    count = 20_000 if setting.quick else 2_000_000
    with server.conclave(setting, setting.large, server.free_port(), "memory") as subject:
        subject.wait("/readyz")
        figures = {"at_start_mib": [subject.memory("VmRSS")], "decisions": [count]}
        questions = items(setting, setting.large_items, count)
        lock, failures, answered = threading.Lock(), [], [0]

        def ask():
            connection = subject.connect()
            try:
                while not failures:
                    with lock:
                        chunk = [question for question, _ in zip(questions, range(FILL_BATCH))]
                    if not chunk:
                        return
                    post(connection, "/v1/is_authorized/batch", '{"requests":[%s]}' % ",".join(chunk))
                    with lock:
                        before, answered[0] = answered[0], answered[0] + len(chunk)
                        if before < count // 2 <= answered[0]:
                            figures["at_half_mib"] = [subject.memory("VmRSS")]
            except Exception as error:
                failures.append(error)

        began = time.monotonic()
        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]
        figures["seconds"] = [time.monotonic() - began]
        figures["at_end_mib"] = [subject.memory("VmRSS")]
        figures["at_most_mib"] = [subject.memory("VmHWM")]
        return figures


def ready(setting):
    """From starting the program on the large database to the first 200 of /readyz."""
    times = []
    for _ in range(setting.rounds):
        with server.conclave(setting, setting.large, server.free_port(), "ready") as subject:
            times.append(subject.wait("/readyz"))
    return {"seconds": times}


ALL = {"http": over_http, "stages": in_process, "batch": batch, "hit-rate": hit_rate, "ready": ready, "memory": memory,
       "search": search}
