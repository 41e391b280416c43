"""Writes random functions: expressions that broadcast, branches, loops, lists, helpers, closures."""

import random
from typing import Any

KINDS = "svcrm"  # number, (3,), (2, 1), (1, 3), (2, 3): any two broadcast to one of these
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


def program(seed: int, size: int) -> tuple[str, str]:
    """Text of a function `f` with what it calls, and the kinds of its arguments.

    Parameters
    ----------
    seed
        The same seed and size give the same text.
    size
        About how many statements `f` has.
    """
    return _Writer(random.Random(seed * 100 + size)).program(size)


class _Writer:
    """One program. `scope` maps the names in sight to their kinds; names in `locked` keep theirs."""

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

    # --- functions --------------------------------------------------------------------------------
    def program(self, size: int) -> tuple[str, str]:
        parts = []
        self.start = 2 if size < 3 else 1 if size < 6 else 0
        for _ in range(self.draw.choice([0, 0, 1, 1, 2] if size > 2 else [0, 0, 0, 1])):
            write = self.recursive if self.chance(0.25) else self.helper
            parts.append(write(size // 3 + 1))
        kinds = self.draw.choice("svm") + "".join(
            self.draw.choices("sssvvcrmmlLn", k=self.draw.randint(1, 3))
        )
        names = list("xyzab"[: len(kinds)])
        self.enter(names, kinds)
        self.result, self.left = "s", size
        body = self.block(1, size)
        parts.append(
            "\n".join([f"def f({', '.join(names)}):", *body, f"    return {self.ending()}"])
        )
        return "\n\n\n".join(parts), kinds

    def helper(self, size: int) -> str:
        kinds = "".join(self.draw.choices("sssvvm", k=self.draw.randint(1, 3)))
        result, name = self.draw.choice("ssvm"), f"helper{len(self.functions)}"
        names = list("gvh"[: len(kinds)])
        self.enter(names, kinds)
        self.result, self.left = result, size
        body = self.block(1, size)
        head = f"def {name}({', '.join(names)}):"
        text = "\n".join([head, *body, f"    return {self.bounded(result)}"])
        self.functions[name] = (kinds, result)
        return text

    def recursive(self, size: int) -> str:
        kind, name = self.draw.choice("ssvm"), f"deep{len(self.functions)}"
        self.enter(["g", "h"], kind + "s")
        self.integers = ["depth"]
        self.result, self.left = kind, size
        head = [
            f"def {name}(g, h, depth):",
            "    if depth <= 0:",
            f"        return {self.expr(kind)}",
        ]
        body = self.block(1, size)
        again = f"{name}({self.bounded(kind)}, {self.expr('s')}, depth - 1)"
        shape = self.draw.choice(["np.sin({}) * 0.9", "{} + 0.3 * {}", "0.5 * {} * {}"])
        last = shape.format(*[again, self.expr(self.draw.choice(["s", kind]))][: shape.count("{}")])
        self.functions[name] = (kind + "sd", kind)
        return "\n".join([*head, *body, f"    return {last}"])

    def enter(self, names: list[str], kinds: str) -> None:
        self.scope = {name: kind for name, kind in zip(names, kinds, strict=True) if kind in KINDS}
        self.lists = {
            n: "sv"["lL".index(k)] for n, k in zip(names, kinds, strict=True) if k in "lL"
        }
        self.integers = [n for n, k in zip(names, kinds, strict=True) if k == "n"]
        self.given = set(self.lists)
        self.locked = set()
        self.walked = set()

    # --- statements -------------------------------------------------------------------------------
    def block(self, depth: int, most: int) -> list[str]:
        lines: list[str] = []
        for _ in range(self.draw.randint(max(1, most // 2), max(1, most))):
            if lines and self.left <= 0:
                break
            self.left -= 1
            lines += self.statement(depth)
        return lines

    def statement(self, depth: int) -> list[str]:
        simple = [
            (self.assign, 8),
            (self.augment, 2),
            (self.unpack, 2),
            (self.grow, 2),
            (self.inner, 1),
        ]
        nested = [
            (self.branch, 4),
            (self.loop_range, 3),
            (self.loop_items, 3),
            (self.loop_while, 1),
        ]
        leave = [(self.leave, 3 if self.loops else 1)]
        every = simple if depth > 4 or (self.loops > 2) else simple + nested + leave
        write = self.draw.choices([w for w, _ in every], [n for _, n in every])[0]
        pad = "    " * depth
        return [pad + line for line in write(depth)]

    def assign(self, depth: int) -> list[str]:
        name, kind = self.target()
        value = self.bounded(kind)
        if self.chance(0.06):
            value = f"{value} if {self.condition()} else {self.bounded(kind)}"
        self.bind(name, kind)
        return [f"{name} = {value}"]

    def augment(self, depth: int) -> list[str]:
        scalars = [name for name, kind in self.scope.items() if kind == "s"]
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

    def grow(self, depth: int) -> list[str]:
        own = [name for name in self.lists if name not in self.given | self.walked]
        if own and self.chance(0.6):
            name = self.draw.choice(own)
            return [f"{name}.append({self.bounded(self.lists[name])})"]
        if self.loops:
            return self.assign(depth)
        kind, name = self.draw.choice("ssvr"), self.fresh("items")
        start = f"[{self.bounded(kind)}]"
        if self.chance(0.5):
            start = self.comprehension(kind)
        self.lists[name] = kind
        return [f"{name} = {start}"]

    def comprehension(self, kind: str) -> str:
        if self.lists and self.chance(0.5):
            source = self.draw.choice(list(self.lists))
            return self.within("e", self.lists[source], kind, f"for e in {source}")
        if self.chance(0.4):
            return self.within("e", "s", kind, f"for e in {self.expr('v', 2)}")
        self.integers.append("k")
        text = f"[{self.bounded(kind)} for k in range({self.draw.randint(1, 3)})]"
        self.integers.remove("k")
        return text

    def within(self, name: str, of: str, kind: str, loop: str) -> str:
        before = dict(self.scope)
        self.scope[name] = of
        text = f"[{self.bounded(kind)} {loop}]"
        self.scope = before
        return text

    def inner(self, depth: int) -> list[str]:
        kinds, result = self.draw.choice(["s", "v", "m", "ss", "sv"]), self.draw.choice("svm")
        name, before, nested = self.fresh("inner"), dict(self.scope), self.loops
        names = ["e", "o"][: len(kinds)]
        self.scope |= dict(zip(names, kinds, strict=True))
        if self.chance(0.5):
            lines = [f"{name} = lambda {', '.join(names)}: {self.bounded(result)}"]
        else:
            value = self.bounded("s")
            self.scope["part"] = "s"
            lines = [f"def {name}({', '.join(names)}):", f"    part = {value}"]
            if self.chance(0.5):
                lines += [f"    if {self.condition()}:", f"        part = {self.bounded('s')}"]
            lines += [f"    return {self.bounded(result)}"]
        self.scope, self.loops = before, nested
        self.functions[name] = (kinds, result)
        target, kind = self.target(result)
        call = self.call(name)
        if nested or depth > 1 or self.chance(0.3):
            del self.functions[name]
        self.bind(target, kind)
        return [*lines, f"{target} = {call}"]

    def branch(self, depth: int) -> list[str]:
        lines = [f"if {self.condition()}:"]
        ends = [self.nested(lines)]
        if self.chance(0.3):
            lines.append(f"elif {self.condition()}:")
            ends.append(self.nested(lines))
        if self.chance(0.55):
            lines.append("else:")
            ends.append(self.nested(lines))
        else:
            ends.append(dict(self.scope))
        shared = set.intersection(*map(set, ends))
        self.scope = {name: self.merged([end[name] for end in ends]) for name in sorted(shared)}
        return lines

    def merged(self, kinds: list[str]) -> str:
        return kinds[0] if len(set(kinds)) == 1 else ANY

    def nested(self, lines: list[str]) -> dict[str, str]:
        """Add a block; the scope is as before it, the scope at its end is what it returns."""
        before = dict(self.scope), dict(self.lists), dict(self.functions), list(self.integers)
        lines += self.block(1, 3)
        end = self.scope
        self.scope, self.lists, self.functions, self.integers = before
        return end

    def loop_range(self, depth: int) -> list[str]:
        name = self.draw.choice(["i", "j", "k"])
        bounds = ["2", "3", "1", "0", "3, 0, -1", "1, 4, 2", *(f"{n}" for n in self.integers)]
        bounds += [f"len({each})" for each in self.lists]
        before = list(self.integers)
        head = f"for {name} in range({self.draw.choice(bounds)}):"
        lines = []
        if self.chance(0.3) and name not in before:  # it can be read after the loop
            lines, before = [f"{name} = 1"], [*before, name]
        self.integers.append(name)
        lines += self.looped(head)
        self.integers = before
        return lines

    def loop_items(self, depth: int) -> list[str]:
        """A loop over the rows of an array, a list, or several at once."""
        kinds, heads = "sv", {"s": [self.expr("v", 2)], "v": [self.expr("m", 2)]}
        for each, kind in self.lists.items():
            heads.setdefault(kind, []).extend(
                [each, f"{each}[1:]", f"reversed({each})", f"list({each})"]
            )
        kind = self.draw.choice(kinds)
        heads[kind].append(f"[{self.bounded(kind)}, {self.bounded(kind)}]")
        heads[kind].append(f"({self.bounded(kind)}, {self.bounded(kind)}, {self.bounded(kind)})")
        item, source, before = (
            self.draw.choice(["e", "row", "t", "x"]),
            self.draw.choice(heads[kind]),
            {},
        )
        if self.kept(item) not in ("", kind):
            item = self.fresh("e")
        lines = []
        if item not in self.scope and self.chance(0.3):
            lines.append(f"{item} = {self.bounded(kind)}")
            self.scope[item] = kind
        kept, integers = self.scope.get(item), list(self.integers)
        if kept not in (None, kind):
            self.scope[item] = ANY
        before = dict(self.scope)
        way = self.draw.random()
        if way < 0.6:
            head, added = f"for {item} in {source}:", {item: kind}
        elif way < 0.8:
            head, added = f"for n_th, {item} in enumerate({source}):", {item: kind}
            self.integers.append("n_th")
        else:
            other = self.expr("v", 2)
            head, added = f"for {item}, mate in zip({source}, {other}):", {item: kind, "mate": "s"}
        self.scope |= added
        walked = set(self.walked)
        self.walked |= {each for each in self.lists if each in source}
        lines += self.looped(head)
        self.scope, self.integers, self.walked = before, integers, walked
        return lines

    def loop_while(self, depth: int) -> list[str]:
        name = self.fresh("count")
        more = f" and ({self.condition()})" if self.chance(0.4) else ""
        head = f"while {name} < {self.draw.randint(0, 3)}{more}:"
        self.integers.append(name)
        return [f"{name} = 0", *self.looped(head, [f"    {name} += 1"])]

    def looped(self, head: str, first: list[str] | None = None) -> list[str]:
        before, locked, integers = dict(self.scope), set(self.locked), list(self.integers)
        for name in self.scope:
            if name not in self.locked and self.chance(0.1):
                before[name] = self.scope[name] = ANY
        self.locked |= set(self.scope)
        self.loops += 1
        lines = [head, *(first or [])]
        self.nested(lines)
        self.loops -= 1
        self.scope, self.locked, self.integers = before, locked, integers
        if self.chance(0.1):
            lines.append("else:")
            self.locked |= set(before)
            self.nested(lines)
            self.locked = locked
        return lines

    def leave(self, depth: int) -> list[str]:
        """A way out of a loop or of the function, on a condition."""
        ways = ["break", "continue", "continue", "break", ""] if self.loops else [""]
        way = self.draw.choice(ways) or f"return {self.ending()}"
        return [f"if {self.condition()}:", f"    {way}"]

    def ending(self) -> str:
        """What is returned: it reads several names."""
        if self.result != "s":
            return self.bounded(self.result)
        read = self.draw.sample(sorted(self.scope), min(len(self.scope), self.draw.randint(1, 4)))
        parts = [name if self.scope[name] == "s" else f"np.sum({name})" for name in read]
        parts += [f"np.sum(sum({name}))" for name in self.lists if self.chance(0.5)]
        parts += [f"0.1 * {name}" for name in self.integers if self.chance(0.2)]
        return " + ".join([*parts, self.bounded("s")])

    # --- names ------------------------------------------------------------------------------------
    def target(self, kind: str = "") -> tuple[str, str]:
        """A name to bind and the kind of value that it may hold."""
        if self.scope and self.chance(0.6):
            name = self.draw.choice(sorted(self.scope))
        else:
            name = self.draw.choice(NAMES)
        held = self.kept(name)
        if held in ("", ANY):
            return name, kind or self.draw.choice("sssvvcrmm")
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
