"""Changes on their way: from those who make them, by the one lock, to all who follow. Discrete events, seeded.

A change waits for the lock of the revision, keeps it for its round trips and for what the server does, and is there.
The server then wakes one follower after the other. A follower asks for what is new, twice: the second answer says that
there is no more. Changes that come meanwhile wake it again, and each of those costs one question more, as each is told
by itself. Questions wait for a core of the server."""

import bisect
import heapq
import random
from dataclasses import dataclass, field

WAKE, ASK, ANSWER = range(3)


@dataclass
class Run:
    """What became of it, times in seconds."""

    changes: int = 0
    asked: int = 0
    answered: int = 0
    busy: float = 0.0
    over: float = 0.0
    # From the request to the acknowledgement, for each change.
    acknowledged: list = field(default_factory=list)
    # From the commit until it is applied, for each change and each follower.
    late: list = field(default_factory=list)
    # How often each follower applied each change.
    applied: dict = field(default_factory=dict)


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
    service = constants.feed_server_us / 2 / 1e6 / max(1 - background, 1e-9)
    cores = [0.0] * int(constants.server_cores)
    events, number = [], 0
    for change, at in enumerate(there):
        for follower in range(sidecars):
            woken = at + follower * constants.notify_send_listener_us / 1e6 + one_way
            events.append((woken, number, WAKE, follower, change))
            number += 1
        run.acknowledged[change] += sidecars * constants.notify_send_listener_us / 1e6
    heapq.heapify(events)
    waiting, asking, newest = [0] * sidecars, [False] * sidecars, [-1] * sidecars
    while events:
        at, _, kind, follower, what = heapq.heappop(events)
        number += 1
        if kind == WAKE:
            waiting[follower] += 1
            if not asking[follower]:
                asking[follower] = True
                waiting[follower] -= 1
                heapq.heappush(events, (at + one_way, number, ASK, follower, what))
        elif kind == ASK:
            run.asked += 1
            begun = max(at, heapq.heappop(cores))
            heapq.heappush(cores, begun + service)
            run.busy += service
            # What is there when the server looks.
            seen = newest_at(there, begun)
            heapq.heappush(events, (begun + service + one_way, number, ANSWER, follower, seen))
        else:
            run.answered += 1
            is_news = what > newest[follower]
            for change in range(newest[follower] + 1, what + 1):
                run.late.append(at - there[change])
                run.applied[follower, change] = run.applied.get((follower, change), 0) + 1
            newest[follower] = max(newest[follower], what)
            if is_news or waiting[follower]:
                # Until an answer is empty; then once for each time it was woken.
                waiting[follower] -= 0 if is_news else 1
                heapq.heappush(events, (at + one_way, number, ASK, follower, what))
            else:
                asking[follower] = False
        run.over = at
    return run


def newest_at(there, at):
    """The last change that is there by then."""
    return bisect.bisect_right(there, at) - 1


def share(values, part):
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * part), len(ordered) - 1)]
