"""Level 3: helpers, closures, recursion, objects, comprehensions and containers."""

from .control import BOUNDS, Control
from .expressions import Writer

CLASSES = """\
class Layer:
    def __init__(self, w, b):
        self.w = w
        self.b = b

    def scaled(self, by):
        return self.w * by + self.b

    def __call__(self, x):
        return np.tanh(self.scaled(x)) * 0.8


class Bent(Layer):
    def scaled(self, by):
        return np.sin(self.w) * by - self.b


@dataclasses.dataclass
class Plain:
    w: Any

    def scaled(self, by):
        by = by * self.w
        return by

    def __call__(self, x):
        return self.scaled(0.5) * x


@dataclasses.dataclass
class Point:
    w: Any
    b: Any

    def away(self, other):
        return np.sum((self.w - other) ** 2) * 0.1 + np.sum(self.b)


State = collections.namedtuple("State", "w b")


def apply(function, value):
    return function(value)


def composed(f, g):
    return lambda value: g(f(value))
"""
CONTAINERS = {"l": "s", "L": "v", "M": "m"}  # lists of numbers, of vectors, of matrices
FUNCTIONS = ["np.tanh", "np.sin", "lambda value: 0.4 * value ** 2", "np.square", "np.arctan"]


class Functions(Control):
    """Programs that call functions of their own and hold values in containers."""

    arguments = ("svm", "sssvvcrmmklLlLMnowDTP")

    def enter(self, given: dict[str, str]) -> None:
        super().enter(given)
        self.lists = {n: CONTAINERS[kind] for n, kind in given.items() if kind in CONTAINERS}
        self.given = set(self.lists)
        self.records = {  # entries of containers that can be read: text and kind
            f"{name}{entry}": of
            for name, kind in given.items()
            for entry, of in ENTRIES.get(kind, {}).items()
        }

    def statements(self, depth: int) -> list[tuple[Writer, int]]:
        every = [
            (self.grow, 3), (self.inner, 2), (self.record, 2), (self.starred, 1), (self.rebound, 1),
            (self.object, 1), (self.several, 1), (self.higher, 1), (self.read, 2 if self.records else 0),
        ]  # fmt: skip
        return [*super().statements(depth), *every]

    def ending(self) -> str:
        text = super().ending()
        if self.result != "s":
            return text
        parts = [f"np.sum(sum({name}))" for name in self.lists if self.chance(0.5)]
        parts += [f"np.sum({entry})" for entry in self.records if self.chance(0.4)]
        return " + ".join([*parts, text])

    # --- helpers ----------------------------------------------------------------------------------
    def before(self, size: int) -> list[str]:
        parts = []
        for _ in range(self.draw.choice([0, 1, 1, 2] if size > 2 else [0, 0, 1])):
            write = self.recursive if self.chance(0.25) else self.helper
            parts.append(write(size // 3 + 1))
        return parts

    def helper(self, size: int) -> str:
        kinds = "".join(self.draw.choices("sssvvm", k=self.draw.randint(1, 3)))
        result, name = self.draw.choice("ssvm"), f"helper{len(self.functions)}"
        given = dict(zip("gvh", kinds, strict=False))
        self.enter(given)
        self.result, self.left = result, size
        body = self.block(1, size)
        head = f"def {name}({', '.join(given)}):"
        text = "\n".join([head, *body, f"    return {self.bounded(result)}"])
        self.functions[name] = (kinds, result)
        return text

    def recursive(self, size: int) -> str:
        kind, name = self.draw.choice("ssvm"), f"deep{len(self.functions)}"
        self.enter({"g": kind, "h": "s", "depth": "n"})
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

    def inner(self, depth: int) -> list[str]:
        """A function that is defined inside and captures what is around it."""
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

    def rebound(self, depth: int) -> list[str]:
        """A closure that reads a name which is bound anew before the closure is called."""
        name, kind = self.target(self.draw.choice("sv"))
        inner, (target, of) = self.fresh("late"), self.target(kind)
        lines = [f"{name} = {self.bounded(kind)}"]
        self.bind(name, kind)
        body = self.draw.choice(
            [f"np.sin({name}) * e", f"{name} + e", f"{name} * np.sum({name}) * e"]
        )
        if self.chance(0.5):
            lines.append(f"{inner} = lambda e: {body}")
        else:
            lines += [f"def {inner}(e):", f"    return {body}"]
        if self.chance(0.4):
            lines.append(f"{target} = {inner}({self.expr('s', 2)})")
            self.bind(target, of)
        again = [f"{name} = {self.bounded(kind)}"]
        if self.chance(0.5):
            again = [f"if {self.condition()}:", *("    " + line for line in again)]
        lines += [*again, f"{target} = {inner}({self.expr(self.draw.choice(['s', kind]), 2)})"]
        self.bind(target, of)
        return lines

    def starred(self, depth: int) -> list[str]:
        """A call with its arguments taken from a tuple, with a default, or by keyword."""
        (name, kind), inner = self.target(), self.fresh("scaled")
        ways = ["*({0}, {1})", "{0}, by={1}", "{0}", "by={1}, value={0}", "*[{0}], **{{'by': {1}}}"]
        call = self.draw.choice(ways).format(self.bounded(kind), self.bounded("s"))
        self.bind(name, kind)
        head = f"def {inner}(value, by=0.7):"
        return [head, "    return np.sin(value) * by", f"{name} = {inner}({call})"]

    def higher(self, depth: int) -> list[str]:
        """Functions as values."""
        name, kind = self.target()
        one, other = self.draw.choice(FUNCTIONS), self.draw.choice(FUNCTIONS)
        value, chosen = self.bounded(kind), self.fresh("chosen")
        lines = {
            f"{name} = apply({one}, {value})": [],
            f"{name} = composed({one}, {other})({value})": [],
            f"{name} = {chosen}({value})": [f"{chosen} = {one} if {self.condition()} else {other}"],
            f"{name} = {chosen}[0]({value})": [f"{chosen} = [{one}, {other}]"],
            f"{name} = functools.reduce(lambda e, o: 0.5 * e * o, [{value}, {self.expr(kind, 2)}])": [],
            f"{name} = operator.mul({value}, {self.expr('s', 2)})": [],
            f"{name} = list(itertools.accumulate([{value}, {value}, {self.expr(kind, 2)}]))[-1]": [],
        }
        last = self.draw.choice(list(lines))
        self.bind(name, kind)
        return [*lines[last], last]

    # --- containers -------------------------------------------------------------------------------
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
        """A dict, a tuple or a named tuple of several kinds."""
        (a, one), (b, other) = self.target(), self.target()
        if a == b:
            return self.assign(depth)
        name, parts = self.fresh("parts"), [self.bounded(one), self.bounded(other)]
        way = self.draw.random()
        if way < 0.45:
            lines = [f"{name} = {{'a': {parts[0]}, 'b': {parts[1]}}}"]
            if self.chance(0.3):
                lines.append(f"{name}['a'] = {self.bounded(one)}")
            keys = ["['a']", "['b']"]
        elif way < 0.75:
            lines, keys = [f"{name} = ({parts[0]}, {parts[1]})"], ["[0]", "[-1]"]
        else:
            lines, keys = [f"{name} = State({parts[0]}, b={parts[1]})"], [".w", ".b"]
        if not self.loops and depth == 1:
            self.records |= {f"{name}{keys[0]}": one, f"{name}{keys[1]}": other}
        lines.append(f"{a}, {b} = {name}{keys[0]}, {name}{keys[1]}")
        self.bind(a, one), self.bind(b, other)
        return lines

    def read(self, depth: int) -> list[str]:
        """An entry of a container."""
        entry = self.draw.choice(sorted(self.records))
        name, kind = self.target(self.records[entry])
        self.bind(name, kind)
        return [f"{name} = {self.draw.choice(['{}', 'np.sin({})', '0.5 * {}']).format(entry)}"]

    def several(self, depth: int) -> list[str]:
        """Objects of several classes in a list, or under one name."""
        (target, kind), name = self.target(self.draw.choice("sv")), self.fresh("layers")
        made = {
            "Layer": f"Layer({self.bounded(kind)}, {self.bounded(kind)})",
            "Bent": f"Bent({self.bounded(kind)}, {self.bounded('s')})",
            "Plain": f"Plain({self.bounded(kind)})",
        }
        drawn = self.draw.sample(list(made), self.draw.randint(2, 3))
        each, value = [made[text] for text in drawn], self.bounded(kind)
        way = self.draw.random()
        if way < 0.4:
            method = self.draw.choice(["(e)", ".scaled(e)", "(0.3) + e"])
            lines = [f"{name} = [{', '.join(each)}]", f"e = {value}", f"for layer in {name}:"]
            lines += [f"    e = np.tanh(layer{method})", f"{target} = e"]
        elif way < 0.7:
            head = f"layer.scaled({self.bounded('s')}) * layer.w for layer in [{', '.join(each)}]"
            lines = [f"{target} = sum({head})"]
        else:
            lines = [f"{name} = {each[0]} if {self.condition()} else {each[1]}"]
            lines.append(f"{target} = {name}({value}) + {name}.w")
        self.bind(target, kind)
        return lines

    def object(self, depth: int) -> list[str]:
        """An object is made, and a method of it called."""
        (target, kind), name = self.target(self.draw.choice("sv")), self.fresh("layer")
        parts = f"{self.bounded(kind)}, {self.bounded(kind)}"
        if self.chance(0.4) and kind == "s":
            lines = [f"{name} = Point({self.bounded('v')}, {self.bounded('s')})"]
            lines.append(f"{target} = {name}.away({self.bounded('v')}) + {name}.b")
        else:
            call = self.draw.choice(["{0}({1})", "{0}.scaled({1})", "{0}.w * {1} + {0}(0.3)"])
            lines = [f"{name} = Layer({parts})"]
            lines.append(f"{target} = {call.format(name, self.expr('s', 2))}")
        self.bind(target, kind)
        return lines

    def comprehension(self, kind: str) -> str:
        """A list of values of a kind, made by a comprehension."""
        if self.lists and self.chance(0.5):
            source = self.draw.choice(list(self.lists))
            head = f"for e in {source}"
            if self.chance(0.3):
                head = f"for e in {source} if np.sum(e) > -9.0"
            return self.within("e", self.lists[source], kind, head)
        if self.chance(0.4):
            return self.within("e", "s", kind, f"for e in {self.expr('v', 2)}")
        self.integers.append("k")
        text = f"[{self.bounded(kind)} for k in range({self.draw.choice(BOUNDS[:3])})]"
        self.integers.remove("k")
        return text

    def within(self, name: str, of: str, kind: str, loop: str) -> str:
        before = dict(self.scope)
        self.scope[name] = of
        text = f"[{self.bounded(kind)} {loop}]"
        self.scope = before
        return text

    def sources(self) -> dict[str, list[str]]:
        heads = super().sources()
        for kind in "sv":
            made = f"{{'p': {self.bounded(kind)}, 'q': {self.bounded(kind)}}}"
            heads[kind] += [f"{made}.values()", self.comprehension(kind)]
        heads["s"].append(f"(e * o for e, o in itertools.pairwise({self.expr('v', 2)}))")
        heads["s"].append(f"map(np.sin, {self.expr('v', 2)})")
        return heads

    def nested(self, lines: list[str]) -> dict[str, str]:
        before = dict(self.records)
        end = super().nested(lines)
        self.records = before
        return end


ENTRIES = {  # what can be read of an argument
    "D": {"['w']": "v", "['b']": "s"},
    "T": {"[0]": "s", "[1]": "v"},
    "P": {"[0][0]": "m", "[0][1]": "v", "[-1][1]": "v"},
}
