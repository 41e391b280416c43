"""Writes random functions: expressions that broadcast, branches, loops, lists, helpers, closures."""

import random
from typing import Any

from random_expressions import ANY, KINDS, Expressions

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


def program(seed: int, size: int) -> tuple[str, str]:
    """Text of a function `f` with what it calls, and the kinds of its arguments.

    Parameters
    ----------
    seed
        The same seed and size give the same text.
    size
        About how many statements `f` has.
    """
    return Statements(random.Random(seed * 100 + size)).program(size)


class Statements(Expressions):
    """One program, statement by statement; each method returns the lines of one."""

    arguments = "svm", "sssvvcrmmlLn"

    # --- functions --------------------------------------------------------------------------------
    def program(self, size: int) -> tuple[str, str]:
        parts = []
        self.start = 2 if size < 3 else 1 if size < 6 else 0
        for _ in range(self.draw.choice([0, 0, 1, 1, 2] if size > 2 else [0, 0, 0, 1])):
            write = self.recursive if self.chance(0.25) else self.helper
            parts.append(write(size // 3 + 1))
        first, others = self.arguments
        kinds = self.draw.choice(first) + "".join(
            self.draw.choices(others, k=self.draw.randint(1, 3))
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
            (self.record, 1),
            (self.walrus, 1),
            (self.starred, 1),
            (self.guarded, 1),
        ]
        nested = [
            (self.branch, 4),
            (self.loop_range, 3),
            (self.loop_items, 3),
            (self.loop_while, 1),
        ]
        leave = [(self.leave, 3 if self.loops else 1)]
        simple += self.more()
        every = simple if depth > 4 or (self.loops > 2) else simple + nested + leave
        write = self.draw.choices([w for w, _ in every], [n for _, n in every])[0]
        pad = "    " * depth
        return [pad + line for line in write(depth)]

    def more(self) -> list[tuple[Any, int]]:
        """Statements of a further level, and how often each is written."""
        return []

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

    def record(self, depth: int) -> list[str]:
        """A dict or a tuple of several kinds, of which entries are read at once."""
        (a, one), (b, other) = self.target(), self.target()
        if a == b:
            return self.assign(depth)
        name, parts = self.fresh("parts"), [self.bounded(one), self.bounded(other)]
        if self.chance(0.5):
            lines = [f"{name} = {{'a': {parts[0]}, 'b': {parts[1]}}}"]
            if self.chance(0.3):
                lines.append(f"{name}['a'] = {self.bounded(one)}")
            lines.append(f"{a}, {b} = {name}['a'], {name}['b']")
        else:
            lines = [f"{name} = ({parts[0]}, {parts[1]})", f"{a}, {b} = {name}"]
        self.bind(a, one), self.bind(b, other)
        return lines

    def walrus(self, depth: int) -> list[str]:
        """A name that is bound within an expression and read in the same one."""
        name, kind = self.target()
        part = self.fresh("part")
        value = f"(({part} := {self.bounded(kind)}) * {part})"
        self.bind(name, kind)
        return [f"{name} = 0.3 * {value}"]

    def starred(self, depth: int) -> list[str]:
        """A call with its arguments taken from a tuple, with a default, or by keyword."""
        (name, kind), inner = self.target(), self.fresh("scaled")
        way = self.draw.choice(["*({0}, {1})", "{0}, by={1}", "{0}", "by={1}, value={0}"])
        call = way.format(self.bounded(kind), self.bounded("s"))
        self.bind(name, kind)
        head = f"def {inner}(value, by=0.7):"
        return [head, "    return np.sin(value) * by", f"{name} = {inner}({call})"]

    def guarded(self, depth: int) -> list[str]:
        """Statements in a `with`."""
        return ["with np.errstate(all='ignore'):", *("    " + s for s in self.assign(depth + 1))]

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
