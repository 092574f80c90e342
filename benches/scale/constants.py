"""What was measured, and what is assumed."""

import json
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent

# Of `benches/fleet.json`: what each is, and its unit.
MEASURED = {
    "hit_postgres_us": ("processor time of a sidecar for a decision from its cache", "µs"),
    "miss_sidecar_us": ("processor time of a sidecar for a decision with nothing in memory", "µs"),
    "miss_server_us": ("processor time of the server for the same", "µs"),
    "miss_bytes": ("on the way between them for the same", "bytes"),
    "write_statements": ("statements of a change, each a round trip, while the revision is locked", ""),
    "writes_one_per_second": ("changes a second through one sidecar, the server on the same machine", ""),
    "writes_three_per_second": ("the same through three, which wait for each other", ""),
    "write_server_ms": ("time of the server for a change, without the commit", "ms"),
    "write_commit_ms": ("time of the commit, until it is kept", "ms"),
    "write_entities": ("entities that a change touches", ""),
    "feed_server_us": ("processor time of the server for one change and one sidecar that follows", "µs"),
    "feed_sidecar_us": ("processor time of that sidecar", "µs"),
    "feed_bytes": ("on the way between them", "bytes"),
    "idle_server_us_per_second": ("processor time of the server for a sidecar in a second without changes", "µs"),
    "idle_bytes_per_second": ("on the way between them in that second", "bytes"),
    "notify_send_listener_us": ("what a commit waits longer for each connection that listens", "µs"),
    "stripes_per_decision": ("of 65,536 stripes, those that a cached decision rests on", ""),
    "decision_bytes": ("memory of a cached decision", "bytes"),
    "sidecar_mib": ("memory of a sidecar that has answered nothing yet", "MiB"),
    "connection_mib": ("memory of a connection at the server, of its own", "MiB"),
    "connections_per_sidecar": ("connections that a sidecar keeps", ""),
    "item_bytes": ("what an item takes in the database, with all that belongs to it", "bytes"),
    "held_version_us": ("what reading the revision takes longer for each change since the oldest snapshot", "µs"),
}

# What no bench can say: (value, unit, why).
ASSUMED = {
    "round_trip_ms": (0.5, "ms", "a round trip between a sidecar and the server, in one region"),
    "server_cores": (16, "", "cores of the machine of the server"),
    "busy_share": (0.7, "", "share of its cores and of its network that may be busy before queues grow long"),
    "network_bytes_per_second": (1.25e9, "bytes/s", "its network: 10 Gbit/s"),
    "server_gib": (256, "GiB", "its memory"),
    "cache_bytes": (67_108_864, "bytes", "`decision_cache_bytes_max` of a sidecar; and as much for entities"),
    "popularity": (1.0, "", "exponent of Zipf's law by which items are asked about; readers of an item by the same law"),
    "readers": (10, "", "people who ask about one item"),
    "staleness_ms": (1_000, "ms", "`limits.staleness_milliseconds_max`"),
    "stripes": (65_536, "", "stripes, in `src/stamp.rs`"),
}


class Constants(dict):
    """Each by its name."""

    __getattr__ = dict.__getitem__

    def but(self, **others):
        return Constants({**self, **others})


def read(path=None):
    """The constants, and what they were measured on."""
    with open(path or ROOT / "benches/fleet.json", encoding="utf-8") as file:
        known = json.load(file)
    missing = MEASURED.keys() - known["constants"].keys()
    if missing:
        raise SystemExit(f"benches/fleet has not measured: {', '.join(sorted(missing))}")
    constants = Constants({name: known["constants"][name]["value"] for name in MEASURED})
    constants.update({name: value for name, (value, _, _) in ASSUMED.items()})
    return constants, known
