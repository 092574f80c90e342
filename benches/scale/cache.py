"""How many decisions come from the cache of one sidecar.

Questions come as chance has it, each at a rate of its own. The cache lets go of what was asked longest ago, which is
after about the same time for everything: so long, that as much fits as it holds (Che's approximation). Between two
questions of a kind no change may have raised one of the stripes they rest on; those of others do it by sharing one.
The real cache also looks at how often something is asked, and keeps the rare out: it does better."""

import math
import random
from collections import OrderedDict

# Ranks are taken together in so many steps, each a few percent wide; one by one the first.
STEPS_PER_DECADE = 20
FIRST = 100


def harmonic(count, exponent):
    """The sum of k^-exponent for k up to `count`."""
    exact = sum(k ** -exponent for k in range(1, min(count, FIRST) + 1))
    return exact + (integral(FIRST + 0.5, count + 0.5, exponent) if count > FIRST else 0)


def integral(low, high, exponent):
    if exponent == 1:
        return math.log(high / low)
    return (high ** (1 - exponent) - low ** (1 - exponent)) / (1 - exponent)


def steps(count, exponent):
    """Ranks as (how many, share of each), all of them."""
    total = harmonic(count, exponent)
    found = [(1, rank ** -exponent / total) for rank in range(1, min(count, FIRST) + 1)]
    low, width = FIRST, 10 ** (1 / STEPS_PER_DECADE)
    while low < count:
        high = min(math.ceil(low * width), count)
        found.append((high - low, integral(low + 0.5, high + 0.5, exponent) / total / (high - low)))
        low = high
    return found


def kinds(items, readers, exponent):
    """Questions as (how many, share of each): each item's share goes to its readers by the same law."""
    return [(many * one, share * part) for many, share in steps(items, exponent) for one, part in steps(readers, exponent)]


def hit_share(questions, per_second, capacity, lost_per_second):
    """The part that is found and still right, and after how many seconds something that nobody asks for goes."""
    age = lasting(questions, per_second, capacity)
    hits = 0.0
    for many, share in questions:
        rate = share * per_second
        goes = rate + lost_per_second
        hits += many * share * rate / goes * (1 - math.exp(-goes * age) if age < math.inf else 1)
    return hits, age


def lasting(questions, per_second, capacity):
    """So long that as many different ones come in that time as the cache holds."""
    if sum(many for many, _ in questions) <= capacity:
        return math.inf

    def held(age):
        return sum(many * -math.expm1(-share * per_second * age) for many, share in questions)

    low, high = 0.0, 1.0
    while held(high) < capacity:
        low, high = high, high * 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if held(middle) < capacity else (low, middle)
    return high


def simulated(questions, per_second, capacity, lost_per_second, asked, seed=1):
    """The same by trying it: a cache that lets go of what was asked longest ago, and chance."""
    chance = random.Random(seed)
    singles = [share for many, share in questions for _ in range(many)]
    cache, hits, counted, at = OrderedDict(), 0, 0, 0.0
    for turn, question in enumerate(chance.choices(range(len(singles)), weights=singles, k=asked)):
        at += chance.expovariate(per_second)
        checked = cache.pop(question, None)
        is_hit = checked is not None and chance.random() < math.exp(-lost_per_second * (at - checked))
        cache[question] = at
        if len(cache) > capacity:
            cache.popitem(last=False)
        if turn >= asked // 2:
            counted, hits = counted + 1, hits + is_hit
    return hits / counted
