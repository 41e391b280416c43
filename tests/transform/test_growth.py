"""The work for a function grows with its length, not with the number of ways through it."""

import cProfile
import importlib.util

import pytest

from knetsrc import grad


def circle(depth):
    """Functions that call each other in a circle, as those of a parser do."""
    inner = [
        f"    def level{i}(i):\n        v, i = level{i + 1}(i)\n        while i < len(s) and s[i] == {i}:\n"
        f"            w, i = level{i + 1}(i + 1)\n            v = v * w\n        return v, i\n"
        for i in range(depth)
    ]
    last = f"    def level{depth}(i):\n        if s[i] < 0:\n            return level0(i + 1)\n        return x * s[i], i + 1\n"
    return f"def f(x):\n    s = [7, 8]\n{''.join(inner)}{last}    return level0(0)[0]\n"


def chain(depth):
    """Functions that call the next one twice."""
    calls = [
        f"def level{i}(x):\n    y = x * x\n    a = level{i + 1}(y)\n    b = level{i + 1}(y + 1.0)\n    return a + b\n"
        for i in range(depth)
    ]
    return f"{''.join(calls)}def level{depth}(x):\n    y = x * x\n    return y + x\ndef f(x):\n    return level0(x)\n"


def product(depth):
    return f"def f(x):\n    return {' * '.join(['x'] * 4 * depth)}\n"


def straight(depth):
    lines = [f"    v{i + 1} = v{i} * x + v{i}\n" for i in range(10 * depth)]
    return f"def f(x):\n    v0 = x\n{''.join(lines)}    return v{10 * depth}\n"


def _calls(text, path):
    """How many functions run for the first gradient."""
    path.write_text(text)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    profile = cProfile.Profile(builtins=False)
    profile.runcall(grad(module.f), 0.5)
    return sum(entry.callcount for entry in profile.getstats())


@pytest.mark.parametrize(
    ("program", "size"), [(circle, 1), (chain, 2), (product, 2), (straight, 8)]
)
def test_work_for_twice_the_length(program, size, tmp_path):
    _calls(program(1), tmp_path / "first.py")  # imports what the first transformation imports
    short, long = (_calls(program(n), tmp_path / f"of{n}.py") for n in (size, 2 * size))
    assert long < 2.9 * short
