"""Put literals and names in the place of the names that were made for them."""

from collections import Counter
from functools import partial

import gast

from knetsrc.transform import tree
from knetsrc.transform.simplify.edit import (
    Block,
    assigned_name,
    map_blocks,
    map_body,
    map_children,
    map_header,
    parameters,
    statements,
    with_fields,
)
from knetsrc.transform.simplify.effects import Effects
from knetsrc.transform.tree import Node

Values = dict[str, Node]


def propagate(
    function: gast.FunctionDef, candidates: frozenset[str], effects: Effects
) -> gast.FunctionDef:
    """Replace a name bound once, to a literal or to a name that keeps its value, by that.

    The binding stays; it is dead where every read was replaced.

        d_s = 1.0                  d_s = 1.0
        d_e = d_s          ->      d_e = 1.0
        d_x = d_e * w              d_x = 1.0 * w
    """
    writes = _times_bound(function, effects)
    once = {name for name, times in writes.items() if times == 1}
    fixed = {name for name in parameters(function) if writes[name] == 1}

    def value_of(statement: Node, defined: set[str]) -> Node | None:
        target = assigned_name(statement)
        if target is None or target not in candidates or target not in once:
            return None
        value = statement.value
        keeps = _is_literal(value) or (
            isinstance(value, gast.Name) and value.id in defined and value.id != target
        )
        return value if keeps else None

    def in_block(block: Block, values: Values, defined: set[str]) -> Block:
        values, defined, found = dict(values), set(defined), []
        for statement in block:
            inside = partial(
                in_block, values=values, defined=defined | (_loop_names(statement) & once)
            )
            new = map_blocks(statement, inside)
            if not values.keys().isdisjoint(effects.own(new).reads):
                new = map_header(new, lambda part: _substitute(part, values))
            value = value_of(new, defined)
            if value is not None:
                values[new.targets[0].id] = value
            if isinstance(new, gast.Assign):
                defined |= effects.own(new).writes & once
            found.append(new)
        return found

    return map_body(function, lambda body: in_block(body, {}, fixed))


def _times_bound(function: gast.FunctionDef, effects: Effects) -> Counter[str]:
    """How often each name is bound; one that a nested function sees counts as bound often."""
    times = Counter(parameters(function))
    for statement in statements(function.body):
        effect = effects.own(statement)
        times.update(effect.writes)
        times.update(dict.fromkeys(effect.hidden, 2))
    return times


def _loop_names(statement: Node) -> set[str]:
    return tree.names_written(statement.target) if isinstance(statement, gast.For) else set()


def _is_literal(value: Node) -> bool:
    if isinstance(value, gast.UnaryOp) and isinstance(value.op, gast.USub):
        value = value.operand
    return isinstance(value, gast.Constant) and isinstance(value.value, int | float | bool | None)


def _substitute(node: Node, values: Values) -> Node:
    if isinstance(node, gast.Name):
        if node.id not in values or not isinstance(node.ctx, gast.Load):
            return node
        value = values[node.id]
        return gast.copy_location(with_fields(value), node)
    if isinstance(node, gast.FunctionDef | gast.Lambda):
        return node
    return map_children(node, lambda part: _substitute(part, values))
