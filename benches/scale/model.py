"""What so many sidecars need, by how much each thing costs."""

import functools
from dataclasses import dataclass

import cache
import feed

# As many connections as servers are still run with.
CONNECTIONS_MANY = 5_000

# Of them, those that are not for sidecars: superusers, people, dumps.
CONNECTIONS_OTHERS = 13

# A follower asks so often in `staleness_milliseconds_max` (src/store/follow.rs).
ASKED_PER_STALENESS = 4


@dataclass(frozen=True)
class Load:
    """What is asked of a fleet, each second."""

    sidecars: int
    decisions: float
    writes: float
    items: int
    # How many parts the items are in; a sidecar is asked about one of them.
    parts: int = 1


def lost_per_second(c, writes):
    """How often a cached decision goes by a change that is not about it."""
    return writes * c.write_entities * c.stripes_per_decision / c.stripes


def hits(c, load):
    """The share of decisions that come from a cache, and how many seconds one lasts there unasked."""
    capacity = int(c.cache_bytes / c.decision_bytes)
    lost = lost_per_second(c, load.writes)
    items = max(load.items // load.parts, 1)
    return of_cache(items, int(c.readers), c.popularity, load.decisions / load.sidecars, capacity, lost)


@functools.cache
def of_cache(items, readers, popularity, per_second, capacity, lost):
    return cache.hit_share(cache.kinds(items, readers, popularity), per_second, capacity, lost)


def write_ceiling(c):
    """Changes a second, one after the other."""
    return 1 / feed.held(c)


def feed_cores(c, sidecars, writes):
    """Cores of the server that are busy with telling followers what changed."""
    each = c.feed_server_us * writes + c.idle_server_us_per_second
    return sidecars * each / 1e6


def feed_bytes(c, sidecars, writes):
    return sidecars * (c.feed_bytes * writes + c.idle_bytes_per_second)


def questions(c, sidecars):
    """How often followers ask, changes or not, to know how late they are."""
    return sidecars * ASKED_PER_STALENESS / (c.staleness_ms / 1_000)


def write_cores(c, writes):
    return writes * (c.write_server_ms + c.write_commit_ms) / 1_000


def read_cores(c, load):
    return load.decisions * (1 - hits(c, load)[0]) * c.miss_server_us / 1e6


def server_cores(c, load):
    """All of them: of one server that does everything."""
    return feed_cores(c, load.sidecars, load.writes) + write_cores(c, load.writes) + read_cores(c, load)


def sidecar_cores(c, load):
    """Of one sidecar."""
    share = hits(c, load)[0]
    deciding = load.decisions / load.sidecars * (share * c.hit_postgres_us + (1 - share) * c.miss_sidecar_us)
    return (deciding + load.writes * c.feed_sidecar_us) / 1e6


def sidecar_mib(c):
    """At most: both caches full."""
    return c.sidecar_mib + 2 * c.cache_bytes / 2**20


def connections(c, sidecars):
    return sidecars * c.connections_per_sidecar


def connections_gib(c, sidecars):
    return connections(c, sidecars) * c.connection_mib / 1024


def breaks(c, writes):
    """What gives way as sidecars are added, at so many changes a second: (what, at how many, why)."""
    room = c.busy_share
    cores = c.server_cores * room - write_cores(c, writes)
    one = feed_cores(c, 1, writes)
    found = [
        ("connections, with PostgreSQL's own `max_connections` of 100", (100 - CONNECTIONS_OTHERS) / c.connections_per_sidecar),
        ("connections, with `max_connections` at 5,000", (CONNECTIONS_MANY - CONNECTIONS_OTHERS) / c.connections_per_sidecar),
        ("memory of the server, half of it for connections", c.server_gib * 1024 / 2 / (c.connections_per_sidecar * c.connection_mib)),
        ("processors of the server, for telling who follows", cores / one),
        ("network of the server, for telling who follows", c.network_bytes_per_second * room / feed_bytes(c, 1, writes)),
        ("acknowledgements twice as late, for waking who listens", feed.held(c) * 1e6 / c.notify_send_listener_us),
    ]
    return sorted(found, key=lambda one: one[1])


def writes_max(c, sidecars):
    """Changes a second at which the server is busy with telling so many followers of them."""
    free = c.server_cores * c.busy_share - feed_cores(c, sidecars, 0)
    each = sidecars * c.feed_server_us / 1e6 + write_cores(c, 1)
    return min(max(free, 0) / each, write_ceiling(c))
