"""benches/RESULTS.md: what was measured, beside what it should be."""

from statistics import median

import peers

HEAD = """# Results

Written by `benches/ratios`; do not edit. Each figure is a ratio of medians measured in one run, floor and
subject in turns, because seconds differ from machine to machine. A target that is not met stands here as well.
"""

# row: group of figures, what, target, how the ratio is made
ROWS = [
    ("http", "cached decision over TCP, keep-alive, 32 connections: server CPU a request ÷ an axum handler with `Json` in and out that decides nothing",
     1.0, lambda f: cpu(f, "hit_tcp") / cpu(f, "floor_tcp")),
    ("http", "the same over a Unix socket ÷ that handler over TCP", 0.75, lambda f: cpu(f, "hit_unix") / cpu(f, "floor_tcp")),
    ("http", "the same over a Unix socket ÷ that handler over a Unix socket", None, lambda f: cpu(f, "hit_unix") / cpu(f, "floor_unix")),
    ("stages", "decision not cached, entities in the entity cache ÷ stock `Authorizer::is_authorized` of the whole policy set, entities ready",
     0.25, lambda f: stage(f, "small", "warm_miss/decision") / stage(f, "small", "warm_miss/floor")),
    ("stages", "the same, large database", 0.25,
     lambda f: stage(f, "large", "warm_miss/decision") / stage(f, "large", "warm_miss/floor")),
    ("stages", "cold miss, large database ÷ one point read of it through sqlx", 2.5,
     lambda f: stage(f, "large", "cold_miss/decision") / stage(f, "large", "cold_miss/floor")),
    ("http", "large ÷ small database: cached decision over TCP", 1.3, lambda f: cpu(f, "hit_tcp_large") / cpu(f, "hit_tcp")),
    ("stages", "large ÷ small database: cached decision in process", 1.3, lambda f: across(f, "large", "hit/decision")),
    ("stages", "large ÷ small database: warm miss", 1.3, lambda f: across(f, "large", "warm_miss/decision")),
    ("stages", "large ÷ small database: cold miss", 1.3, lambda f: across(f, "large", "cold_miss/decision")),
    ("stages", "large ÷ small database: the point read alone, for comparison", None, lambda f: across(f, "large", "cold_miss/floor")),
    ("stages", "1,000 more policies about other actions and types ÷ without: cached decision", 1.1,
     lambda f: across(f, "policies", "hit/decision")),
    ("stages", "1,000 more policies ÷ without: warm miss", 1.1, lambda f: across(f, "policies", "warm_miss/decision")),
    ("stages", "1,000 more policies ÷ without: cold miss", 1.1, lambda f: across(f, "policies", "cold_miss/decision")),
    ("batch", "batch of 100 ÷ 100 single cached requests, server CPU, 64,000 different decisions cached", 0.2,
     lambda f: cpu(f, "batch") / (100 * cpu(f, "single"))),
    ("hit-rate", "hit rate with 100 writes a second to other groups ÷ without", -0.95,
     lambda f: median(f["with"]) / median(f["without"])),
    ("memory", "resident memory at most, default bounds, after two million different cold decisions (MiB)", 256,
     lambda f: f["at_most_mib"][0]),
    ("search", "the first 100 items that somebody may view, of a million ÷ one decision with nothing in memory", 20,
     lambda f: stage(f, "middle", "search/view_item") / stage(f, "middle", "search/floor")),
    ("search", "the same, that they may edit", 20,
     lambda f: stage(f, "middle", "search/edit_item") / stage(f, "middle", "search/floor")),
    ("search", "the same, that they may delete", 20,
     lambda f: stage(f, "middle", "search/delete_item") / stage(f, "middle", "search/floor")),
    ("ready", "ready after start (seconds)", 1.0, lambda f: median(f["seconds"])),
]


def cpu(figures, name):
    return median(round["cpu_us"] for round in figures[name])


def stage(figures, world, name):
    return median(round[name] for round in figures[world])


def across(figures, world, name):
    """Of two worlds measured in turns: the median of the ratios of each round."""
    return median(there[name] / here[name] for there, here in zip(figures[world], figures["small"]))


def write(output, results, setting):
    parts = [HEAD, about(results), table(results), beside(results), raw(results)]
    output.write_text("\n".join(part for part in parts if part))


def about(results):
    newest = max((result["machine"] for result in results.values()), key=lambda machine: machine["date"])
    packages = ", ".join(f"{name} {version}" for name, version in newest["packages"].items())
    return f"""| | |
| --- | --- |
| machine | {newest["cpu"]}, {newest["cores"]} cores, {newest["memory_mib"]} MiB, Linux {newest["kernel"]} |
| versions | {newest["rustc"]}, {packages} (SQLite {newest["sqlite"]}) |
| large database | {newest["large_items"]:,} items of `benches/world.sh`; the small one 10,000 |
| commands | `benches/ratios`; rows again: `benches/ratios --only {",".join(results)}` |
"""


def table(results):
    lines = ["| what | ratio | target | | measured |", "| --- | --- | --- | --- | --- |"]
    for group, what, target, ratio in ROWS:
        if group not in results:
            lines.append(f"| {what} | | {aim(target)} | not measured | |")
            continue
        figure, machine = ratio(results[group]["figures"]), results[group]["machine"]
        lines.append(f"| {what} | {shown(figure)} | {aim(target)} | {verdict(figure, target)} | "
                     f"{machine['commit']}, {machine['date']}, {machine['rounds']} rounds |")
    return "\n".join(lines) + "\n"


def aim(target):
    """A target below which a figure must not fall is kept as a negative number."""
    return "" if target is None else f"≥ {-target:g}" if target < 0 else f"≤ {target:g}"


def verdict(figure, target):
    if target is None:
        return ""
    met = figure >= -target if target < 0 else figure <= target
    return "met" if met else "**not met**"


def shown(figure):
    return f"{figure:.0f}" if figure >= 100 else f"{figure:.1f}" if figure >= 10 else f"{figure:.3f}"


def beside(results):
    """Conclave and its peers: `peers` of the results."""
    if "peers" not in results:
        return ""
    figures, machine = results["peers"]["figures"], results["peers"]["machine"]
    lines = [
        "## Beside others", "",
        "`benches/ratios --only peers` asks every one the same ten thousand questions, sixty of a hundred allowed, about",
        "a company of a thousand users, a hundred groups and ten thousand items, over HTTP with 16 connections. None is",
        "measured that does not answer them rightly. They were made for different things: Cerbos is sent the facts,",
        "the others hold them in memory; only Conclave keeps them in a database and answers from a cache.", "",
        "| | server CPU a request, µs | ÷ floor | requests a second | MiB | answers verified | |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    rounds = figures["rounds"]
    for name, values in rounds.items():
        middle = {field: median(value[field] for value in values) for field in values[0]}
        floor = median(value["cpu_us"] / base["cpu_us"] for value, base in zip(values, rounds["floor"]))
        lines.append(f"| {name} | {number(middle['cpu_us'])} | {floor:.2f} | {number(middle['per_second'])} | "
                     f"{middle['mib']:.0f} | {figures['checked'].get(name, '')} | {peers.NOTES[name]} |")
    lines += [f"| {name} | could not be measured: {why[:80]} | | | | | |" for name, why in figures["missing"].items()]
    lines += ["", f"Measured at {machine['commit']}, {machine['date']}, {machine['rounds']} rounds."]
    return "\n".join(lines) + "\n"


def raw(results):
    lines = ["## Medians behind the ratios", "", "| figure | median | least | most |", "| --- | --- | --- | --- |"]
    for group, result in results.items():
        if group == "peers":
            continue
        for name, values in sorted(flat(result["figures"])):
            lines.append(f"| {group}: {name} | {number(median(values))} | {number(min(values))} | {number(max(values))} |")
    return "\n".join(lines) + "\n"


def flat(figures):
    """Each figure with its values, and its unit in its name."""
    for name, rounds in figures.items():
        if rounds and isinstance(rounds[0], dict):
            for field in rounds[0]:
                values = [round[field] for round in rounds]
                if "/" in field:
                    yield f"{name}, {field}, µs", [value / 1_000 for value in values]
                else:
                    yield f"{name}, {field.replace('cpu_us', 'server CPU, µs a request').replace('per_second', 'requests a second')}", values
        else:
            yield name.replace("_mib", ", MiB").replace("_", " "), rounds


def number(value):
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.4g}"
