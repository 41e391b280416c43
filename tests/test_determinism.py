"""The same function gives the same text in every process."""

from helpers import processes

WRITE = """
from knetsrc import grad
import programs

for name in ("mixed", "branches", "filled"):
    print(grad(getattr(programs, name), (0, 1)).source)
"""
PROGRAMS = """
import numpy as np


def mixed(x, y):
    out = []
    for v, w in zip(x, y):
        z = np.tanh(v * w) + np.sum(y)
        out.append(z * np.exp(-z))
    return np.sum(np.stack(out) * x) + np.mean(np.stack(out) ** 2)


def branches(x, y):
    a, b, c = x, y, x * y
    for i in range(3):
        if i % 2:
            a, b = b * c, a
        else:
            c = a + b
            b = np.sin(c) * b
    return np.sum(a * b * c)


def filled(x, y):
    buffer, other = np.zeros(4), np.ones_like(x)
    for i in range(1, 4):
        buffer[i] = np.sin(buffer[i - 1]) + x[i] * y[i - 1]
        other[i] *= buffer[i]
    return np.sum(buffer * other * y)
"""


def test_source_does_not_depend_on_the_order_of_sets(tmp_path):
    (tmp_path / "programs.py").write_text(PROGRAMS)
    texts = set()
    for seed in (1, 2, 3):
        variables = {"PYTHONHASHSEED": seed, "KNETSRC_CACHE": tmp_path / f"cache{seed}"}
        texts.add(processes.run(WRITE, cwd=tmp_path, **variables))
    assert len(texts) == 1
    assert "def filled_grad" in texts.pop()
