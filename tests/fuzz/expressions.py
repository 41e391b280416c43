"""Level 1: expressions that broadcast, reduce, index and call, in programs without branches."""

import random
from collections.abc import Callable, Sequence
from typing import Any

KINDS = (
    "svcrmk"  # number, (3,), (2, 1), (1, 3), (2, 3), (2, 2, 3): any two broadcast to one of these
)
ANY = "?"
NAMES = [
    "t",
    "u",
    "p",
    "q",
    "w",
    "total",
    "out",
    "value",
    "d_x",
    "x_1",
    "sin_x",
    "y_saved",
    "result",
]
WRAPS = [
    "np.sin({})", "np.tanh({})", "np.cos({})", "np.arctan({})", "(0.5 * {})", "np.sin(0.7 * {})",
]  # fmt: skip
UNARY = [
    "np.sin({})", "np.cos({})", "np.tanh({})", "np.arctan({})", "(-{})", "{} ** 2", "np.square({})",
    "np.exp(0.4 * {})", "np.exp(-({} ** 2))", "np.log(1.5 + {} ** 2)", "np.sqrt(1.2 + {} ** 2)",
    "np.abs({})", "(1.0 / (1.0 + np.exp(-{})))", "np.maximum({}, 0.1)", "np.minimum({}, 0.35)",
    "np.log1p(np.exp({}))", "np.sinh(0.3 * {})", "np.clip({}, -0.61, 0.77)", "(2.0 - {})",
    "np.expm1(0.3 * {})", "(1.2 + {} ** 2) ** -0.5", "{} ** 3", "np.negative({})", "(+{})",
]  # fmt: skip
BINARY = [
    "({} + {})", "({} - {})", "({} * {})", "({} * {})", "({} + {})", "{} / (1.5 + {} ** 2)",
    "np.maximum({}, {})", "np.minimum({}, {})", "np.logaddexp({}, {})", "np.hypot({}, 0.3 + {})",
    "np.arctan2({}, 1.4 + np.sin({}))", "np.multiply({}, {})", "np.subtract({}, {})",
    "np.where({} > 0.1, {}, 0.3)", "np.add({}, {})", "(1.3 + np.sin({})) ** {}",
]  # fmt: skip
# what makes a value of one kind out of values of other kinds, which stand in braces
SHAPED = {
    "s": [
        "np.sum({v})", "np.sum({m})", "np.mean({m})", "np.sum({c})", "np.mean({r})", "{v}[1]",
        "{v}[-1]", "{m}[0, 2]", "np.dot({v}, {v})", "({v} @ {v})", "np.sum({?})", "np.max({v})",
        "np.min({m})", "np.prod({v})", "np.var({v})", "np.std({m})", "np.linalg.norm({m})",
        "{m}.sum()", "{r}.mean()", "{c}[1, 0]", "np.sum({m} * {r})", "np.sum({c} + {v})",
        "np.sum({v} * {s})", "np.trace({m} @ {m}.T)", "np.sum({m}[:, 1:])", "max({s}, {s})",
        "min({s}, {s})", "abs({s})", "{k}[1, 0, 2]", "np.sum({k} * {m})", "np.mean({k}[..., 1:])",
        "np.sum({v}[3:])", "np.sum({m}[[0, 1, 1], [2, 0, 0]])", "np.vdot({m}, {m})",
        "np.sum({v}[{v} > 0.1])", "float({s})", "{v}.max()", "np.sum({m}[..., ::-2])",
        "np.einsum('ij,ij->', {m}, {m})", "({r} @ {v})[0]", "np.sum({v}, keepdims=True)[0]",
        "np.linalg.norm([{s}, 0.7, {s}])", "np.mean([{s}, {s}])", "np.sum(np.r_[{v}, {s}])",
        "np.sum({s} * np.ones(2))", "{v}.mean()[None][0]", "max({s} * {s} * 3, 0.2)",
    ],
    "v": [
        "{m}[1]", "{m}[0, :]", "np.sum({m}, axis=0)", "np.mean({m}, axis=0)", "{r}[0]",
        "np.array([{s}, {s}, {s}])", "np.stack([{s}, {s}, {s}])", "{v}[::-1]", "np.cumsum({v})",
        "np.concatenate([{v}[:1], {v}[1:]])", "{r}.reshape(3)", "np.where({v} > 0.1, {v}, {v})",
        "{v}[[0, 2, 2]]", "np.sum({c} * {v}, axis=0)", "np.zeros(3) + {s}", "np.ravel({r})",
        "np.full(3, {s})", "np.c_[{v}, {v}][:, 1]", "np.r_[{s}, {v}[1:]]", "({m}.T @ {c})[:, 0]", "np.max({m}, axis=0)", "{k}[1, 0]",
        "np.roll({v}, 1)", "np.sum(np.stack([{v}, {v}]), axis=0)", "{k}.sum(axis=(0, 1))",
        "{k}[-1, ..., 0, :]", "{m}[..., 1, ::-1]", "np.sort({v})", "np.squeeze({r})",
        "{m}[[1, 0, 1], [0, 0, 2]]", "np.diff(np.append({v}, {s}))", "{v}[np.array([2, 0, 2])]",
        "np.hstack([{v}[:2], {s}])", "np.flip({v})", "np.prod({m}, axis=0)", "{m}.ravel()[::2]",
        "np.cumsum({v}[::-1])[::-1]", "np.linalg.norm({m}, axis=0)", "{v}[:, None][:, 0]",
    ],
    "c": [
        "{m}[:, 1:2]", "{v}[:2, None]", "np.sum({m}, axis=1, keepdims=True)", "{v}[1:].reshape(2, 1)",
        "{m}.mean(axis=1)[:, None]", "({m} @ {v})[:, None]", "np.array([[{s}], [{s}]])",
        "np.max({m}, axis=1, keepdims=True)", "{m} @ {r}.T", "{m}[:, [2]]", "{c}[::-1]",
        "{k}[0][:, :1]", "{k}.mean(axis=(0, 2))[:, np.newaxis]", "{m}.min(axis=-1, keepdims=True)",
    ],
    "r": [
        "{v}[None]", "{v}[np.newaxis, :]", "{m}[:1]", "np.sum({m}, axis=0, keepdims=True)",
        "{v}.reshape(1, 3)", "{c}.T @ {m}", "{r}[:, ::-1]", "np.expand_dims({v}, 0)", "{m}[[1]]",
        "np.atleast_2d({v})", "np.array([[{s}, {s}, {s}]])", "{k}[1, -1:]", "{m}[-1:, ...]",
        "np.diff({m}, axis=0)",
    ],
    "m": [
        "{c} * {r}", "np.outer({v}[:2], {v})", "np.stack([{v}, {v}])", "np.vstack([{r}, {r}])",
        "{m}[::-1]", "{m}[[0, 0]]", "np.where({m} > 0.0, {m}, {r})", "np.tile({r}, (2, 1))",
        "np.broadcast_to({v}, (2, 3))", "{m}.T.T", "np.concatenate([{c}, {c}, {c}], axis=1)",
        "np.cumsum({m}, axis=1)", "np.repeat({r}, 2, axis=0)", "{m} @ {m}.T @ {m}",
        "np.einsum('i,j->ij', {v}[:2], {v})", "{m} - np.mean({m}, axis=1, keepdims=True)",
        "{k}[0]", "{k}[:, 1]", "np.sum({k}, axis=0)", "np.mean({k}, axis=1)", "np.max({k}, axis=0)",
        "{k}[..., 1, :]", "{m}[:, ::-1]", "{m}[:, [2, 0, 2]]", "np.roll({m}, 1, axis=1)",
        "np.array([{v}, {v}])", "np.flip({m}, 0)", "np.tensordot({c}, {r}, 1)",
        "{m}.reshape(3, 2).T", "np.swapaxes({m}, 0, 1).T", "np.pad({c}, ((0, 0), (1, 1)))",
    ],
    "k": [
        "{m}[:, None, :] + {m}[None]", "np.stack([{m}, {m}])", "np.broadcast_to({m}, (2, 2, 3))",
        "np.tile({m}, (2, 1, 1))", "{k}[::-1]", "np.transpose({k}, (1, 0, 2))", "{k}.swapaxes(0, 1)",
        "np.einsum('ij,kj->ikj', {m}, {m})", "{m}[[[0, 1], [1, 1]]]", "{k}[:, [1, 1]]",
        "np.cumsum({k}, axis=1)", "{k}[..., ::-1]", "{k} @ ({m}.T @ {m})", "{m}[None] * {c}[:, None]",
        "np.concatenate([{k}[:1], {m}[np.newaxis]])", "{k} - {k}.max(axis=-1, keepdims=True)",
    ],
}  # fmt: skip
JOINED = {
    "s": ["ss"],
    "v": ["vv", "vs", "sv"],
    "c": ["cc", "cs", "sc"],
    "r": ["rr", "rv", "vr", "rs", "sr"],
    "m": ["mm", "ms", "sm", "mv", "vm", "mc", "cm", "mr", "rm", "cv", "vc", "cr", "rc", "m?"],
    "k": ["kk", "ks", "sk", "kv", "vk", "km", "mk", "kc", "ck", "kr", "rk", "k?"],
}
FITTING = {
    "v": "sv",
    "c": "sc",
    "r": "svr",
    "m": "svcrm",
    "k": KINDS + ANY,
}  # broadcasts to the kind
PLAIN = {
    "v": "np.linspace(-0.4, 1.1, 3)",
    "c": "np.array([[0.3], [-0.8]])",
    "r": "np.array([[0.6, -0.2, 0.9]])",
    "m": "np.linspace(-1.0, 0.9, 6).reshape(2, 3)",
    "k": "np.linspace(-1.0, 0.9, 12).reshape(2, 2, 3)",
}
INDEXED = {
    "s": ["{v}[%s %% 3]", "{m}[%s %% 2, 1]", "{r}[0, -1 - %s %% 3]", "np.sum({v}[:%s])"],
    "v": ["{m}[%s %% 2]", "{k}[%s %% 2, 0]", "np.roll({v}, %s)"],
    "m": ["{k}[%s %% 2]", "{k}[:, %s %% 2]"],
}
Writer = Callable[[int], list[str]]


class Expressions:
    """Writes expressions of a given kind, and the statements of programs without branches.

    `scope` maps the names in sight to their kinds. The names in `locked` keep theirs.
    """

    arguments: tuple[Sequence[str], str] = (
        "svm",
        "ssvvcrmmkovwo",
    )  # kinds of the first ones, of others

    def __init__(self, draw: random.Random) -> None:
        self.draw = draw
        self.scope: dict[str, str] = {}
        self.locked: set[str] = set()
        self.integers: list[str] = []
        self.lists: dict[str, str] = {}  # lists of values of one kind
        self.functions: dict[str, tuple[str, str]] = {}  # kinds of the parameters and of the result
        self.result = "s"
        self.left = self.made = 0
        self.loops = 0  # loops around the statement that is being written
        self.start = self.simplest = (
            0  # depth at which an expression starts: small programs have short ones
        )

    # --- programs ---------------------------------------------------------------------------------
    def program(self, size: int) -> tuple[str, dict[str, str]]:
        """The text of `f` with what it calls, and the kind of each of its arguments."""
        self.start = max(self.simplest, 2 if size < 3 else 1 if size < 6 else 0)
        parts = self.before(size)
        first, others = self.arguments
        kinds = self.draw.choice(first) + "".join(
            self.draw.choices(others, k=self.draw.randint(1, 3))
        )
        given = dict(zip("xyzab", kinds, strict=False))
        self.enter(given)
        self.result, self.left = "s", size
        body = self.block(1, size)
        parts.append(
            "\n".join([f"def f({', '.join(given)}):", *body, f"    return {self.ending()}"])
        )
        return "\n\n\n".join(parts), given

    def before(self, size: int) -> list[str]:
        """What stands before the function: its helpers."""
        return []

    def enter(self, given: dict[str, str]) -> None:
        """Start a function with these parameters."""
        self.scope = {
            name: STANDS_FOR.get(kind, kind)
            for name, kind in given.items()
            if STANDS_FOR.get(kind, kind) in KINDS
        }
        self.lists, self.integers, self.locked = {}, [], set()

    def block(self, depth: int, most: int) -> list[str]:
        """Up to `most` statements, indented."""
        lines: list[str] = []
        pad = "    " * depth
        for _ in range(self.draw.randint(max(1, most // 2), max(1, most))):
            if lines and self.left <= 0:
                break
            self.left -= 1
            every = self.statements(depth)
            write = self.draw.choices([w for w, _ in every], [n for _, n in every])[0]
            lines += [pad + line for line in write(depth)]
        return lines

    def statements(self, depth: int) -> list[tuple[Writer, int]]:
        """What writes a statement, and how often each is taken."""
        return [(self.assign, 8), (self.augment, 2), (self.unpack, 2), (self.walrus, 1)]

    def ending(self) -> str:
        """What is returned: it reads several names."""
        if self.result != "s":
            return self.bounded(self.result)
        read = self.draw.sample(sorted(self.scope), min(len(self.scope), self.draw.randint(1, 4)))
        parts = [name if self.scope[name] == "s" else f"np.sum({name})" for name in read]
        return " + ".join([*parts, self.bounded("s")])

    # --- statements -------------------------------------------------------------------------------
    def assign(self, depth: int) -> list[str]:
        name, kind = self.target()
        value = self.bounded(kind)
        if self.chance(0.06):
            value = f"{value} if {self.condition()} else {self.bounded(kind)}"
        self.bind(name, kind)
        return [f"{name} = {value}"]

    def augment(self, depth: int) -> list[str]:
        """An operator on a number: an array could be another name's as well."""
        scalars = [name for name, kind in self.scope.items() if kind == "s" and name not in "xyzab"]
        if not scalars:
            return self.assign(depth)
        name = self.draw.choice(scalars)
        return [f"{name} {self.draw.choice(['+', '-', '*', '+'])}= {self.bounded('s')}"]

    def unpack(self, depth: int) -> list[str]:
        if self.chance(0.3):
            vector, names = self.expr("v", 2), self.draw.sample(NAMES, 3)
            if any(self.kept(name) not in ("", "s", ANY) for name in names):
                return self.assign(depth)
            for name in names:
                self.bind(name, "s")
            return [f"{', '.join(names)} = {vector}"]
        (a, one), (b, other) = self.target(), self.target()
        if a == b:
            return self.assign(depth)
        line = f"{a}, {b} = {self.bounded(one)}, {self.bounded(other)}"
        self.bind(a, one), self.bind(b, other)
        return [line]

    def walrus(self, depth: int) -> list[str]:
        """A name that is bound within an expression and read in the same one."""
        name, kind = self.target()
        part = self.fresh("part")
        value = f"(({part} := {self.bounded(kind)}) * {part})"
        self.bind(name, kind)
        return [f"{name} = 0.3 * {value}"]

    # --- expressions ------------------------------------------------------------------------------
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
        pair = [self.fitting(kind) if k == ANY else self.expr(k, depth + 1) for k in (one, other)]
        return self.draw.choice(BINARY).format(*pair)

    def fitting(self, kind: str) -> str:
        """A name of what broadcasts to the kind."""
        return self.any_name(FITTING.get(kind, "s") + ("" if kind == "k" else ANY))

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
        if self.integers:
            kinds += [lambda: f"{self.draw.choice(self.integers)} % 2 == 0"] * 2
            kinds += [lambda: f"{self.draw.choice(self.integers)} > 0"]
        return self.draw.choice(kinds)()

    # --- names ------------------------------------------------------------------------------------
    def target(self, kind: str = "") -> tuple[str, str]:
        """A name to bind and the kind of value that it may hold."""
        if self.scope and self.chance(0.6):
            name = self.draw.choice(sorted(self.scope))
        else:
            name = self.draw.choice(NAMES)
        held = self.kept(name)
        if held in ("", ANY):
            return name, kind or self.draw.choice("sssvvcrmmk")
        return (name, held) if kind in ("", held) else (self.fresh("new"), kind)

    def kept(self, name: str) -> str:
        """The kind that a name must keep; empty if it may hold any."""
        return self.scope[name] if name in self.locked and name in self.scope else ""

    def bind(self, name: str, kind: str) -> None:
        if self.kept(name) != ANY:
            self.scope[name] = kind

    def fresh(self, stem: str) -> str:
        self.made += 1
        return f"{stem}_{self.made}"

    def chance(self, share: float) -> bool:
        return self.draw.random() < share


STANDS_FOR = {
    "o": "s",
    "w": "v",
    "W": "m",
}  # arrays without axes, and of 32 bits, are used as these
