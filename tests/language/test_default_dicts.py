"""`defaultdict` and `Counter`, which the function makes and of which it reads entries."""

import collections
from collections import Counter, defaultdict

import numpy as np
import pytest

from knetsrc import UnsupportedAliasError, grad
from language.checking import check

A = np.arange(1.0, 5.0)


def test_lists_by_key_that_grow():
    def f(a):
        groups = defaultdict(list)
        for i in range(4):
            groups[i % 2].append(a[i] ** 2)
        return sum(v[0] * v[1] for v in groups.values())

    def looped(a):
        groups = collections.defaultdict(list)
        for i in range(4):
            groups["abab"[i]] += [a[i] ** 2]
        total = 0.0
        for k, v in groups.items():
            total += np.sum(np.array(v)) ** 2 * (2.0 if k == "a" else 1.0)
        return total

    check(f, A)
    check(looped, A)


def test_sums_by_key():
    def f(a):
        d = defaultdict(float)
        for i in range(4):
            d[i % 2, 0] += a[i] ** 2
        return d[0, 0] * d[1, 0] + d[5, 5] * a[0] + len(d) * a[1]

    def counted(a):
        d = Counter()
        for i in range(4):
            d["abab"[i]] += a[i] ** 2
        return d["a"] * d["b"] + d["c"] * a[0] + len(d) * a[1]

    def largest(a):
        d = defaultdict(int)
        for i in range(4):
            k = i % 2
            d[k] = max(d[k], a[i] ** 2)
        return sum(d.values()) * len(d)

    check(f, A)
    check(counted, A)
    check(largest, A)


def test_values_that_a_function_makes():
    def f(a):
        d: defaultdict[int, object] = defaultdict(lambda: np.ones(2))
        for i in range(4):
            d[i % 2] *= a[i] * np.ones(2)
        return np.sum(d[0] * d[1] ** 2) + np.sum(d[7])

    def nested(a):
        d = defaultdict(dict)
        for i in range(4):
            d[i % 2][i] = a[i] ** 2
        return sum(v**2 for row in d.values() for v in row.values())

    check(f, A)
    check(nested, A)


def test_reading_adds_the_key_in_its_turn():
    def f(a):
        d = defaultdict(float, {"z": a[3]})
        first = d["b"] + d["a"] * a[0]
        d["a"] += a[1]
        weights = sum((i + 1) * v for i, v in enumerate(d.values()))
        return weights * len(d) + first

    check(f, A)


def test_reads_within_tests_loops_and_comprehensions():
    def f(a):
        d = defaultdict(float)
        for i in range(4):
            if d[i % 2] < 3:
                d[i % 2] += a[i] ** 2
        total = 0.0
        for k in sorted(d):
            total += d[k] ** 2
        return total + sum(d[k] * a[k] for k in d) + d.get(7, 1.0) + (8 in d)

    def unseen(a):
        d = defaultdict(float)
        for i in range(2):
            d[i] += a[i]
        return sum(d[i] * a[i] for i in range(4)) + (d[9] if a[0] > 0 else 0.0)

    check(f, A)
    check(unseen, A)


def test_key_that_a_call_changes_stays_refused():
    def f(a):
        keys, d = [1, 0, 1], defaultdict(float)
        d[keys[0]] += a[0]
        total = keys.pop() + d[keys[-1]] * a[1]
        return total + d[1]

    with pytest.raises(UnsupportedAliasError, match=r"which `.*defaultdict` has made"):
        grad(f)(A)


def test_read_that_may_add_a_key_stays_refused_where_the_keys_are_seen():
    def f(a):
        d = defaultdict(float)
        d["a"] += a[0]
        total = d["b"] if a[0] > 0 else 1.0
        return d["a"] * len(d) + total

    with pytest.raises(UnsupportedAliasError, match=r"which `.*defaultdict` has made"):
        grad(f)(A)


def test_dict_that_is_handed_on_stays_refused():
    def f(a):
        d = _filled(defaultdict(float), a)
        return d[0] * d[1]

    def returned(a):
        return _made(a)[0] * a[1]

    with pytest.raises(UnsupportedAliasError, match="a call that writes into"):
        grad(f)(A)
    with pytest.raises(UnsupportedAliasError, match=r"which `.*defaultdict` has made"):
        grad(returned)(A)


def _filled(d, a):
    for i in range(4):
        d[i % 2] += a[i] ** 2
    return d


def _made(a):
    d = defaultdict(float)
    d[0] += a[0] ** 2
    return d
