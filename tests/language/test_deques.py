"""`collections.deque`, which the function makes: histories, windows, queues."""

import collections
from collections import deque

import numpy as np
import pytest

from knetsrc import UnsupportedAliasError, grad
from language.checking import V, check

X = np.array([1.0, 3.0, 4.0, 2.0])


def test_history_of_a_given_length():
    def f(x):
        last, s = deque([0.0, 0.0], maxlen=2), 0.0
        for v in x:
            s += last[0] * v + last[-1]
            last.append(v**2)
        return s

    def of_zeros(x, n):
        last, s = deque([0.0] * n, maxlen=n), 0.0
        for v in x:
            s += last[0] * v + sum(last)
            last.append(v**2)
        return s

    def of_arrays(x):
        last = deque([np.zeros(2)] * 2, maxlen=2)
        for i in range(3):
            last.append(x[i : i + 2] * last[0] + x[:2])
        return np.sum(np.array(last) ** 2)

    check(f, X)
    check(of_zeros, X, 3, argnums=(0,))
    check(of_arrays, X)
    assert "if " not in grad(f).source


def test_window_that_fills():
    def f(x):
        window, s = deque(maxlen=3), 0.0
        for v in x:
            window.append(v**2)
            s += np.mean(window) * v + sum(window) / len(window)
        return s

    def steps(x):
        slopes, y = collections.deque(maxlen=3), x[0]
        for _ in range(6):
            slopes.appendleft(-y * x[1])
            y = y + 0.1 * sum(c * s for c, s in zip((1.5, -0.5, 0.2), slopes, strict=False))
        return y

    check(f, X)
    check(steps, V)


@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_length_that_cuts_what_it_starts_with(n):
    def f(x, n):
        q = deque(x, maxlen=n)
        q.extend([x[0] * 2.0, x[1] ** 2])
        q.appendleft(x[2] * x[3])
        q.rotate(1)
        return sum((i + 1) * v for i, v in enumerate(q)) + x[0]

    check(f, X, n, argnums=(0,))


def test_queue_that_is_worked_off():
    def f(x):
        q, s = deque(x), 0.0
        while q and s < 1e6:
            v = q.popleft()
            s = s * v + v**2
            if v > 3.5:
                q.appendleft(v / 2.0)
        return s

    def tree(x):
        q, s = deque([(0, x[0])]), 0.0
        while q:
            depth, v = q.popleft()
            s += v
            if depth < 2:
                q.append((depth + 1, v * x[1]))
                q.append((depth + 1, v * x[2]))
        return s

    check(f, X)
    check(tree, X)


def test_rotations_and_both_ends():
    def f(x):
        q = deque(x[:3])
        q.rotate(-1)
        q.extend(x[3:])
        q.append(q.popleft() * q.popleft())
        last = q.pop()
        return last * q[0] + sum(v * (i + 1) for i, v in enumerate(q))

    check(f, X)


def test_distances_of_a_search():
    def f(x):
        dist = _distances([(0, 1, 1), (1, 2, 2), (0, 3, 3)], x)
        return dist[2] * dist[3]

    check(f, X)


def _distances(edges, x):
    q, dist = deque([0]), {0: x[0]}
    while q:
        node = q.popleft()
        for start, end, k in edges:
            if start == node and end not in dist:
                dist[end] = dist[node] + x[k]
                q.append(end)
    return dist


def test_deque_that_is_handed_on_is_refused():
    def returned(x):
        q = deque([x[0]])
        q.append(x[1])
        return q

    def second_name(x):
        q = deque([x[0]], maxlen=1)
        r = q
        q.append(x[1])
        return r[0]

    for f in (returned, second_name):
        with pytest.raises(UnsupportedAliasError, match=r"`q.append\(...\)` on a deque") as caught:
            grad(f)(X)
        assert "keep a list: q = [...], q.append(x), q.pop(0)" in str(caught.value)
