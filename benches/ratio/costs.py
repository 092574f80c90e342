"""What sidecars over one PostgreSQL server cost. Each function gives back figures by name, one for each round.

A figure's name ends in its unit."""

import math
import statistics
import time

import measure
from fleet import Changes, Sidecar, loopback_bytes, mib, running, unix, write_for

# Changes that are timed in each round of `seen`.
CHANGES = 20

# Connections that write, in all; so many wait for the one that has its turn that it never has to wait.
WRITERS = 12

# Changes a second while the cost of following is measured: fewer than can be made.
STEADY = 10

# Changes that an old snapshot keeps.
VERSIONS = 20_000

QUIET = "decision_cache_bytes_max = 0\nentity_cache_bytes_max = 0\n"


def stages(setting):
    """A decision with nothing in memory beside one point read, over one driver, in process."""
    world = {"CONCLAVE_BENCH_DATABASE": setting.cluster.over_socket("fleet")}
    rounds = [measure.criterion(setting, world, "^cold_miss/") for _ in range(setting.rounds)]
    return {"cold_miss_us": [one["cold_miss/decision"] / 1_000 for one in rounds],
            "point_read_us": [one["cold_miss/floor"] / 1_000 for one in rounds]}


def hit(setting):
    """Processor time of a cached decision, by where the facts are kept."""
    on_server, on_file = Sidecar(setting, "hit", setting.url), Sidecar(setting, "file", f"sqlite://{setting.file}")
    asked = "/v1/is_authorized"
    with running([on_server, on_file]):
        for sidecar in (on_server, on_file):
            measure.every_body_once(sidecar, asked, setting.bodies)
        rounds = measure.in_turns(setting, {
            "postgres": lambda: measure.load(setting, on_server, asked, setting.bodies),
            "sqlite": lambda: measure.load(setting, on_file, asked, setting.bodies),
        })
    return {f"hit_{where}_us": [one["cpu_us"] for one in figures] for where, figures in rounds.items()}


def miss(setting):
    """What a decision takes that finds nothing in memory: here, of the server, and on the way between."""
    figures = {"miss_sidecar_us": [], "miss_server_us": [], "miss_bytes": [], "misses_per_second": []}
    with running([Sidecar(setting, "miss", setting.url, QUIET)]) as [sidecar]:
        measure.every_body_once(sidecar, "/v1/is_authorized", setting.bodies)
        for _ in range(setting.rounds):
            cpu, sent = setting.cluster.cpu(), loopback_bytes()
            load = measure.load(setting, sidecar, "/v1/is_authorized", setting.bodies, 4)
            count = load["per_second"] * setting.seconds
            figures["miss_sidecar_us"].append(load["cpu_us"])
            figures["miss_server_us"].append((setting.cluster.cpu() - cpu) / count * 1e6)
            figures["miss_bytes"].append((loopback_bytes() - sent) / count)
            figures["misses_per_second"].append(load["per_second"])
    return figures


def write(setting):
    """Changes a second through one sidecar and through three, and what each of them does meanwhile."""
    sidecars = [Sidecar(setting, f"write-{n}", setting.url) for n in range(3)]
    figures = {"writes_one_per_second": [], "writes_three_per_second": [], "write_alone_ms": []}
    with running(sidecars):
        write_for(sidecars, WRITERS, setting.groups, 1)
        through = {"one": sidecars[:1], "three": sidecars}
        for number in range(setting.rounds):
            for name in sorted(through, reverse=number % 2 == 1):
                done = write_for(through[name], WRITERS, setting.groups, setting.seconds)
                figures[f"writes_{name}_per_second"].append(len(done.took) / done.seconds)
            alone = write_for(sidecars[:1], 1, setting.groups, setting.seconds)
            figures["write_alone_ms"].append(statistics.median(alone.took) * 1_000)
    with running(sidecars[:1]):
        for _ in range(setting.rounds):
            for name, value in statements(setting, sidecars[0]).items():
                figures.setdefault(name, []).append(value)
    return figures


def statements(setting, sidecar):
    """What the server is asked for one change, as it counts itself."""
    with setting.cluster.connect("fleet") as wire:
        of_follower = "query LIKE '%picked%'"
        wire.ask("ALTER SYSTEM SET pg_stat_statements.track = 'top'")
        wire.ask("SELECT pg_reload_conf()")
        time.sleep(0.5)
        wire.ask("SELECT measured.pg_stat_statements_reset()")
        done = write_for([sidecar], WRITERS, setting.groups, setting.seconds)
        [[calls, took]] = wire.ask(f"""SELECT sum(calls), sum(total_exec_time) FROM measured.pg_stat_statements
            WHERE NOT ({of_follower}) AND query NOT LIKE '%pg_stat%'""")
        [[followed]] = wire.ask(f"SELECT coalesce(sum(calls), 0) FROM measured.pg_stat_statements WHERE {of_follower}")
        [[touched]] = wire.ask("SELECT count(*)::float8 / count(DISTINCT revision) FROM changes WHERE revision > 1")
        wire.ask("ALTER SYSTEM SET pg_stat_statements.track = 'none'")
        wire.ask("SELECT pg_reload_conf()")
    count = len(done.took)
    return {"write_statements": float(calls) / count, "write_server_ms": float(took) / count,
            "own_feed_statements": float(followed) / count, "write_entities": float(touched)}


def seen(setting, followers):
    """From the acknowledgement of a change through one sidecar until all others tell of it, beside one NOTIFY."""
    figures = {"seen_ms": [], "notify_ms": [], "notify_all_ms": []}
    with Changes(followers[1:]) as changes, Listeners(setting, 1) as one, Listeners(setting, len(followers) - 1) as many:
        connection = unix(followers[0].admin)
        for number in range(setting.rounds):
            took = {name: [] for name in figures}
            for change in range(CHANGES):
                took["notify_ms"].append(one.round_trip())
                took["notify_all_ms"].append(many.round_trip())
                body = {"description": f"seen {number} {change}"}
                newest = followers[0].call("PATCH", "/admin/v1/groups/group-0", body, connection)
                begun = time.monotonic()
                changes.until(newest)
                took["seen_ms"].append((time.monotonic() - begun) * 1_000)
                # The sidecars come to rest.
                time.sleep(0.02)
            for name, values in took.items():
                figures[name].append(statistics.median(values))
    return figures


class Listeners:
    """Connections that listen and do nothing else, in a database of their own: the server wakes all who listen in one."""

    def __init__(self, setting, count):
        database = f"listeners_{count}"
        setting.cluster.create(database)
        self.sender = setting.cluster.connect(database)
        self.listeners = [setting.cluster.connect(database) for _ in range(count)]
        for listener in self.listeners:
            listener.ask("LISTEN told")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for wire in [self.sender, *self.listeners]:
            wire.socket.close()

    def round_trip(self):
        """Milliseconds until the last of them has heard."""
        begun = time.monotonic()
        self.tell()
        return (time.monotonic() - begun) * 1_000

    def tell(self):
        self.sender.ask("NOTIFY told, '1'")
        for listener in self.listeners:
            listener.heard()


def notify(setting):
    """What each listener adds to the processor time of the server, and to what the sender waits."""
    figures = {"notify_listener_us": [], "notify_send_listener_us": []}
    few, many = 2, setting.followers
    with Listeners(setting, few) as little, Listeners(setting, many + few) as much:
        for _ in range(setting.rounds):
            costs = []
            for listeners in (little, much):
                cpu, sending, count, until = setting.cluster.cpu(), 0, 0, time.monotonic() + setting.seconds
                while time.monotonic() < until:
                    begun = time.monotonic()
                    listeners.sender.ask("NOTIFY told, '1'")
                    sending += time.monotonic() - begun
                    for listener in listeners.listeners:
                        listener.heard()
                    count += 1
                costs.append(((setting.cluster.cpu() - cpu) / count * 1e6, sending / count * 1e6))
            for name, (less, more) in zip(figures, zip(*costs)):
                figures[name].append((more - less) / many)
    return figures


def feed(setting, followers):
    """What one follower takes for one change, and for a second without any."""
    figures = {name: [] for name in ("feed_server_us", "feed_sidecar_us", "feed_bytes", "idle_server_us_per_second",
                                     "idle_sidecar_us_per_second", "idle_bytes_per_second")}
    idle = len(followers) - 1
    for _ in range(setting.rounds):
        before = meters(setting, followers)
        begun = time.monotonic()
        time.sleep(setting.seconds)
        seconds, quiet = time.monotonic() - begun, rise(before, meters(setting, followers))
        for name, value in zip(("idle_server_us_per_second", "idle_sidecar_us_per_second", "idle_bytes_per_second"), quiet):
            figures[name].append(value / (seconds * len(followers)))
        before = meters(setting, followers)
        done = write_for(followers[:1], 2, setting.groups, 3 * setting.seconds, STEADY)
        busy = rise(before, meters(setting, followers))
        # Less what the same changes take with nobody else: what is left is theirs.
        for name, value, rest, mine in zip(("feed_server_us", "feed_sidecar_us", "feed_bytes"), busy, quiet, setting.alone):
            changes = len(done.took)
            calm = rest / seconds * done.seconds
            figures[name].append((value - calm - mine * changes) / (changes * idle))
    return figures


def alone(setting):
    """What a change takes where nobody follows but its own sidecar: of the server, nothing of followers, bytes."""
    with running([Sidecar(setting, "alone", setting.url)]) as [sidecar]:
        write_for([sidecar], 2, setting.groups, 1, STEADY)
        before = meters(setting, [sidecar])
        done = write_for([sidecar], 2, setting.groups, 3 * setting.seconds, STEADY)
        server, _, sent = rise(before, meters(setting, [sidecar]))
    return server / len(done.took), 0, sent / len(done.took)


def meters(setting, followers):
    # Those that only follow; the first one writes.
    return setting.cluster.cpu() * 1e6, sum(one.cpu() for one in followers[1:]) * 1e6, loopback_bytes()


def rise(before, after):
    return [now - then for then, now in zip(before, after)]


def invalidation(setting):
    """How many cached decisions go with a change that is about none of them: those that share a stripe."""
    figures = {"stripes_per_decision": [], "decision_bytes": []}
    count = setting.invalidating
    with running([Sidecar(setting, "stripes", setting.url)]) as [sidecar]:
        for number in range(setting.rounds):
            measure.every_body_once(sidecar, "/v1/is_authorized", setting.bodies)
            connection = unix(sidecar.admin)
            for change in range(count):
                user = f"nobody-{number}-{change}"
                body = {"username": user, "subscription": "plan"}
                sidecar.call("PUT", f"/admin/v1/users/{user}", body, connection)
            touched = rows_of(setting, count)
            before = sidecar.metric('conclave_decisions_total{decision="[a-z]+",cache="miss"}')
            measure.every_body_once(sidecar, "/v1/is_authorized", setting.bodies)
            lost = sidecar.metric('conclave_decisions_total{decision="[a-z]+",cache="miss"}') - before
            share = min(lost / setting.different, 0.999)
            figures["stripes_per_decision"].append(-math.log(1 - share) * 65_536 / touched)
    # A cache that is too small is full: what it holds is what went in and did not come out.
    for _ in range(setting.rounds):
        size = 1 << 19
        with running([Sidecar(setting, "small", setting.url, f"decision_cache_bytes_max = {size}")]) as [sidecar]:
            measure.every_body_once(sidecar, "/v1/is_authorized", setting.bodies)
            sidecar.metric("conclave_revision")
            time.sleep(0.5)
            put, gone = (sidecar.metric(f'conclave_cache_{what}_total{{cache="decisions"}}') for what in ("misses", "evictions"))
            figures["decision_bytes"].append(size / (put - gone))
    return figures


def rows_of(setting, count):
    """Entities that the newest so many changes touched."""
    with setting.cluster.connect("fleet") as wire:
        [[rows]] = wire.ask(f"SELECT count(*) FROM changes WHERE revision > (SELECT revision FROM store) - {count}")
    return int(rows)


def memory(setting, followers):
    """Of a sidecar that has answered nothing yet, of a connection at the server, and what an item takes there."""
    sizes = setting.cluster.connection_mib("fleet")
    with setting.cluster.connect("fleet") as wire:
        [[size, items]] = wire.ask("SELECT pg_database_size('fleet'), (SELECT count(*) FROM items)")
        [[connections]] = wire.ask("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'conclave'")
    return {"sidecar_mib": [mib(one.pid) for one in followers], "connection_mib": sizes,
            "connections_per_sidecar": [int(connections) / len(followers)], "item_bytes": [int(size) / int(items)]}


def held(setting):
    """How much slower the revision is read for each change that an old snapshot keeps from being cleared away."""
    figures = {"held_version_us": []}
    for number in range(setting.rounds):
        # A table like the one of the revision, where nothing else goes on.
        database = f"held_{number}"
        setting.cluster.create(database)
        with setting.cluster.connect(database) as old, setting.cluster.connect(database) as reader:
            reader.ask("CREATE TABLE store (one BIGINT PRIMARY KEY, revision BIGINT NOT NULL)")
            reader.ask("INSERT INTO store VALUES (1, 0)")
            before = read_revision(reader)
            old.ask("BEGIN ISOLATION LEVEL REPEATABLE READ")
            old.ask("SELECT * FROM store")
            reader.ask("SET synchronous_commit = off")
            reader.ask(f"""DO $$ BEGIN FOR n IN 1..{VERSIONS} LOOP
                UPDATE store SET revision = n WHERE one = 1; COMMIT; END LOOP; END $$""")
            figures["held_version_us"].append((read_revision(reader) - before) / VERSIONS)
    return figures


def read_revision(wire):
    """Microseconds, the median of many."""
    return statistics.median(timed(wire, "SELECT revision FROM store WHERE one = 1") for _ in range(100)) * 1e6


def commit(setting):
    """What the end of a change takes that keeps it: of the smallest change that there is, less a round trip."""
    setting.cluster.create("kept")
    figures = {"write_commit_ms": []}
    with setting.cluster.connect("kept") as wire:
        wire.ask("CREATE TABLE store (one BIGINT PRIMARY KEY, revision BIGINT NOT NULL)")
        wire.ask("INSERT INTO store VALUES (1, 0)")
        for _ in range(setting.rounds):
            kept, trips = [], []
            for _ in range(200):
                wire.ask("BEGIN")
                wire.ask("UPDATE store SET revision = revision + 1")
                kept.append(timed(wire, "COMMIT"))
                trips.append(timed(wire, "SELECT"))
            figures["write_commit_ms"].append((statistics.median(kept) - statistics.median(trips)) * 1_000)
    return figures


def timed(wire, query):
    begun = time.monotonic()
    wire.ask(query)
    return time.monotonic() - begun
