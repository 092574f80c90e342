"""The laws that the simulation must keep, whatever the costs are. Small, so that it is quick."""

from statistics import median

import cache
import feed
import model
from constants import Constants
from model import Load

# Round numbers: what is checked is the simulation, not a machine.
C = Constants(
    hit_postgres_us=10, miss_sidecar_us=100, miss_server_us=150, miss_bytes=2_000, write_statements=10, writes_one_per_second=300,
    writes_three_per_second=250, write_server_ms=3, write_commit_ms=1, write_entities=2, feed_server_us=100, feed_sidecar_us=100, feed_bytes=800,
    idle_server_us_per_second=200, idle_bytes_per_second=1_000, notify_send_listener_us=2, stripes_per_decision=4,
    decision_bytes=600, sidecar_mib=40, connection_mib=3, connections_per_sidecar=6, item_bytes=500, held_version_us=0.1,
    round_trip_ms=0.5, server_cores=4, busy_share=0.7, network_bytes_per_second=1.25e9, server_gib=64, cache_bytes=2**26,
    popularity=1.0, readers=10, staleness_ms=1_000, stripes=65_536)


def laws():
    """Each law that is broken, in words."""
    return [law.__doc__ for law in LAWS if not law()]


def conserved():
    """every change is told to every follower once"""
    run = feed.simulate(C, 20, 30, 40)
    once = {(follower, change): 1 for follower in range(20) for change in range(40)}
    return {which: len(times) for which, times in run.known.items()} == once and len(run.late) == 20 * 40


def bounded():
    """the server is never busier than it has cores, and what it did is what it told"""
    run = feed.simulate(C, 40, 200, 60)
    service = C.feed_server_us / 1e6
    return abs(run.busy - run.told * service) < 1e-9 and run.busy <= C.server_cores * run.over


def physical():
    """nobody knows of a change before one message could have told, nor is one acknowledged sooner than it takes"""
    run = feed.simulate(C, 10, 20, 40)
    least = C.round_trip_ms / 2_000 + C.feed_server_us / 1e6
    return min(run.late) >= least - 1e-12 and min(run.acknowledged) >= feed.held(C)


def ordered():
    """a follower knows of changes in the order in which they were made"""
    run = feed.simulate(C, 20, 200, 60)
    times = [[run.known[follower, change][0] for change in range(60)] for follower in range(20)]
    return all(one <= next_one for each in times for one, next_one in zip(each, each[1:]))


def seeded():
    """the same seed makes the same run, another one another"""
    one, same, other = (feed.simulate(C, 10, 50, 40, seed) for seed in (1, 1, 2))
    return one.late == same.late and one.late != other.late


def more_is_later():
    """more followers, slower networks and fewer cores make changes known no sooner"""
    late = lambda c, sidecars: median(feed.simulate(c, sidecars, 20, 40).late)
    sidecars = [late(C, count) for count in (1, 20, 100)]
    trips = [late(C.but(round_trip_ms=trip), 20) for trip in (0.1, 0.5, 5)]
    cores = [late(C.but(server_cores=count), 100) for count in (8, 2, 1)]
    return all(rising(values) for values in (sidecars, trips, cores))


def overloaded():
    """a server that has more to tell than it can is busy all the time, and what is told is no later than two rounds of all who listen take"""
    quick = C.but(writes_three_per_second=10_000, write_statements=0)
    run = feed.simulate(quick, 400, 500, 80)
    one_round = 400 * C.feed_server_us / 1e6 / C.server_cores
    spread = 400 * C.notify_send_listener_us / 1e6 + 3 * C.round_trip_ms / 1_000
    return (model.feed_cores(quick, 400, 500) > C.server_cores and 0.9 < run.busy / (C.server_cores * run.over) <= 1
            and max(run.late) <= 2 * one_round + spread)


def one_lock():
    """changes never come faster than one after the other, and the ceiling falls with round trips and statements"""
    run = feed.simulate(C, 1, 10_000, 60)
    ceilings = [model.write_ceiling(C.but(round_trip_ms=trip)) for trip in (5, 1, 0.1)]
    statements = [model.write_ceiling(C.but(write_statements=count)) for count in (30, 10, 1)]
    return 60 / run.over <= model.write_ceiling(C) + 1e-9 and rising(ceilings) and rising(statements)


def linear():
    """connections, bandwidth and the server's work on followers are in proportion to sidecars"""
    each = (lambda n: model.connections(C, n), lambda n: model.feed_bytes(C, n, 7), lambda n: model.feed_cores(C, n, 7))
    return all(abs(of(300) - 3 * of(100)) < 1e-6 * of(300) for of in each)


def shares():
    """popularity sums to one, however many there are"""
    return all(abs(sum(many * share for many, share in cache.kinds(count, 10, exponent)) - 1) < 1e-3
               for count in (5, 1_000, 10**9) for exponent in (0.8, 1, 1.2))


def like_a_real_cache():
    """what is computed of a cache is what one does that is tried out"""
    questions = cache.kinds(2_000, 3, 1.0)
    singles = [(1, (rank + 1) ** -1.0) for rank in range(2_000)]
    total = sum(share for _, share in singles)
    singles = [(1, share / total) for _, share in singles]
    for capacity, lost in ((100, 0.0), (500, 0.0), (500, 0.05), (2_000, 0.2)):
        computed, _ = cache.hit_share(singles, 100, capacity, lost)
        if abs(computed - cache.simulated(singles, 100, capacity, lost, 60_000)) > 0.02:
            return False
    return 0 < cache.hit_share(questions, 100, 500, 0)[0] < 1


def fewer_hits():
    """changes, and more to ask about, make for fewer hits; room and parts for more"""
    share = lambda c=C, **other: model.hits(c, Load(**{**dict(sidecars=100, decisions=100_000, writes=10, items=10**7), **other}))[0]
    writes = [share(writes=count) for count in (1_000, 100, 10, 0)]
    items = [share(items=count) for count in (10**9, 10**7, 10**5)]
    room = [share(C.but(cache_bytes=size)) for size in (2**20, 2**24, 2**28)]
    parts = [share(parts=count) for count in (1, 8, 64)]
    return all(rising(values) for values in (writes, items, room, parts))


def rising(values):
    return all(one < next_one for one, next_one in zip(values, values[1:]))


LAWS = [conserved, bounded, physical, ordered, seeded, more_is_later, overloaded, one_lock, linear, shares,
        like_a_real_cache, fewer_hits]
