"""Containers made of others, by operators, methods and iterators: they hold the very arrays, which then change in place."""

import functools
import itertools
import linecache
import operator

import numpy as np
import pytest

from knetsrc import UnsupportedAliasError, UnsupportedSyntaxError, grad
from language.checking import V, check


def entries(u):
    return [u]


def grown(u):
    out = []
    out.append(u)
    return out


def first(values):
    return values[0]


def last(values):
    found = None
    for value in values:
        found = value
    return found


class Pair:
    def both(self, u):
        return [u, 2.0]

    def __call__(self, u):
        return [u]


pair = Pair()

# what makes a container of the array `a`, and where that stands in it
MADE = {
    "[b] + [a]": "[1]",
    "[a] + [b]": "[0]",
    "[a] * 2": "[1]",
    "2 * [a]": "[1]",
    "(a,) + (1.0,)": "[0]",
    "[b] + ([b] + [a])": "[2]",
    "[b] + [v for v in (a, b)]": "[1]",
    "list((b,)) + list((a,))": "[1]",
    "{'z': b} | {'k': a}": "['k']",
    "dict(z=b) | dict(k=a)": "['k']",
    "[a].copy()": "[0]",
    "{'k': a}.copy()": "['k']",
    "list(itertools.chain.from_iterable([[b], [a]]))": "[1]",
    "list(itertools.product([a], [b]))": "[0][0]",
    "list(itertools.pairwise([a, b]))": "[0][0]",
    "list(itertools.islice([a, b], 1))": "[0]",
    "list(itertools.compress([a, b], [True, False]))": "[0]",
    "list(itertools.combinations([a, b], 2))": "[0][0]",
    "list(itertools.permutations([a, b]))": "[0][0]",
    "list(itertools.takewhile(lambda v: True, [a, b]))": "[0]",
    "list(itertools.starmap(lambda u, v: u, [(a, b)]))": "[0]",
    "list(itertools.accumulate([a, b]))": "[0]",
    "[b] + entries(a)": "[1]",
    "entries(a) * 2": "[1]",
    "entries(a).copy()": "[0]",
    "grown(b) + grown(a)": "[1]",
    "pair.both(a) * 2": "[0]",
    "pair(a) * 2": "[0]",
    "[b] + ([a] if x[0] > 0 else [b])": "[1]",
    "operator.add([b], [a])": "[1]",
    "[*[b], *([a] * 2)]": "[1]",
    "[[b]] + [[a]]": "[1][0]",
    "{**({'k': a} | {})}": "['k']",
    "[v for v in [b] + [a]]": "[1]",
    "[v for p in ([b], [a]) for v in p + []]": "[1]",
    "({'k': a} | {}).get('k')": "",
    "([a] * 2)[1]": "",
    "max([a] + [b], key=lambda v: -v.sum())": "",
}
PUT = {
    "held = [b]; held.insert(0, a)": "[0]", "held = [b, b]; held.insert(1, a)": "[1]", "held = [b, b]; held[1:] = [a]": "[1]",
    "held = [b, b]; held[:1] = (a,)": "[0]", "held = [b]; held.extend([a] * 2)": "[1]", "held = (b,); held += (a,) * 2": "[1]",
    "held = [b]; held = held + other.both(a)": "[1]",
    "p = [a]; q = [b]; held = first(p + q); held += 2.0": "",
    "p = [a]; held = last(p.copy()); held += 2.0": "",
    "_, held = [b] + [a]": "", "p = [a]; held = p.copy()[0]": "", "p = [a]; q = [b]; held = (p + q)[0]": "",
    "p = [a]; held = p.copy()": "[0]", "h = lambda u: [u]; held = h(a) * 2": "[1]",
}  # fmt: skip
# what a loop goes through
LOOPS = [
    "[a] * 3", "(a,) + (b,)", "[b] + [a]", "[a].copy()", "itertools.islice([a, b], 2)", "entries(a) + entries(b)", "p + q",
    "p.copy()", "p * 2", "p[:] + q", "list(p) + list(q)", "reversed(p + q)", "[v for v in p + q]", "({'k': a} | {'z': b}).values()",
    "d.copy().values()", "list(d.values()) + q", "(d | {}).values()", "[x * 1.0] * 2",
]  # fmt: skip


def _function(lines):
    text = "def f(x):\n" + "".join(f"    {line}\n" for line in lines)
    file = f"<held values {abs(hash(text))}>"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    space = {"np": np, "itertools": itertools, "operator": operator, "functools": functools}
    space |= {
        "entries": entries,
        "grown": grown,
        "first": first,
        "last": last,
        "pair": pair,
        "Pair": Pair,
        "__name__": __name__,
    }
    exec(compile(text, file, "exec"), space)
    return space["f"]


def _refused(lines):
    with pytest.raises((UnsupportedAliasError, UnsupportedSyntaxError)):
        grad(_function(lines))(V)


STATEMENTS = {f"held = {made}": place for made, place in MADE.items()} | PUT


@pytest.mark.parametrize("statement", STATEMENTS)
def test_array_in_a_container_changes_in_place(statement):
    made = ["a, b, other = x * 1.0, x * 2.0, Pair()", *statement.split("; ")]
    value = f"return held{STATEMENTS[statement]} @ x + a @ x"
    _refused([*made, "a *= 2", value])
    _refused([*made, "a[0] = x[1] ** 2", value])


@pytest.mark.parametrize("iterable", LOOPS)
def test_loop_changes_what_it_goes_through(iterable):
    made = ["a, b, t = x * 1.0, x * 2.0, 0.0", "p, q, d = [a], [b], {'k': a}"]
    _refused([*made, f"for v in {iterable}:", "    v *= 2", "    t += v @ x", "return t + a @ b"])


def test_loop_changes_an_array_that_it_goes_through_again():
    made = ["a, s = x * 1.0, 0.0"]
    for iterable in ("[a] * 3", "itertools.product([a], [1.0, 2.0])", "[a] + entries(a)"):
        body = [f"for v in {iterable}:", "    s += np.sum(v[0]) ** 2", "    a *= 1.5"]
        _refused([*made, *body, "return s"])


def test_entries_of_a_repeated_list_are_multiplied():
    for p in ("[a] * 2", "[x * 1.0] * 2", "[a, a]"):
        _refused(["a = x * 1.0", f"p = {p}", "p[0] *= 2", "return p[1] @ x"])
    _refused(["a, p = x * 1.0, []", "p.append(a)", "p.append(a)", "p[0] *= 2", "return p[1] @ x"])


def test_history_of_an_array_that_changes_in_place():
    def f(x):
        history = []
        u = x * 1.0
        for _ in range(3):
            history = history + [u]  # noqa: RUF005
            u *= 1.5
        return sum(h @ h for h in history)

    message = "`u \\*= 1.5` changes in place a value \\(ndarray\\) that has another name"
    with pytest.raises(UnsupportedAliasError, match=message):
        grad(f)(V)


def test_history_of_an_array_that_is_bound_anew():
    def f(x):
        history = []
        u = x * 1.0
        for _ in range(3):
            history = history + [u]  # noqa: RUF005
            u = u * 1.5
        return sum(h @ h for h in history)

    check(f, V)


def test_numbers_in_joined_containers_change():
    def f(x, n):
        s, found = x * 2.0, []
        for _ in range(n):
            found = [s, *found] + [s] * 2
            s *= x
        return sum(v * v for v in found)

    check(f, 0.7, 3)


def test_arrays_that_were_copied_change():
    def f(x):
        a, b = x * 1.0, x * 2.0
        held = [a.copy()] * 2 + [b * 1.0]
        a *= 2
        b[0] = a[1] ** 2
        return held[0] @ held[2] + a @ b

    check(f, V)


def test_loop_over_joined_lists_binds_anew():
    def f(x):
        p, q, total = [x * 1.0, x * x], [x * 3.0], 0.0
        for v in p + q:
            v = v * v
            total += np.sum(v * x)
        return total + np.sum(p[0] * q[0])

    check(f, V)


def test_sums_of_arrays_are_new():
    def f(x):
        a, b = x * 1.0, x * x
        first = (a + b)[0]
        for row in a + b:
            row *= 2.0
            first += row * b[1]
        a *= 2.0
        c = a + b
        c *= a
        b += c
        return first * np.sum(a * b)

    check(f, V)


def test_entries_of_joined_lists_are_replaced():
    def f(x):
        a, b = x * 1.0, x * x
        held = list((a,)) + [b].copy()
        held[0] = b * 2.0
        held[1] = held[0] * a
        return np.sum(held[0] * held[1]) + np.sum(a * b)

    check(f, V)
