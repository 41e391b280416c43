"""Put an expression where its only reader is, and drop the name that it had."""

from collections import Counter
from typing import Any

import gast

from knetsrc.transform import tree
from knetsrc.transform.simplify.edit import (
    COMPOUND,
    Block,
    assigned_name,
    children,
    is_boundary,
    is_filler,
    map_blocks,
    map_body,
    map_children,
    map_header,
    parameters,
    statements,
)
from knetsrc.transform.simplify.effects import Effect, Effects, list_method, merge
from knetsrc.transform.simplify.sharing import Sharing, sharing_of
from knetsrc.transform.simplify.width import fits
from knetsrc.transform.tree import Node

_SCOPES = (
    gast.FunctionDef,
    gast.Lambda,
    gast.ListComp,
    gast.SetComp,
    gast.DictComp,
    gast.GeneratorExp,
)


def inline_single_use(
    function: gast.FunctionDef,
    candidates: frozenset[str],
    effects: Effects,
    adjoints: frozenset[str] = frozenset(),
) -> gast.FunctionDef:
    """Inline a value read once, in the same block, where nothing between changes its parts.

    The reader may be the header of a compound statement, but never a place that is evaluated more
    often than the value is now. A line does not grow beyond 99 columns; into a statement of several
    lines, and out of the lines that reverse one statement of the primal, moves one operation only.

        exp_x = np.exp(x)
        d_x = d_y * exp_x          ->      d_x = d_y * np.exp(x)

    One of the `adjoints` that starts as another name is a sum from the start:

        d_x = d_z
        d_y = -d_z                         d_y = -d_z
        d_x = d_x - d_u            ->      d_x = d_z - d_u
    """
    uses = _Uses(function, effects)
    sharing = sharing_of(function, effects)

    def in_block(block: Block, depth: int) -> Block:
        found = [
            statement
            if isinstance(statement, gast.Try)
            else map_blocks(statement, lambda nested: in_block(nested, depth + 1))
            for statement in block
        ]
        start = 0
        while start < len(found):
            name = assigned_name(found[start])
            is_start = name in adjoints and tree.is_name(found[start].value)
            reader = uses.reader(found, start) if name in candidates or is_start else None
            if is_start and reader and assigned_name(found[reader]) != name:
                reader = None
            new = reader and _inlined(found, start, reader, depth, effects, sharing)
            if reader and new:
                found[reader] = new
                del found[start]
                start = max(0, start - 1)
            else:
                start += 1
        return found

    return map_body(function, lambda body: in_block(body, 1))


class _Uses:
    """How often each name is bound and read in a function."""

    def __init__(self, function: gast.FunctionDef, effects: Effects) -> None:
        self.effects = effects
        self.reads: Counter[str] = Counter()
        self.writes: Counter[str] = Counter(parameters(function))
        self.hidden: set[str] = set()
        for statement in statements(function.body):
            effect = effects.own(statement)
            self.reads.update(effect.reads)
            self.writes.update(effect.writes)
            self.hidden |= effect.hidden

    def reader(self, block: Block, start: int) -> int | None:
        """Where in `block` the value bound at `start` is read, if that is the only place."""
        name = block[start].targets[0].id
        if name in self.hidden:
            return None
        for position in range(start + 1, len(block)):
            statement = block[position]
            whole = self.effects.whole(statement)
            if name in whole.reads or name in whole.writes:
                once = self.effects.own(statement).reads.get(name) == whole.reads.get(name) == 1
                everywhere = self.writes[name] == 1 and self.reads[name] == 1
                rebound = assigned_name(statement) == name and isinstance(statement, gast.Assign)
                return position if once and (everywhere or rebound) else None
            if whole.leaves and self.writes[name] > 1:
                return None
        return None


def _inlined(
    block: Block, start: int, reader: int, depth: int, effects: Effects, sharing: Sharing
) -> Node | None:
    """The statement at `reader` with the value bound at `start`, None where that is not right."""
    name, value = block[start].targets[0].id, block[start].value
    statement, between = block[reader], block[start + 1 : reader]
    if isinstance(statement, gast.While | gast.Try | gast.FunctionDef) or _leaves_its_lines(
        value, between
    ):
        return None
    before = _evaluated_before(statement, name)
    if before is None or name in _written_into(statement, effects):
        return None
    effect = effects.own(value)
    if effect.impure or effect.pushes or effect.mutates:
        if not all(map(is_filler, between)) or not all(map(_is_inert, before)):
            return None
    elif effect.writes or _is_disturbed(
        effect, [*map(effects.whole, between), *map(effects.own, before)], sharing
    ):
        return None
    new = map_header(statement, lambda part: _put(part, name, value))
    is_broken = _operations(value) < 2 and not fits(statement, 4 * depth)
    return new if is_broken or fits(new, 4 * depth) else None


def _written_into(statement: Node, effects: Effects) -> frozenset[str]:
    """Names of containers into which a statement assigns."""
    if not isinstance(statement, gast.Assign | gast.AugAssign):
        return frozenset()
    targets = statement.targets if isinstance(statement, gast.Assign) else [statement.target]
    places = [target for target in targets if not isinstance(target, gast.Name)]
    return frozenset[str]().union(*map(effects.shared_with, places))


def _leaves_its_lines(value: Node, between: Block) -> bool:
    """Whether more than one operation would move under the comment of another statement."""
    if not any(map(tree.comment_text, between)) or any(map(is_boundary, between)):
        return False
    return list_method(value) is None and _operations(value) > 1


def _operations(value: Node) -> int:
    cost = {gast.BinOp: 1, gast.Compare: 1, gast.BoolOp: 1, gast.Call: 2}
    return sum(cost.get(type(node), 0) for node in tree.walk(value))


def _is_disturbed(value: Effect, passed: list[Effect], sharing: Sharing) -> bool:
    """Whether a value is another one when it is computed after the effects it is moved past."""
    if not value.reads or not passed:
        return False
    other = merge(passed)
    changed = other.mutates | (other.pushes - sharing.private_lists)
    if not value.reads.keys().isdisjoint(other.writes | other.pushes):
        return True
    return (
        not sharing.classes(changed).isdisjoint(sharing.classes(value.reads)) if changed else False
    )


def _is_inert(node: Node) -> bool:
    """Whether a node may be evaluated before or after a call with side effects alike."""
    if isinstance(node, gast.Attribute):
        return _is_inert(node.value)
    return isinstance(node, gast.Name | gast.Constant)


def _parts_in_order(node: Node) -> list[Any]:
    """What is evaluated in `node`, in the order of evaluation."""
    if isinstance(node, gast.Assign):
        return [node.value, *node.targets]
    if isinstance(node, gast.For):
        return [node.iter]
    if isinstance(node, COMPOUND):
        return [node.test] if isinstance(node, gast.If) else list(getattr(node, "items", []))
    if isinstance(node, gast.Dict):
        return [
            part
            for pair in zip(node.keys, node.values, strict=True)
            for part in pair
            if part is not None
        ]
    return children(node)


def _evaluated_before(node: Node, name: str) -> list[Any] | None:
    """What is evaluated in `node` before the first read of `name`; None where there is none."""
    if isinstance(node, gast.Name):
        return [] if node.id == name and isinstance(node.ctx, gast.Load) else None
    if isinstance(node, _SCOPES):
        return None
    done: list[Any] = []
    for part in _parts_in_order(node):
        inner = _evaluated_before(part, name)
        if inner is not None:
            return [*done, *inner, *_condition(node, done)]
        done.append(part)
    return None


def _condition(node: Node, done: list[Any]) -> list[Any]:
    """Something not inert if `node` evaluates what follows `done` only on a condition."""
    short = isinstance(node, gast.BoolOp | gast.IfExp | gast.Assert) or (
        isinstance(node, gast.Compare) and len(done) > 1
    )
    return [_UNSURE] if short and done else []


_UNSURE = tree.parse_expression("unsure[0]")


def _put(node: Any, name: str, value: Node) -> Any:
    if isinstance(node, gast.Name):
        return value if node.id == name and isinstance(node.ctx, gast.Load) else node
    if isinstance(node, _SCOPES):
        return node
    return map_children(node, lambda part: _put(part, name, value))
