"""Random programs over one array with several names: views, helpers that write, loops and branches."""

import importlib.util
import random
import sys

import numpy as np
import pytest

from knetsrc import UnsupportedAliasError, grad

HEAD = """import numpy as np


def smooth(u):
    u[1:-1] += 0.3 * u[:-2] * np.cos(u[2:])


def scaled(u, s):
    u[...] = u * np.cos(s)
    return u


def halves(u):
    if len(u) > 1:
        k = len(u) // 2
        halves(u[:k])
        halves(u[k:])
        u[0] = u[0] + np.sin(u[-1]) * u[0]


def energy(u):
    total = 0.0
    for i in range(2):
        total += np.sum(np.sin(u * (i + 1)) * u)
    return total


"""
VIEWS = ["{0}[1:]", "{0}[::-1]", "{0}[:4]", "{0}", "{0}.reshape(-1)", "{0}[k:]", "np.ravel({0})"]
STATEMENTS = [
    "{0}[0] = np.sin({1}[1]) * {0}[2]", "{0}[1] += {1}[0] * {1}[2]", "{0} *= np.cos({1}[0])", "{0} += 0.3 * {0}[0]",
    "{0}[1:3] = {1}[:2] * s", "{0}[:2] -= {1}[1:3] * {0}[:2]", "smooth({0})", "smooth({0}[1:])", "halves({0})",
    "s += energy({0})", "s = s * np.cos({1}[1])", "{0}[k] = s * {1}[k]", "scaled({0}, {1}[2])", "k = 1",
]  # fmt: skip


def body_of(draw: random.Random, names: list[str], depth: int, count: int) -> list[str]:
    lines = []
    for _ in range(count):
        kind = draw.random()
        if kind < 0.25 and len(names) < 5:
            new = "bcdef"[len(names) - 1]
            lines.append(f"{new} = {draw.choice(VIEWS).format(draw.choice(names))}")
            names = [*names, new]
        elif kind < 0.4 and depth:
            head = draw.choice(["for i in range(n):", "if s > 0:", "for i in range(2):"])
            lines += [head, *("    " + s for s in body_of(draw, names, depth - 1, 3))]
        else:
            statement = draw.choice(STATEMENTS)
            lines.append(statement.format(draw.choice(names), draw.choice(names)))
    return lines or ["pass"]


def program(seed: int) -> str:
    draw = random.Random(seed)
    lines = ["a = x * 1.0", "s = x[0]", "k = 0", *body_of(draw, ["a"], 2, 9)]
    lines.append("return np.sum(a * a * 0.1) + s" if draw.random() < 0.7 else "return s + a[1]")
    return HEAD + "def f(x, n):\n" + "\n".join("    " + line for line in lines) + "\n"


def loaded(path, monkeypatch):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("seed", range(24))
def test_gradient_is_that_of_differences_or_refused(seed, tmp_path, monkeypatch):
    path = tmp_path / f"aliases_{seed}.py"
    path.write_text(program(seed))
    f = loaded(path, monkeypatch).f
    x, n = np.linspace(-0.8, 1.1, 6), seed % 3
    step = 1e-6 * np.eye(6)
    try:
        found = grad(f)(x, n)
    except UnsupportedAliasError:
        return
    expected = [(f(x + d, n) - f(x - d, n)) / 2e-6 for d in step]
    scale = max(1.0, float(np.max(np.abs(expected))))
    if scale > 1e4:
        pytest.skip("differences are of no use here")
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6 * scale, err_msg=program(seed))
