"""Writes random expressions that broadcast, reduce, index and call."""

import random
from typing import Any

KINDS = "svcrm"  # number, (3,), (2, 1), (1, 3), (2, 3): any two broadcast to one of these
ANY = "?"
WRAPS = [
    "np.sin({})",
    "np.tanh({})",
    "np.cos({})",
    "np.arctan({})",
    "(0.5 * {})",
    "np.sin(0.7 * {})",
]
UNARY = [
    "np.sin({})", "np.cos({})", "np.tanh({})", "np.arctan({})", "(-{})", "{} ** 2", "np.square({})",
    "np.exp(0.4 * {})", "np.exp(-({} ** 2))", "np.log(1.5 + {} ** 2)", "np.sqrt(1.2 + {} ** 2)",
    "np.abs({})", "(1.0 / (1.0 + np.exp(-{})))", "np.maximum({}, 0.1)", "np.minimum({}, 0.35)",
    "np.log1p(np.exp({}))", "np.sinh(0.3 * {})", "np.clip({}, -0.61, 0.77)",
]  # fmt: skip
BINARY = [
    "({} + {})", "({} - {})", "({} * {})", "({} * {})", "({} + {})", "{} / (1.5 + {} ** 2)",
    "np.maximum({}, {})", "np.minimum({}, {})", "np.logaddexp({}, {})", "np.hypot({}, 0.3 + {})",
    "np.arctan2({}, 1.4 + np.sin({}))", "np.multiply({}, {})", "np.subtract({}, {})",
]  # fmt: skip
# what makes a value of one kind out of values of other kinds, which stand in braces
SHAPED = {
    "s": [
        "np.sum({v})", "np.sum({m})", "np.mean({m})", "np.sum({c})", "np.mean({r})", "{v}[1]",
        "{v}[-1]", "{m}[0, 2]", "np.dot({v}, {v})", "({v} @ {v})", "np.sum({?})", "np.max({v})",
        "np.min({m})", "np.prod({v})", "np.var({v})", "np.std({m})", "np.linalg.norm({m})",
        "{m}.sum()", "{r}.mean()", "{c}[1, 0]", "np.sum({m} * {r})", "np.sum({c} + {v})",
        "np.sum({v} * {s})", "np.trace({m} @ {m}.T)", "np.sum({m}[:, 1:])", "max({s}, {s})",
        "min({s}, {s})", "abs({s})",
    ],
    "v": [
        "{m}[1]", "{m}[0, :]", "np.sum({m}, axis=0)", "np.mean({m}, axis=0)", "{r}[0]",
        "np.array([{s}, {s}, {s}])", "np.stack([{s}, {s}, {s}])", "{v}[::-1]", "np.cumsum({v})",
        "np.concatenate([{v}[:1], {v}[1:]])", "{r}.reshape(3)", "np.where({v} > 0.1, {v}, {v})",
        "{v}[[0, 2, 2]]", "np.sum({c} * {v}, axis=0)", "np.zeros(3) + {s}", "np.ravel({r})",
        "np.full(3, {s})", "({m}.T @ {c})[:, 0]", "np.max({m}, axis=0)", 
        "np.roll({v}, 1)", "np.sum(np.stack([{v}, {v}]), axis=0)",
    ],
    "c": [
        "{m}[:, 1:2]", "{v}[:2, None]", "np.sum({m}, axis=1, keepdims=True)", "{v}[1:].reshape(2, 1)",
        "{m}.mean(axis=1)[:, None]", "({m} @ {v})[:, None]", "np.array([[{s}], [{s}]])",
        "np.max({m}, axis=1, keepdims=True)", "{m} @ {r}.T", "{m}[:, [2]]", "{c}[::-1]",
    ],
    "r": [
        "{v}[None]", "{v}[np.newaxis, :]", "{m}[:1]", "np.sum({m}, axis=0, keepdims=True)",
        "{v}.reshape(1, 3)", "{c}.T @ {m}", "{r}[:, ::-1]", "np.expand_dims({v}, 0)", "{m}[[1]]",
        "np.atleast_2d({v})", "np.array([[{s}, {s}, {s}]])",
    ],
    "m": [
        "{c} * {r}", "np.outer({v}[:2], {v})", "np.stack([{v}, {v}])", "np.vstack([{r}, {r}])",
        "np.concatenate([{r}, {m}[1:]], axis=0)", "np.where({m} > 0.05, {m}, {r})", "{m}[::-1]",
        "np.where({s} > 0.0, {m}, {c})", "np.broadcast_to({v}, (2, 3))", "np.tile({r}, (2, 1))",
        "np.array([{v}, {v}])", "({m} @ np.outer({v}, {v}))", "np.hstack([{c}, {m}[:, 1:]])",
        "np.cumsum({m}, axis=1)", "np.repeat({r}, 2, axis=0)", "{m} @ {m}.T @ {m}",
        "np.einsum('i,j->ij', {v}[:2], {v})", "{m} - np.mean({m}, axis=1, keepdims=True)",
    ],
}  # fmt: skip
FITTING = {"v": "sv", "c": "sc", "r": "svr", "m": KINDS + ANY}  # what broadcasts to the kind
INDEXED = {"s": ["{v}[%s %% 3]", "{m}[%s %% 2, 1]", "{r}[0, %s %% 3]"], "v": ["{m}[%s %% 2]"]}
JOINED = {
    "s": ["ss"],
    "v": ["vv", "vs", "sv"],
    "c": ["cc", "cs", "sc"],
    "r": ["rr", "rv", "vr", "rs", "sr"],
}
JOINED["m"] = ["mm", "ms", "sm", "mv", "vm", "mc", "cm", "mr", "rm", "cv", "vc", "cr", "rc", "m?"]
PLAIN = {"v": "np.linspace(-0.4, 1.1, 3)", "c": "np.array([[0.3], [-0.8]])"}
PLAIN |= {"r": "np.array([[0.6, -0.2, 0.9]])", "m": "np.linspace(-1.0, 0.9, 6).reshape(2, 3)"}


class Expressions:
    """Writes expressions of a given kind.

    `scope` maps the names in sight to their kinds. The names in `locked` keep theirs.
    """

    def __init__(self, draw: random.Random) -> None:
        self.draw = draw
        self.scope: dict[str, str] = {}
        self.locked: set[str] = set()
        self.integers: list[str] = []
        self.lists: dict[str, str] = {}
        self.walked: set[str] = set()  # lists that a loop runs over: appending would never end
        self.functions: dict[str, tuple[str, str]] = {}
        self.result = "s"
        self.loops = self.left = self.made = 0
        self.start = 0  # depth at which an expression starts: small programs have short ones

    def bounded(self, kind: str) -> str:
        value = self.expr(kind, self.start)
        return self.draw.choice(WRAPS).format(value) if self.chance(0.5) else value

    def expr(self, kind: str, depth: int = 0) -> str:
        if kind == ANY:
            kind = self.draw.choice("ssvvm")
        way = self.draw.random() + 0.22 * depth
        if way < 0.25:
            return self.joined(kind, depth)
        if way < 0.42:
            return self.draw.choice(UNARY).format(f"({self.expr(kind, depth + 1)})")
        if way < 0.55:
            return self.filled(self.draw.choice(SHAPED[kind]), depth)
        if way < 0.6 and self.integers and kind in INDEXED:
            pattern = self.draw.choice(INDEXED[kind]) % self.draw.choice(self.integers)
            return self.filled(pattern, depth)
        if way < 0.65 and depth < 2:
            made = [name for name, (_, result) in self.functions.items() if result == kind]
            if made:
                return self.call(self.draw.choice(made), depth)
        if way < 0.68 and depth < 2:
            return f"({self.expr(kind, 2)} if {self.condition()} else {self.expr(kind, 2)})"
        return self.atom(kind, depth)

    def joined(self, kind: str, depth: int) -> str:
        one, other = self.draw.choice(JOINED[kind])
        if "?" in (one, other) and ANY not in self.scope.values():
            other = "s"
        pair = [self.any_name() if k == ANY else f"{self.expr(k, depth + 1)}" for k in (one, other)]
        return self.draw.choice(BINARY).format(*pair)

    def filled(self, pattern: str, depth: int) -> str:
        while "{" in pattern:
            start = pattern.index("{")
            kind = pattern[start + 1]
            part = self.any_name() if kind == ANY else self.expr(kind, depth + 2)
            if not part.isidentifier():
                part = f"({part})"
            pattern = pattern[:start] + part + pattern[start + 3 :]
        return f"({pattern})"

    def call(self, name: str, depth: int = 0) -> str:
        kinds, _ = self.functions[name]
        given = [
            str(self.draw.randint(0, 3)) if k == "d" else self.expr(k, depth + 1) for k in kinds
        ]
        return f"{name}({', '.join(given)})"

    def atom(self, kind: str, depth: int) -> str:
        names = [name for name, held in self.scope.items() if held == kind]
        lists = [name for name, held in self.lists.items() if held == kind]
        if lists and self.chance(0.25):
            place = self.draw.choice(
                ["-1", "0", *(f"{n} % len({lists[0]})" for n in self.integers)]
            )
            return f"{lists[0]}[{place}]"
        if names and self.chance(0.92):
            return self.draw.choice(names)
        if kind == "s":
            if self.integers and self.chance(0.4):
                return f"(0.3 * {self.draw.choice(self.integers)})"
            if self.chance(0.4):
                return f"np.mean({self.any_name()})"
            return repr(round(self.draw.uniform(-1.2, 1.4), 2))
        if depth < 2:
            return self.filled(self.draw.choice(SHAPED[kind]), 1)
        return f"({PLAIN[kind]} * {self.any_name(FITTING[kind])})"

    def any_name(self, kinds: str = KINDS + ANY) -> str:
        names = sorted(name for name, kind in self.scope.items() if kind in kinds)
        return self.draw.choice(names) if names else "0.4"

    def condition(self) -> str:
        level = round(self.draw.uniform(-0.6, 0.9), 3)
        kinds: list[Any] = [
            lambda: f"{self.expr('s', 2)} > {level}",
            lambda: f"{self.expr('s', 3)} < {self.expr('s', 3)} + 0.0371",
            lambda: f"np.sum({self.any_name()}) > {level}",
            lambda: f"np.any({self.expr('v', 3)} > {level})",
            lambda: f"{level} < {self.expr('s', 3)} < {level + 0.8:.3f}",
            lambda: f"not {self.expr('s', 3)} > {level}",
            lambda: (
                f"{self.expr('s', 3)} > {level} {self.draw.choice(['and', 'or'])} {self.condition()}"
            ),
        ]
        kinds += (
            [lambda: f"{self.draw.choice(self.integers)} % 2 == 0"] * 3 if self.integers else []
        )
        return self.draw.choice(kinds)()

    def chance(self, share: float) -> bool:
        return self.draw.random() < share
