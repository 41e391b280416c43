"""Level 4, a tenth of the programs: few arrays that are given to one another, written into and bound anew over and over."""

import random

Patterns = tuple[str, ...]

HELPERS = """\
def put(g, h):
    g[1] = np.tanh(h)


def put_all(g, h):
    g[...] = h * 0.5


def same(g, h):
    g[0] = np.sin(h)
    return g


def fresh(g, h):
    r = g * 0.5
    r[2] = np.tanh(h)
    return r


def both(g, h):
    u = g[0] * h
    g[0] = 0.3
    return u, g[1] * 0.5"""
STARTS: dict[str, Patterns] = {
    "a": ("y", "y.copy()", "y * 1.0", "np.sin(y)"),
    "b": ("np.cos(y)", "z[0] * 0.7", "z[1]", "np.zeros(3)", "y[::-1] * x"),
    "c": ("np.ones(3)", "y + z[0]", "a * x", "np.full(3, x)", "a"),
    "m": ("z", "z.copy()", "z * x", "np.outer(z[:, 0], y)"),
    "s": ("x", "0.0", "y[0] * x", "x * 1.0"),
}  # fmt: skip
# {0} and {1} are names of vectors, {v} is a vector, {s} a number, {i} an index
BINDS: Patterns = (
    "{0} = {1}", "{0} = {1}", "{0} = {1} * 0.8", "{0} = {1}[::-1]", "{0} = {1}[:]", "{0} = {1}.copy()", "{0} = {1} + {v}",
    "{0}, {1} = {1}, {0}", "{0} = np.array({1})", "{0} = np.asarray({1})", "{0} = m[0]", "{0} = m[1] * 0.9", "{0} = y",
    "{0} = m.sum(axis=0)",
)  # fmt: skip
WRITES: Patterns = (
    "{0}[...] = {v}", "{0}[:] = {v}", "np.copyto({0}, {v})", "{0}[{i}] = {s}", "{0}[1:] = {1}[:-1]", "{0} += {v}",
    "{0} *= np.tanh({s})", "{0}[{i}] += {s}", "{0}.fill({s})", "np.sin({1}, out={0})", "np.multiply({1}, 0.7, out={0})",
    "{0}[{1} > 0.2] = {s}", "{0}[[0, 2]] = {1}[1:]", "{0}[:2] *= {1}[1:]", "{0}[{i}], {1}[{i}] = {1}[{i}], {0}[{i}]",
    "{0} -= {1} * 0.5", "{0}[...] = {s}", "np.tanh({0}, {0})", "{0}[{0} > 0.1] *= 0.5",
)  # fmt: skip
NUMBERS: Patterns = (
    "s = s * 0.5 + np.sum({0} * {1})", "s = {0}[{i}] * 0.9 + s * 0.2", "s += np.tanh({0} @ {1})", "s = np.max({0})",
    "s = np.sin(s) + np.sum(m * {0})", "s += np.sum({v})",
)  # fmt: skip
CALLS: Patterns = (
    "put({0}, {s})", "put_all({0}, {v})", "{1} = same({0}, {s})", "{1} = fresh({0}, {s})", "same({0}, {s})",
    "s, e = both({0}, {s})", "put(m[0], {s})", "put({0}[::-1], {s})",
)  # fmt: skip
ROWS: Patterns = (
    "m[0] = {v}", "m[1, {i}] = {s}", "m += {0}", "m[:, {i}] = {s}", "m = m * 0.9", "m[...] = {0}", "m = np.vstack([{0}, {1}])",
    "m[0], m[1] = m[1].copy(), m[0].copy()",
)  # fmt: skip
VECTORS: Patterns = (
    "{0}", "{0}", "np.sin({0})", "{0} * 0.6", "{0}[::-1]", "m[0]", "m[1]", "y", "np.tanh({0} + s)",
)  # fmt: skip
SCALARS: Patterns = ("s", "s", "0.7", "{0}[{i}]", "np.tanh(s)", "np.sum({0})")
LOOPS: Patterns = (
    "for k in range(0):",
    "for k in range(1):",
    "for k in range(2):",
    "for k in range(3):",
)
TESTS: Patterns = ("if s > 0.3:", "if {0}[0] > {1}[1]:", "if x > 10:")


class Dense:
    """Writes one program; see `expressions.Expressions`."""

    def __init__(self, draw: random.Random) -> None:
        self.draw = draw

    def program(self, size: int) -> tuple[str, dict[str, str]]:
        """The text of `f` with what it calls, and the kind of each of its arguments."""
        lines = [f"{name} = {self.draw.choice(ways)}" for name, ways in STARTS.items()]
        lines += self.block(size + 2, 0)
        lines += ["return s + np.sum(a * b) + np.sum(np.sin(c)) + np.sum(np.tanh(m) * m)"]
        body = "\n".join(f"    {line}" for line in lines)
        return f"{HELPERS}\n\n\ndef f(x, y, z):\n{body}", {"x": "s", "y": "v", "z": "m"}

    def block(self, most: int, depth: int) -> list[str]:
        """Up to `most` statements; loops and branches within one another are two at most."""
        lines: list[str] = []
        for _ in range(self.draw.randint(1, most)):
            chance = self.draw.random()
            if chance < 0.15 and depth < 2:
                lines += self.loop(depth)
            elif chance < 0.24 and depth < 2:
                lines += self.branch(depth)
            elif chance < 0.28 and not depth:
                lines += self.closure()
            else:
                kinds = (BINDS, WRITES, NUMBERS, CALLS, ROWS)
                lines.append(self.filled(*self.draw.choices(kinds, (5, 7, 3, 3, 2))))
        return lines

    def loop(self, depth: int) -> list[str]:
        body = self.block(3, depth + 1)
        if self.draw.random() < 0.6:
            head = self.draw.choice(LOOPS)
        elif self.draw.random() < 0.5:
            head, body = (
                "for row in m:",
                [*body, self.filled(("row[0] = s", "row *= {0}", "row[...] = {0}"))],
            )
        else:
            head, body = (
                "for k, e in enumerate(y):",
                [*body, self.filled(("s = s * 0.7 + e * {0}[0]",))],
            )
        if self.draw.random() < 0.2:
            body += ["if s > 1.5:", "    break"]
        return [head, *(f"    {line}" for line in body)]

    def branch(self, depth: int) -> list[str]:
        lines = [self.filled(TESTS), *(f"    {line}" for line in self.block(2, depth + 1))]
        if self.draw.random() < 0.5:
            lines += ["else:", *(f"    {line}" for line in self.block(2, depth + 1))]
        return lines

    def closure(self) -> list[str]:
        """A function that writes into what it captures, defined and called."""
        name, text = (
            f"write_{self.draw.randint(1, 99)}",
            self.filled(("{0}[0] = np.tanh(h)", "{0}[...] = {0} * h", "{0}[:] = h")),
        )
        bound = ["    nonlocal s", "    s = s * 0.5 + h"] if self.draw.random() < 0.4 else []
        call = self.filled((f"{name}({{s}})",))
        again = ["for k in range(2):", f"    {call}"] if self.draw.random() < 0.3 else []
        return [f"def {name}(h):", *bound, f"    {text}", call, *again]

    def filled(self, patterns: Patterns) -> str:
        """One of the patterns, with names in the places for them."""
        one, other = self.draw.choice("abc"), self.draw.choice("abc")
        text = self.draw.choice(patterns)
        while any(place in text for place in ("{v}", "{s}", "{i}")):
            text = text.replace(
                "{v}", self.draw.choice(VECTORS).replace("{0}", self.draw.choice("abc")), 1
            )
            text = text.replace(
                "{s}", self.draw.choice(SCALARS).replace("{0}", self.draw.choice("abc")), 1
            )
            text = text.replace("{i}", self.draw.choice(("0", "1", "2", "-1")), 1)
        return text.format(one, other)
