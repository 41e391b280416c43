"""`try` with handlers around differentiated values: a flag says which path was taken.

    failed = False
    try:                                    forward as the user wrote it; what runs in the `try`
        L = np.linalg.cholesky(a)           either runs to its end or has changed nothing
    except np.linalg.LinAlgError:
        failed = True
        L = jittered(a)

    if failed: ...  else: ...               backward: the path that was taken

What is longer than a few assignments becomes a function of its own, of which a failure leaves nothing behind. Where a handler
sees what the `try` has bound before the failure, the `try` ends there and goes on in another one.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import gast

from knetsrc.errors import UnsupportedSyntaxError
from knetsrc.transform import tree
from knetsrc.transform.analysis.activity import appended_to, stored_to
from knetsrc.transform.analysis.assigned import exposed_names
from knetsrc.transform.analysis.live import live_after
from knetsrc.transform.analysis.stores import changed_names
from knetsrc.transform.functions import parameter_names
from knetsrc.transform.names import Names
from knetsrc.transform.normalize.scopes import blocks

_SIMPLE = (gast.Assign, gast.AugAssign, gast.Expr, gast.Pass, gast.Assert, gast.Raise)
_TEXTS = frozenset({"str", "repr", "print", "type", "isinstance", "format"})
Outline = Callable[[list[tree.Node], list[str], list[str]], str]


def structure_tries(
    core: gast.FunctionDef,
    names: Names,
    is_active: Callable[[tree.Node], bool],
    outline: Outline,
    writes_arguments: Callable[[gast.Call], bool],
) -> gast.FunctionDef:
    """The function with a flag for each `try` around differentiated values.

    Parameters
    ----------
    core
        A function in the core language.
    names
        Names that are taken.
    is_active
        Whether an expression depends on what the derivative is taken for.
    outline
        Makes a function of statements, their parameters and results, and gives its name.
    writes_arguments
        Whether a call changes its arguments.

    Raises
    ------
    UnsupportedSyntaxError
        If what a handler finds cannot be known.
    """
    tries = [n for n in tree.walk(core) if isinstance(n, gast.Try)]
    if not any(map(is_active, map(tree.name, _changed(tries)))):
        return core
    core = tree.clone(core)
    places = [id(n) for n in tree.walk(core) if isinstance(n, gast.Try)]
    known = tree.names_written(core) | set(parameter_names(core.args))
    writer = _Tries(
        names, is_active, outline, writes_arguments, live_after(core, places), known, _stores(core)
    )
    core.body = writer.block(core.body, in_loop=False)
    return core


def failure_flag(node: gast.Try) -> str | None:
    """The name of the flag of a `try`, None where it has none."""
    first: Any = node.handlers[0].body[0] if node.handlers else None
    is_flag = isinstance(first, gast.Assign) and isinstance(first.targets[0], gast.Name)
    return first.targets[0].id if is_flag and first.targets[0].id.startswith(_FLAG) else None


def paths(node: gast.Try) -> list[list[tree.Node]]:
    """Statements of the ways through a `try`: the first without a failure, then one for each handler."""
    return [[*node.body, *node.orelse], *(handler.body for handler in node.handlers)]


def by_path(node: gast.Try, bodies: list[list[tree.Node]]) -> list[tree.Node]:
    """The statements of the way that was taken."""
    flag = failure_flag(node)
    assert flag is not None, "`structure_tries` gives a flag to each `try` that is reversed"
    found = bodies[0]
    for handler, body in reversed(list(zip(node.handlers, bodies[1:], strict=True))):
        value: Any = handler.body[0]
        found = _branch(_test(flag, value.value), body, found)
    return found


_FLAG = "failed"


def _test(flag: str, value: gast.Constant) -> tree.Node:
    if value.value is True:
        return tree.name(flag)
    return tree.compare(tree.name(flag), "==", tree.clone(value))


def _branch(test: tree.Node, body: list[tree.Node], orelse: list[tree.Node]) -> list[tree.Node]:
    if not body:
        return [tree.if_(tree.negation(test), orelse)] if orelse else []
    return [tree.if_(test, body, orelse)]


def _changed(nodes: list[Any]) -> set[str]:
    return tree.names_written(nodes) | changed_names(nodes)


def _stores(core: gast.FunctionDef) -> list[str]:
    names = [n for n in tree.walk(core) if isinstance(n, gast.Name)]
    return [n.id for n in names if not isinstance(n.ctx, gast.Load)]


def let_refusals_through(functions: list[Any], spell: Callable[[str], str]) -> list[tree.Node]:
    """Generated functions in which no handler of the user takes a refusal for a failure of the user's own code.

    try:
        check_not_array(r, "r += 1.0")
        r = r + 1.0
    except UnsupportedAliasError:              added
        raise
    except Exception:
        r = 0.0
    """
    calls = [n for n in tree.walk(functions) if isinstance(n, gast.Call)]
    checks = {n for n in map(tree.called_name, calls) if n and n.startswith("check_")}
    checking = checks | {f.name for f in functions if checks and isinstance(f, gast.FunctionDef)}

    def let_through(node: gast.Try) -> tree.Node:
        inside = [n for n in tree.walk(node.body) if isinstance(n, gast.Call)]
        if any(map(_catches_all, node.handlers)) and checking & set(map(tree.called_name, inside)):
            refusal = tree.name(spell("UnsupportedAliasError"))
            node.handlers = [tree.at(tree.raised_again(refusal), node), *node.handlers]
        return node

    return [tree.rewrite(f, {gast.Try: let_through}) for f in functions]


def _catches_all(handler: gast.ExceptHandler) -> bool:
    names = tree.names_read(handler.type) if handler.type is not None else {"Exception"}
    return bool(names & {"Exception", "BaseException"})


@dataclass
class _Tries:
    names: Names
    is_active: Callable[[tree.Node], bool]
    outline: Outline
    writes_arguments: Callable[[gast.Call], bool]
    live: dict[int, frozenset[str]]
    known: set[str]
    stores: list[str] = field(default_factory=list)

    def block(self, body: list[Any], in_loop: bool) -> list[tree.Node]:
        found: list[tree.Node] = []
        for node in body:
            for inner in blocks(node):
                inner[:] = self.block(inner, in_loop or isinstance(node, gast.For | gast.While))
            is_try = isinstance(node, gast.Try) and bool(node.handlers)
            changed = _changed([node]) | self.handed(node)
            is_reversed = is_try and any(map(self.is_active, map(tree.name, changed)))
            found += tree.at(self.try_(node, in_loop), node) if is_reversed else [node]
        return found

    def handed(self, node: tree.Node) -> set[str]:
        """Names that a statement hands to functions which write into them."""
        calls = [n for n in tree.walk(node) if isinstance(n, gast.Call)]
        arguments = [(c.args, c.keywords) for c in calls if self.writes_arguments(c)]
        return set().union(*(tree.names_read([*args, *rest]) for args, rest in arguments))

    def try_(self, node: gast.Try, in_loop: bool) -> list[tree.Node]:
        if node.finalbody:
            inner = tree.clone(node)
            inner.finalbody = []
            self.live[id(inner)] = self.live[id(node)] | exposed_names(node.finalbody)
            node.body, node.handlers, node.orelse = self.try_(inner, in_loop), [], []
            return [node]
        for handler in node.handlers:
            _refuse_values(handler)
        flag = self.names.fresh(_FLAG)
        values: list[int] = (
            [True] if len(node.handlers) == 1 else [*range(1, len(node.handlers) + 1)]
        )
        marks = [tree.assign(flag, tree.constant(value)) for value in values]
        start = tree.assign(flag, tree.constant(type(values[0])(0)))
        seen = self.seen_by_handlers(node)
        parts = self.parts(node, seen)
        after = self.live[id(node)] | exposed_names(node.orelse) | seen
        if len(parts) == 1:
            node.body, rest = self.attempt(parts[0], after, in_loop)
            node.orelse = [*rest, *node.orelse]
            for handler, mark in zip(node.handlers, marks, strict=True):
                handler.body = tree.at([mark, *_without_pass(handler.body)], handler)
            return [start, node]
        return [start, *self.in_parts(node, parts, marks, after, in_loop)]

    def seen_by_handlers(self, node: gast.Try) -> set[str]:
        """Names that may be read after a failure as the `try` has left them."""
        seen: set[str] = set()
        for handler in node.handlers:
            bound = {
                n for s in handler.body if isinstance(s, gast.Assign) for n in tree.names_written(s)
            }
            leaves = bool(handler.body) and isinstance(handler.body[-1], gast.Raise)
            seen |= exposed_names(handler.body)
            seen |= set() if leaves else self.live[id(node)] - bound
        return seen

    def parts(self, node: gast.Try, seen: set[str]) -> list[list[tree.Node]]:
        """The statements of a `try`, split behind those of which a failure further on must leave something."""
        found: list[list[tree.Node]] = []
        current: list[tree.Node] = []
        for statement in node.body:
            current.append(statement)
            calls = [n for n in tree.walk(statement) if isinstance(n, gast.Call)]
            own = {n for s in current[:-1] for n in tree.names_written(s)}
            left = (tree.names_written(statement) & seen) | (
                changed_names([statement]) - (own - seen)
            )
            is_partly = left and not _is_safe(statement, left)
            if is_partly or any(map(self.writes_arguments, calls)):
                text = f" `{min(left)}`" if left else ""
                raise UnsupportedSyntaxError(
                    f"a failure may leave{text or ' what is written'} half-way",
                    at=statement,
                    why="how much of it has been done when it fails is not known",
                    instead="compute the values inside the `try`, and assign them behind it",
                )
            if left:
                found.append(current)
                current = []
        return [*found, current] if current or not found else found

    def in_parts(
        self, node: gast.Try, parts: list[Any], marks: list[Any], after: Any, in_loop: bool
    ) -> list[tree.Node]:
        flag = marks[0].targets[0].id
        bodies = []
        for handler, mark in zip(node.handlers, marks, strict=True):
            kept: list[tree.Node] = []
            if handler.name is not None:
                error = self.names.fresh("error")
                kept = [tree.assign(error, tree.name(handler.name.id))]
                handler.body = tree.rename(handler.body, {handler.name.id: error})
            bodies.append(_without_pass(handler.body))
            handler.body = tree.at([mark, *kept], handler)
        found: list[tree.Node] = []
        for number, part in enumerate(parts):
            inner = tree.clone(node)
            later = {n for p in parts[number + 1 :] for n in tree.names_read(p)}
            inner.body, inner.orelse = self.attempt(part, after | later, in_loop)
            go_on = tree.negation(tree.name(flag))
            found.append(inner if number == 0 else tree.at(tree.if_(go_on, [inner]), node))
        return [*found, *by_path(inner, [node.orelse, *bodies])]

    def attempt(
        self, part: list[Any], after: Any, in_loop: bool
    ) -> tuple[list[tree.Node], list[tree.Node]]:
        """Statements that leave nothing behind where they fail, and those that follow where they do not."""
        written = tree.names_written(part)
        results = sorted(written & after)
        if not all(isinstance(s, _SIMPLE) for s in part):
            read = tree.return_(tree.tuple_of(map(tree.name, results)))
            parameters = sorted(exposed_names([*part, read]) & self.known)
            _refuse_appends(part, parameters)
            call = tree.call(self.outline(part, parameters, results), *map(tree.name, parameters))
            if not results:
                return [tree.at(tree.expression(call), part[0])], []
            target = tree.tuple_of(map(tree.store, results))
            part = [tree.assign(target if len(results) > 1 else target.elts[0], call)]
            part, written = tree.at(part, part[0]), set(results)
        inside = _stores_of(part)
        again = {n for n in written if self.stores.count(n) > inside.count(n)}
        if in_loop and not any(stored_to(s) for s in part):
            rebound = sorted(again | set(results))
        else:  # what the last statement binds, it binds once nothing can fail any more
            rebound = sorted(again & tree.names_written(part[:-1]))
        fresh = {n: self.names.fresh(f"new_{n}") for n in rebound}
        rest = [tree.assign(n, tree.name(new)) for n, new in fresh.items() if n in results]
        return _renamed_after(part, fresh), rest


def _refuse_appends(part: list[Any], lists: list[str]) -> None:
    """Refuse `xs.append` to a list of before among statements that may fail half-way: they become a function of their own."""
    for node in tree.walk(part):
        if (text := appended_to(node)) in lists:
            raise UnsupportedSyntaxError(
                f"`{text}.append(...)` in a `try`, behind what may raise",
                at=node,
                why="the list comes from outside of the `try`, and whether it grows is not known",
                instead=f"compute the value inside the `try`, and append it to `{text}` behind it",
            )


def _stores_of(part: list[Any]) -> list[str]:
    return [
        n.id for n in tree.walk(part) if isinstance(n, gast.Name) and isinstance(n.ctx, gast.Store)
    ]


def _renamed_after(part: list[Any], fresh: dict[str, str]) -> list[tree.Node]:
    """Straight-line statements with other names from where they are bound on."""
    bound: dict[str, str] = {}
    found = []
    for statement in part:
        if isinstance(statement, gast.Assign):
            value = tree.rename(statement.value, bound)
            bound |= {n: fresh[n] for n in tree.names_written(statement) if n in fresh}
            target = tree.rename(statement.targets[0], bound)
            found.append(tree.at(tree.assign(target, value), statement))
        else:
            found.append(tree.rename(statement, bound))
    return found


def _is_safe(statement: Any, names: set[str]) -> bool:
    """Whether nothing can fail in a statement once it has bound one of some names."""
    if not isinstance(statement, gast.If):
        return isinstance(statement, _SIMPLE)
    return all(_ends_safely(body, names) for body in (statement.body, statement.orelse))


def _ends_safely(body: list[Any], names: set[str]) -> bool:
    first = next((i for i, s in enumerate(body) if _changed([s]) & names), len(body))
    later = body[first + 1 :]
    is_plain = all(
        isinstance(s, gast.Assign) and isinstance(s.value, gast.Name | gast.Constant) for s in later
    )
    return is_plain and (first == len(body) or _is_safe(body[first], names))


def _without_pass(body: list[tree.Node]) -> list[tree.Node]:
    return [n for n in body if not isinstance(n, gast.Pass)]


def _refuse_values(handler: gast.ExceptHandler) -> None:
    """Refuse a handler that takes values from the exception: what they depend on is not followed."""
    if handler.name is None:
        return
    allowed: set[int] = set()
    for node in tree.walk(handler.body):
        if tree.called_name(node) in _TEXTS or isinstance(node, gast.Raise | gast.JoinedStr):
            allowed |= {id(n) for n in tree.walk(node)}
    for node in tree.walk(handler.body):
        if tree.is_name(node, handler.name.id) and id(node) not in allowed:
            raise UnsupportedSyntaxError(
                f"a value taken from the exception `{handler.name.id}`",
                at=node,
                why="what an exception carries is not followed to where it was raised",
                instead="keep the value in a name before the exception is raised",
            )
