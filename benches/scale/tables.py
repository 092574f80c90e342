"""What docs/scaling.md shows."""

import math
from statistics import median

import feed
import model
from constants import ASSUMED, MEASURED
from model import Load

# Changes that are simulated for each row of a table.
CHANGES = 60

GOAL = Load(sidecars=1_000, decisions=1_000_000, writes=100, items=1_000_000_000)


def all_of(c, known):
    return {"ratios": ratios(known), "constants": constants(c, known), "breaks": breaks(c), "fleet": fleet(c),
            "writes": writes(c), "hits": hits(c), "parts": parts(c)}


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "| --- |" + " ---: |" * (len(head) - 1)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def number(value):
    """Two or three digits that count."""
    if value == float("inf"):
        return "∞"
    if value >= 100:
        digits = len(str(int(value)))
        return f"{round(value, 2 - digits + (digits < 4)):,.0f}"
    return f"{value:.3g}"


def seconds(value):
    return f"{number(value * 1_000)} ms" if value < 1 else f"{number(value)} s"


def ratios(known):
    rows = []
    for one in known["ratios"]:
        target = one["target"]
        verdict = "" if target is None else "met" if one["ratio"] <= target else "**not met**"
        rows.append([one["what"], f"{one['ratio']:.2f}", "" if target is None else f"≤ {target:g}", verdict])
    return table(["what", "ratio", "target", ""], rows) + "\n\n" + about(known)


def about(known):
    newest = max(known["constants"].values(), key=lambda one: one["date"])
    return (f"Measured on {newest['cpu']} with {newest['cores']} processors, {newest['postgres']}, {newest['followers']} "
            f"followers, rounds: {newest['rounds']}, a {newest['build']} build of {newest['commit']}, {newest['date']}.")


def constants(c, known):
    rows = [[what, f"{number(c[name])} {unit}".strip(), f"`{known['constants'][name]['command']}`"]
            for name, (what, unit) in MEASURED.items()]
    rows += [[what, f"{value:,.10g} {unit}".strip(), "assumed"] for value, unit, what in ASSUMED.values()]
    return table(["what", "value", "by"], rows)


def breaks(c):
    steps = (1, 10, 100)
    columns = [dict(model.breaks(c, writes)) for writes in steps]
    order = [what for what, _ in model.breaks(c, steps[-1])]
    rows = [[what, *(number(math.ceil(column[what])) for column in columns)] for what in order]
    head = ["what gives way first, from how many sidecars on", *(f"{number(w)} changes a second" for w in steps)]
    return table(head, rows)


def fleet(c):
    rows = []
    for sidecars, writes in [(10, 10), (50, 10), (100, 10), (100, 100), (300, 30), (1_000, 1), (1_000, 10), (1_000, 30), (1_000, 100)]:
        # Changes under way wait for each other: past the ceiling ever longer.
        is_over = writes > model.write_ceiling(c)
        run = feed.simulate(c, sidecars, writes, CHANGES)
        busy = model.feed_cores(c, sidecars, writes) + model.write_cores(c, writes)
        rows.append([f"{number(sidecars)}, {number(writes)}", number(model.connections(c, sidecars)),
                     number(model.connections_gib(c, sidecars)), number(model.feed_bytes(c, sidecars, writes) / 1e6),
                     number(model.questions(c, sidecars)), number(busy) if busy <= c.server_cores else f"**{number(busy)}**",
                     f"{seconds(median(run.late))}, {seconds(feed.share(run.late, 0.99))}",
                     "ever later" if is_over else seconds(median(run.acknowledged))])
    return table(["sidecars, changes a second", "connections", "their memory, GiB", "feed, MB/s", "questions of followers a second",
                  "cores of the server", "known elsewhere after (p50, p99)", "acknowledged after (p50)"], rows)


def writes(c):
    rows = []
    for trip in (0.05, 0.2, 0.5, 1.0, 2.0, 10.0):
        there = c.but(round_trip_ms=trip)
        rows.append([f"{trip:g} ms", seconds(feed.held(there)), number(model.write_ceiling(there)),
                     number(model.writes_max(there, 100)), number(model.writes_max(there, 1_000))])
    return table(["round trip to the server", "a change keeps others waiting", "changes a second, at most",
                  "with 100 sidecars", "with 1,000 sidecars"], rows)


def hits(c):
    rows = []
    cases = [(exponent, size, writes, 1) for exponent in (0.8, 1.0, 1.2) for size in (1, 64) for writes in (10, 100)]
    cases += [(1.0, size, 100, parts) for parts in (32, 1_000) for size in (1, 64)]
    for exponent, times, writes, parts in cases:
        there = c.but(popularity=exponent, cache_bytes=c.cache_bytes * times)
        load = Load(GOAL.sidecars, GOAL.decisions, writes, GOAL.items, parts)
        share, age = model.hits(there, load)
        rows.append([f"{exponent:g}, {there.cache_bytes / 2**20:,.0f} MiB, {writes}, {parts}", f"{share * 100:.0f} %", seconds(age),
                     seconds(1 / model.lost_per_second(there, writes)), number(GOAL.decisions * (1 - share)),
                     number(model.read_cores(there, load)), number(model.sidecar_cores(there, load))])
    return table(["exponent, cache, changes a second, parts", "from the cache", "kept if nobody asks", "until a change takes it along",
                  "reads a second, in all", "cores for them, in all", "cores of a sidecar"], rows)


def parts(c):
    rows = []
    for count in (1, 8, 32):
        for writes in (10, 100, 1_000):
            sidecars, each = -(-GOAL.sidecars // count), writes / count
            load = Load(GOAL.sidecars, GOAL.decisions, each, GOAL.items, count)
            feeding = model.feed_cores(c, sidecars, each) + model.write_cores(c, each)
            reading = model.read_cores(c, load) / count
            readers = math.ceil(max(0, reading + feeding - c.server_cores * c.busy_share) / (c.server_cores * c.busy_share))
            rows.append([f"{count}, {number(writes)}", number(sidecars), number(model.connections(c, sidecars)), number(each),
                         number(feeding), number(reading), number(readers),
                         number(GOAL.items / count * c.item_bytes / 2**30), gives_way(c, sidecars, each, feeding)])
    return table(["parts, changes a second in all", "sidecars of each", "connections", "changes a second", "cores: feed and changes",
                  "cores: reads", "more machines for reads", "GiB", "what gives way, reads apart"], rows)


def gives_way(c, sidecars, writes, cores):
    """What a server of a part cannot bear."""
    found = []
    if writes > model.write_ceiling(c) * c.busy_share:
        found.append("the lock")
    if cores > c.server_cores * c.busy_share:
        found.append("its cores")
    if model.connections(c, sidecars) > model.CONNECTIONS_MANY:
        found.append("connections")
    return ", ".join(found) or "nothing"
