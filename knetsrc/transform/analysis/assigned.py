"""Which names are surely bound at a place, and which are read before they are bound."""

import functools
from dataclasses import dataclass, field

import gast

from knetsrc.transform import tree


@dataclass
class Assigned:
    """Names surely bound, by statement (`id` of its node).

    Attributes
    ----------
    before
        At the start of a statement; for a loop: at the start of each of its iterations.
    possible
        Names that may be bound at the start of a statement.
    after
        Names surely bound at its end.
    """

    before: dict[int, frozenset[str]] = field(default_factory=dict)
    possible: dict[int, frozenset[str]] = field(default_factory=dict)
    after: dict[int, frozenset[str]] = field(default_factory=dict)


def definitely_assigned(function: gast.FunctionDef) -> Assigned:
    """Flow through structured code; what follows a `break`, `raise` or `return` is not reached and binds everything."""
    facts = Assigned()
    parameters = {
        n.id
        for n in tree.walk(function)
        if isinstance(n, gast.Name) and isinstance(n.ctx, gast.Param)
    }
    _block(function.body, frozenset(parameters), facts)
    _possible(function.body, frozenset(parameters), facts)
    return facts


def _possible(body: list[tree.Node], known: frozenset[str], facts: Assigned) -> None:
    for node in body:
        facts.possible[id(node)] = known
        is_loop = isinstance(node, gast.For | gast.While)
        inner = known | tree.names_written(node) if is_loop else known
        if not isinstance(node, gast.FunctionDef):
            parts = [getattr(node, part, []) for part in ("body", "orelse", "finalbody")]
            for body in (*parts, *(h.body for h in getattr(node, "handlers", []))):
                _possible(body, inner, facts)
        known = known | tree.names_written(node)


def _block(
    body: list[tree.Node], known: frozenset[str] | None, facts: Assigned
) -> frozenset[str] | None:
    """Names bound after `body`, None if its end is not reached."""
    for node in body:
        current = known if known is not None else frozenset()
        facts.before[id(node)] = current
        known = _statement(node, current, facts) if known is not None else None
        facts.after[id(node)] = known if known is not None else current
    return known


def _statement(node: tree.Node, known: frozenset[str], facts: Assigned) -> frozenset[str] | None:
    if isinstance(node, gast.Assign):
        return known | tree.names_written(node.targets)
    if isinstance(node, gast.If):
        return _meet(_block(node.body, known, facts), _block(node.orelse, known, facts))
    if isinstance(node, gast.For | gast.While):
        target = tree.names_written(node.target) if isinstance(node, gast.For) else set()
        _block(node.body, known | target, facts)
        return known
    if isinstance(node, gast.With):
        bound = {
            n
            for item in node.items
            if item.optional_vars
            for n in tree.names_written(item.optional_vars)
        }
        return _block(node.body, known | bound, facts)
    if isinstance(node, gast.Try):
        ends = [_block([*node.body, *node.orelse], known, facts)]
        ends += [_block(handler.body, known, facts) for handler in node.handlers]
        return (
            _block(node.finalbody, functools.reduce(_meet, ends), facts)
            if node.finalbody
            else functools.reduce(_meet, ends)
        )
    if isinstance(node, gast.Break | gast.Raise | gast.Continue):
        return None
    return known


def _meet(a: frozenset[str] | None, b: frozenset[str] | None) -> frozenset[str] | None:
    if a is None or b is None:
        return b if a is None else a
    return a & b


def exposed_names(body: list[tree.Node]) -> set[str]:
    """Names that `body` may read before it binds them."""
    exposed: set[str] = set()
    _expose(body, set(), exposed)
    return exposed


def _expose(body: list[tree.Node], bound: set[str], exposed: set[str]) -> set[str]:
    for node in body:
        bound = _expose_statement(node, bound, exposed)
    return bound


def _expose_statement(node: tree.Node, bound: set[str], exposed: set[str]) -> set[str]:
    if isinstance(node, gast.If):
        exposed |= tree.names_read(node.test) - bound
        branches = [(_expose(b, set(bound), exposed), b) for b in (node.body, node.orelse)]
        reaching = [
            names for names, b in branches if not (b and isinstance(b[-1], gast.Break | gast.Raise))
        ]
        return set.intersection(*reaching) if reaching else bound
    if isinstance(node, gast.For | gast.While):
        header = node.iter if isinstance(node, gast.For) else node.test
        exposed |= tree.names_read(header) - bound
        target = tree.names_written(node.target) if isinstance(node, gast.For) else set()
        _expose(node.body, bound | target, exposed)
        return bound
    if isinstance(node, gast.With):
        exposed |= {n for item in node.items for n in tree.names_read(item.context_expr)} - bound
        return _expose(node.body, bound, exposed)
    if isinstance(node, gast.Try):
        return _expose_try(node, bound, exposed)
    exposed |= tree.names_read(node) - bound
    return bound | tree.names_written(node)


def _expose_try(node: gast.Try, bound: set[str], exposed: set[str]) -> set[str]:
    done = _expose([*node.body, *node.orelse], set(bound), exposed)
    ends = [done] if node.handlers else []
    for handler in node.handlers:
        own = {handler.name.id} if handler.name is not None else set()
        exposed |= (tree.names_read(handler.type) if handler.type else set()) - bound
        ends.append(_expose(handler.body, bound | own, exposed) - own)
    return _expose(node.finalbody, set.intersection(done, *ends), exposed)


def bound_values(function: gast.FunctionDef) -> dict[str, list[tree.Node | None]]:
    """Values that each name is bound to in the body; None for elements of something, and what loops and `with` bind."""
    bound: dict[str, list[tree.Node | None]] = {}
    single = set()
    for node in tree.walk(function.body):
        if isinstance(node, gast.Assign) and isinstance(node.targets[0], gast.Name):
            single.add(id(node.targets[0]))
            bound.setdefault(node.targets[0].id, []).append(node.value)
    for node in tree.walk(function.body):
        is_bound = isinstance(node, gast.Name) and isinstance(node.ctx, gast.Store)
        if is_bound and id(node) not in single:
            bound.setdefault(node.id, []).append(None)
    return bound
