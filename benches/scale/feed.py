"""Changes on their way: from those who make them, by the one lock, to all who follow. Discrete events, seeded.

A change waits for the lock of the revision, keeps it for its round trips and for what the server does, and is there.
The server then wakes one listener after the other. Each has a process of its own there, which waits for a core, and
tells its follower all that is there by then. A follower asks for nothing: changes too large to be told, and gaps, are
not in here."""

import bisect
import heapq
import random
from dataclasses import dataclass, field

@dataclass
class Run:
    """What became of it, times in seconds."""

    changes: int = 0
    # How often a process of the server told its follower something.
    told: int = 0
    busy: float = 0.0
    over: float = 0.0
    # From the request to the acknowledgement, for each change.
    acknowledged: list = field(default_factory=list)
    # From the commit until it is applied, for each change and each follower.
    late: list = field(default_factory=list)
    # When each follower was told of each change.
    known: dict = field(default_factory=dict)


# Who gets the lock after another sidecar asks what that changed, until there is no more.
ASKED_UNDER_LOCK = 2


def held(constants):
    """How long a change has the lock, in seconds: as long as it takes beside the server, and on the way there."""
    trips = constants.write_statements + ASKED_UNDER_LOCK
    return 1 / constants.writes_three_per_second + trips * constants.round_trip_ms / 1_000


def commits(constants, writes, count, chance, run):
    """When each change is there; they come as chance has it and wait for each other."""
    asked, free, there = 0.0, 0.0, []
    for _ in range(count):
        asked += chance.expovariate(writes)
        free = max(asked, free) + held(constants)
        there.append(free)
        run.acknowledged.append(free - asked)
    return there


def simulate(constants, sidecars, writes, changes, seed=1, background=0.0):
    """So many changes at so many a second. `background` is the share of the server that is busy with other things."""
    chance, run = random.Random(seed), Run(changes)
    there = commits(constants, writes, changes, chance, run)
    one_way = constants.round_trip_ms / 2_000
    # What follows takes its share of the time of each core.
    service = constants.feed_server_us / 1e6 / max(1 - background, 1e-9)
    cores, free, newest = [0.0] * int(constants.server_cores), [0.0] * sidecars, [-1] * sidecars
    run.acknowledged = [took + sidecars * constants.notify_send_listener_us / 1e6 for took in run.acknowledged]
    for woken, follower, change in wakes(constants, there, sidecars):
        if change <= newest[follower]:
            # Told with the one before.
            continue
        begun = max(woken, free[follower], heapq.heappop(cores))
        free[follower] = begun + service
        heapq.heappush(cores, free[follower])
        run.told, run.busy, run.over = run.told + 1, run.busy + service, max(run.over, free[follower] + one_way)
        seen = newest_at(there, begun)
        for change in range(newest[follower] + 1, seen + 1):
            run.late.append(free[follower] + one_way - there[change])
            run.known.setdefault((follower, change), []).append(free[follower] + one_way)
        newest[follower] = seen
    return run


def wakes(constants, there, sidecars):
    """When each process is woken for each change, in order of time."""
    each = constants.notify_send_listener_us / 1e6
    return sorted((at + follower * each, follower, change) for change, at in enumerate(there) for follower in range(sidecars))


def newest_at(there, at):
    """The last change that is there by then."""
    return bisect.bisect_right(there, at) - 1


def share(values, part):
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * part), len(ordered) - 1)]
