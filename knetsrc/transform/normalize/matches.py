"""`match`: its patterns as tests and assignments.

match p:                        if is_sequence(p) and len(p) == 2:
    case [x, y]: ...                x = p[0]; y = p[1]; ...
    case {"r": r} if r > 0: ... elif is_mapping(p) and "r" in p and p["r"] > 0:
    case _: ...                     r = p["r"]; ...
                                else: ...
"""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

import gast

from knetsrc.errors import UnsupportedSyntaxError
from knetsrc.transform import tree
from knetsrc.transform.names import Names
from knetsrc.transform.tree import Node

_SELF = (bool, bytearray, bytes, dict, float, frozenset, int, list, set, str, tuple)
IS_SEQUENCE, IS_MAPPING = "<is_sequence>", "<is_mapping>"


@dataclass
class _Match:
    """What must hold for a pattern, in this order, and what it binds then."""

    tests: list[Node] = field(default_factory=list)
    bound: dict[str, Node] = field(default_factory=dict)

    def add(self, other: "_Match") -> None:
        self.tests += other.tests
        self.bound |= other.bound

    @property
    def test(self) -> Node | None:
        if len(self.tests) < 2:
            return self.tests[0] if self.tests else None
        return tree.boolean("and", self.tests)


def unfold_matches(function: gast.FunctionDef, resolve: Callable[[str], Any]) -> gast.FunctionDef:
    """Write each `match` as `if` statements.

    Parameters
    ----------
    function
        A function as parsed. It is not modified.
    resolve
        Gives what a name is bound to outside of the function; raises NameError for others.

    Raises
    ------
    UnsupportedSyntaxError
        For a class pattern with positional parts of a class that is not known.

    Examples
    --------
    >>> (function,) = tree.parse('''
    ... def f(x):
    ...     match x:
    ...         case "one" | "two":
    ...             return 1
    ...         case [first, *rest] if first:
    ...             return rest
    ... ''')
    >>> print(tree.show(unfold_matches(function, {}.__getitem__)))
    def f(x):
        if x == 'one' or x == 'two':
            return 1
        elif <is_sequence>(x) and len(x) >= 1 and x[0]:
            first = x[0]
            rest = list(x)[1:]
            return rest
    """
    if not any(isinstance(n, gast.Match) for n in tree.walk(function)):
        return function
    unfolder = _Unfolder(Names.of(function), resolve, function)
    unfolder.names.taken |= {
        str(n.name) for n in tree.walk(function) if isinstance(n, gast.MatchAs | gast.MatchStar)
    }
    return tree.rewrite(function, {gast.Match: unfolder.statements})


@dataclass
class _Unfolder:
    names: Names
    resolve: Callable[[str], Any]
    function: gast.FunctionDef

    def statements(self, node: gast.Match) -> list[Node]:
        subject, before = node.subject, list[Node]()
        bound = {n for case in node.cases for n in _captured(case.pattern)}
        if not isinstance(subject, gast.Name) or subject.id in bound:
            is_named = isinstance(subject, gast.Name)
            text = self.names.fresh(f"{subject.id}_before" if is_named else "subject")
            before = [tree.assign(text, subject)]
            subject = tree.name(text)
        return [*before, *self.cases(node.cases, subject)]

    def cases(self, cases: list[Any], subject: Node) -> list[Node]:
        if not cases:
            return []
        case, *later = cases
        found = self.pattern(case.pattern, subject)
        binds = [tree.assign(n, tree.clone(e)) for n, e in found.bound.items()]
        if case.guard is None:
            return _if(found.test, [*binds, *case.body], self.cases(later, subject), case)
        if not self._is_seen_elsewhere(case, set(found.bound)):
            guard = tree.substitute(case.guard, found.bound)
            test = _Match([*found.tests, guard]).test
            return _if(test, [*binds, *case.body], self.cases(later, subject), case)
        flag = self.names.fresh("matched")
        inner = [tree.assign(flag, tree.constant(True)), *case.body]
        first = _if(found.test, [*binds, tree.if_(case.guard, inner)], [], case)
        rest = _if(tree.negation(tree.name(flag)), self.cases(later, subject), [], case)
        return tree.at([tree.assign(flag, tree.constant(False)), *first, *rest], case.pattern)

    def _is_seen_elsewhere(self, case: Any, names: set[str]) -> bool:
        """Whether something else may read what a case has bound though its guard did not hold."""
        inside = [n.id for n in tree.walk(case) if isinstance(n, gast.Name) and n.id in names]
        whole = [n.id for n in tree.walk(self.function) if isinstance(n, gast.Name)]
        return any(whole.count(n) > inside.count(n) for n in names)

    # --- patterns ---
    def pattern(self, pattern: Any, value: Node) -> _Match:
        kinds: dict[type, Callable[[Any, Node], _Match]] = {
            gast.MatchValue: lambda p, v: _Match([tree.compare(tree.clone(v), "==", p.value)]),
            gast.MatchSingleton: lambda p, v: _Match(
                [tree.compare(tree.clone(v), "is", tree.constant(p.value))]
            ),
            gast.MatchSequence: self.sequence,
            gast.MatchMapping: self.mapping,
            gast.MatchClass: self.object,
            gast.MatchAs: self.capture,
            gast.MatchOr: self.alternatives,
        }
        return kinds[type(pattern)](pattern, value)

    def capture(self, pattern: gast.MatchAs, value: Node) -> _Match:
        found = self.pattern(pattern.pattern, value) if pattern.pattern else _Match()
        if pattern.name is not None:
            found.bound[str(pattern.name)] = value
        return found

    def sequence(self, pattern: gast.MatchSequence, value: Node) -> _Match:
        parts = pattern.patterns
        star = next((i for i, p in enumerate(parts) if isinstance(p, gast.MatchStar)), None)
        count = tree.constant(len(parts) - (star is not None))
        length = tree.call("len", tree.clone(value))
        is_long = tree.compare(length, "==" if star is None else ">=", count)
        found = _Match([tree.call(tree.name(IS_SEQUENCE), tree.clone(value)), is_long])
        if star is not None and len(parts) == 1:
            found.tests.pop()
        for i, part in enumerate(parts):
            if i == star:
                end = i + 1 - len(parts)
                rest = tree.slice_of(
                    tree.constant(i) if i else None, tree.constant(end) if end else None, None
                )
                if part.name is not None:
                    entries = tree.call("list", tree.clone(value))
                    found.bound[str(part.name)] = tree.subscript(entries, rest)
                continue
            index = tree.constant(i if star is None or i < star else i - len(parts))
            found.add(self.pattern(part, tree.subscript(tree.clone(value), index)))
        return found

    def mapping(self, pattern: gast.MatchMapping, value: Node) -> _Match:
        found = _Match([tree.call(tree.name(IS_MAPPING), tree.clone(value))])
        for key, part in zip(pattern.keys, pattern.patterns, strict=True):
            found.tests.append(tree.compare(tree.clone(key), "in", tree.clone(value)))
            found.add(self.pattern(part, tree.subscript(tree.clone(value), tree.clone(key))))
        if pattern.rest is not None:
            made: Any = tree.parse_expression("{k: v for k, v in d.items() if k not in keys}")
            keys = tree.tuple_of(tree.clone(pattern.keys))
            made = tree.substitute(tree.without_place(made), {"d": value, "keys": keys})
            found.bound[str(pattern.rest)] = made
        return found

    def object(self, pattern: gast.MatchClass, value: Node) -> _Match:
        found = _Match([tree.call("isinstance", tree.clone(value), pattern.cls)])
        kind = self._class(pattern.cls)
        positional, names = list(pattern.patterns), list[str]()
        if positional and kind in _SELF:
            found.add(self.pattern(positional[0], value))
            positional = []
        elif positional:
            names = list(getattr(kind, "__match_args__", ()))
            if kind is None or len(positional) > len(names):
                raise UnsupportedSyntaxError(
                    "a class pattern with parts by position",
                    at=pattern,
                    why="which attributes they stand for is not known while transforming",
                    instead="name the attributes: Point(x=x, y=y)",
                )
        given = [*zip(names, positional, strict=False)]
        given += zip(pattern.kwd_attrs, pattern.kwd_patterns, strict=True)
        for text, part in given:
            if text not in _fields(kind):
                has = tree.call("hasattr", tree.clone(value), tree.constant(text))
                found.tests.append(has)
            found.add(self.pattern(part, tree.attribute(tree.clone(value), text)))
        return found

    def _class(self, node: Any) -> Any:
        """The class of a pattern; None where it is not known."""
        path = []
        while isinstance(node, gast.Attribute):
            path.append(node.attr)
            node = node.value
        try:
            return reduce(getattr, path[::-1], self.resolve(node.id))
        except (AttributeError, NameError):
            return None

    def alternatives(self, pattern: gast.MatchOr, value: Node) -> _Match:
        found = [self.pattern(part, value) for part in pattern.patterns]
        tests = [match.test for match in found]
        known = [t for t in tests if t is not None]
        result = _Match([] if len(known) < len(tests) else [tree.boolean("or", known)])
        for text in found[0].bound:
            chosen = found[-1].bound[text]
            for match in found[-2::-1]:
                if match.test is not None and not tree.is_same(match.bound[text], chosen):
                    chosen = tree.choice(tree.clone(match.test), match.bound[text], chosen)
            result.bound[text] = chosen
        return result


def _if(test: Node | None, body: list[Node], orelse: list[Node], case: Any) -> list[Node]:
    if test is None:
        return body
    return [tree.at(tree.if_(test, body, orelse), case.pattern)] if body else []


def _captured(pattern: Node) -> set[str]:
    """Names that a pattern binds."""
    found = [n.name for n in tree.walk(pattern) if isinstance(n, gast.MatchAs | gast.MatchStar)]
    found += [n.rest for n in tree.walk(pattern) if isinstance(n, gast.MatchMapping)]
    return {str(n) for n in found if n is not None}


def _fields(kind: Any) -> tuple[str, ...]:
    """Attributes that every object of a class has."""
    if dataclasses.is_dataclass(kind):
        return tuple(f.name for f in dataclasses.fields(kind))
    return tuple(getattr(kind, "_fields", ()))
