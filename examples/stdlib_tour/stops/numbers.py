"""Numbers: math, cmath, decimal, fractions, random, statistics, struct, array, heapq, bisect, datetime."""

import array
import bisect
import cmath
import datetime
import decimal
import fractions
import heapq
import itertools
import math
import operator
import random
import statistics
import struct
import time
import zoneinfo


def visit_math():
    """math and cmath."""
    yield math.comb(50, 25), math.isqrt(10**20), round(math.gamma(5.5), 9), math.fsum([0.1] * 10)
    yield round(abs(cmath.exp(1j * math.pi) + 1), 12)


def visit_decimal():
    """_decimal, which must be the C implementation."""
    with decimal.localcontext(prec=50) as context:
        yield decimal.Decimal(2).sqrt(), context.prec
    yield fractions.Fraction(decimal.Decimal("0.125")), decimal.__libmpdec_version__ != ""


def visit_random():
    """_random with a seed."""
    generator = random.Random(42)
    yield [generator.randrange(100) for _ in range(5)], round(generator.gauss(0, 1), 9)


def visit_statistics():
    """_statistics."""
    yield statistics.median([3, 1, 2]), round(statistics.NormalDist(0, 1).inv_cdf(0.975), 9)


def visit_struct():
    """_struct and array."""
    yield struct.pack("<IhQ", 1, -2, 3).hex(), struct.calcsize("@lq"), array.array("d", [1.5, 2.5]).tobytes().hex()


def visit_algorithms():
    """_heapq, _bisect, itertools, _operator."""
    yield heapq.nsmallest(3, [5, 1, 4, 2]), bisect.bisect([1, 2, 4], 3), list(itertools.batched("abcde", 2))
    yield operator.itemgetter(1, 2)("xyz")


def visit_datetime():
    """_datetime and _zoneinfo; the zone comes from the host or from tzdata, so it may be missing."""
    moment = datetime.datetime(2026, 3, 29, 0, 30, tzinfo=datetime.timezone.utc)
    yield moment.isoformat(), (moment + datetime.timedelta(hours=1)).strftime("%A %H:%M")
    try:
        berlin = zoneinfo.ZoneInfo("Europe/Berlin")
    except zoneinfo.ZoneInfoNotFoundError:
        yield "no time zones on this machine"
    else:
        yield [(moment + datetime.timedelta(hours=hours)).astimezone(berlin).isoformat() for hours in (0, 1)]
    yield time.strftime("%Y", time.gmtime(0)), time.get_clock_info("monotonic").monotonic
