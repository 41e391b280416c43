"""Reverses statements: forward part and backward part of one function in the core language.

What comes in: a function and which of its names are active. What goes out: its steps, each with the statements that reverse it.
The walk goes through the statements from the last to the first, as the backward part will, and knows at each place which adjoints
have a value there; the first contribution to an adjoint binds it, the later ones add to it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import gast

from knetsrc.errors import UnsupportedSyntaxError
from knetsrc.transform import tree
from knetsrc.transform.analysis.activity import (
    appended_to,
    changed_by_call,
    differentiable_reads,
    stored_to,
)
from knetsrc.transform.analysis.assigned import Assigned, exposed_names
from knetsrc.transform.analysis.atoms import is_fixed
from knetsrc.transform.analysis.bases import base_of
from knetsrc.transform.analysis.results import NEW_ARRAYS
from knetsrc.transform.analysis.stores import changed_names
from knetsrc.transform.callee import Helper
from knetsrc.transform.fit import factored, is_simple, times_over, without_repeating
from knetsrc.transform.keys import Contribution
from knetsrc.transform.own_methods import plain
from knetsrc.transform.push import Pushed, Pusher
from knetsrc.transform.refusal import refuse_contexts
from knetsrc.transform.steps import Block, Step
from knetsrc.transform.stores import reverse_store
from knetsrc.transform.tries import failure_flag, paths
from knetsrc.transform.updates import add_at_path, zeros_of_numbers


@dataclass
class Reverser:
    """Reverses the statements of one function.

    Attributes
    ----------
    call_helper
        Makes the pair of a helper: (step, call, adjoints of its results wanted) -> see `helper_calls.reverse_call`.
    buffers
        Names whose adjoint is added into at an index: it must be memory of its own.
    order
        Where names come first in the function.
    numeric
        Keys that are arrays or numbers for sure, so that adjoints add up with `+`.
    forms
        For a copy, an array with its shape and type that stays at hand: see `analysis.forms`.
    numbers
        Names of single numbers; those that are buffers as well are arrays without axes.
    handed
        Names whose adjoints are the caller's: they are only ever changed in place.
    is_tried
        Whether what is reversed runs inside a `try`.
    fixed
        Parameters that are neither bound anew nor changed.
    gathered
        Names whose adjoints have started as zeros, in memory of their own, and are only added to.
    steady
        Names of adjoints that a generated function adds to: their entries keep their form.
    core
        The statements of the function.
    """

    pusher: Pusher
    assigned: Assigned
    call_helper: Callable[..., Any]
    buffers: frozenset[str]
    order: dict[str, int]
    numeric: frozenset[str]
    numbers: frozenset[str] = frozenset()
    forms: dict[str, str] = field(default_factory=dict)
    handed: frozenset[str] = frozenset()
    is_tried: bool = False
    live: set[str] = field(default_factory=set)
    fixed: frozenset[str] = frozenset()
    gathered: frozenset[str] = frozenset()
    steady: frozenset[str] = frozenset()
    core: Sequence[tree.Node] = ()

    # --- blocks --------------------------------------------------------------------------------------------------------
    def block(self, body: list[tree.Node]) -> Block:
        """Steps of a body, reversed from its end to its start."""
        steps = []
        for number in range(len(body) - 1, -1, -1):
            changed = changed_by_call(body[number - 1]) if number else []
            steps.append(self.step(body[number], changed))
        return Block(steps[::-1])

    def step(self, node: tree.Node, changed: list[tree.Node]) -> Step:
        """One statement, and what a call in it writes into."""
        step = Step(node)
        if stored_to(node) is not None:
            reverse_store(self, step, node)
        elif isinstance(node, gast.Assign):
            self._assign(step, node, changed)
        elif isinstance(node, gast.If):
            self._branches(step, node, [node.body, node.orelse])
        elif isinstance(node, gast.For | gast.While):
            self._loop(step, node)
        elif isinstance(node, gast.With):
            refuse_contexts(node, self.active)
            step.blocks = [self.block(node.body)]
        elif isinstance(node, gast.Try):
            self._try(step, node)
        elif isinstance(node, gast.Return):
            raise AssertionError("the pipeline takes the result off before")
        elif appended_to(node) in self.active:
            self._append(step, node)
        return step

    @property
    def active(self) -> frozenset[str]:
        return self.pusher.active

    # --- assignments ---------------------------------------------------------------------------------------------------
    def _assign(self, step: Step, node: gast.Assign, changed: list[tree.Node]) -> None:
        target = node.targets[0]
        names = [n.id for n in tree.walk(target) if isinstance(n, gast.Name)]
        live = {n for n in names if self.is_live_name(n)}
        if any(names.count(n) > 1 for n in live):
            raise UnsupportedSyntaxError(
                "a name that is bound twice by one assignment",
                at=target,
                why="the first value is lost at once, and with it the place for its adjoint",
                instead="write `_` for what is not needed",
            )
        changed = [place for place in changed if base_of(place) in self.live - set(names)]
        if not live and not changed:
            return
        callee = self.pusher.calls.of(node.value)
        if isinstance(callee, Helper):
            self.call_helper(self, step, target, callee, changed)
            return
        adjoint = self._of_elements(target, node.value) or self.target_adjoint(target)
        pushed = Pushed(self.pusher, step)
        if isinstance(target, gast.Name) and target.id in tree.names_read(adjoint):
            adjoint = tree.substitute(adjoint, {target.id: pushed.values.result()})
        elif isinstance(target, gast.Tuple):
            described = pushed.values.describe(node.value)
            adjoint = self.pusher.after(step, adjoint, target, described)
        pushed.down(node.value, adjoint)
        self.commit(step, pushed, consumed=tree.names_written(target))

    def _of_elements(self, target: tree.Node, value: tree.Node) -> tree.Node | None:
        """The adjoint of a list, tuple or dict that is written out, of which only constant entries are read."""
        if not isinstance(target, gast.Name) or target.id not in self.pusher.keys.exploded:
            return None
        if any(isinstance(e, gast.Starred) for e in getattr(value, "elts", ())):
            return None
        if isinstance(value, gast.List | gast.Tuple):
            names = [str(i) for i in range(len(value.elts))]
        elif isinstance(value, gast.Dict) and None not in value.keys:
            names = [tree.show(k) for k in value.keys]
        else:
            return None
        keys = [f"{target.id}[{n}]" for n in names]
        adjoints = self.pusher.keys
        return tree.tuple_of(
            tree.name(adjoints.adjoint(k)) if k in self.live else tree.constant(None) for k in keys
        )

    def is_live_name(self, text: str) -> bool:
        """Whether the adjoint of a name, or of one of its entries, has a value."""
        return text in self.active and any(k in self.live for k in self.keys_of(text))

    def keys_of(self, text: str) -> list[str]:
        """The keys of a name: itself, or its entries."""
        keys = self.pusher.keys
        if text not in keys.exploded:
            return [text]
        return [
            k for k, node in keys.nodes.items() if tree.is_name(getattr(node, "value", None), text)
        ]

    def target_adjoint(self, target: tree.Node) -> tree.Node:
        """The adjoint of what an assignment binds: a name, a tuple for a tuple, None where nothing depends on a part."""
        if not isinstance(target, gast.Tuple):
            is_live = self.is_live_name(target.id)
            return self.adjoint_of(target.id) if is_live else tree.constant(None)
        return tree.tuple_of(
            self._whole_adjoint(t) if isinstance(t, gast.Tuple) else self.target_adjoint(t)
            for t in target.elts
        )

    def _whole_adjoint(self, target: tree.Node) -> tree.Node:
        """The adjoint of a tuple inside another: zeros for its parts that nothing depends on, None if these are all."""
        if not any(map(self.is_live_name, tree.names_written(target))):
            return tree.constant(None)
        if isinstance(target, gast.Tuple):
            parts = target.elts
            found = (self._whole_adjoint(t) for t in parts)
            pairs = zip(parts, found, strict=True)
            return tree.tuple_of(
                self._zeros_of(t) if tree.is_constant(d, None) else d for t, d in pairs
            )
        return self.adjoint_of(target.id)

    def _zeros_of(self, target: tree.Node) -> tree.Node:
        if isinstance(target, gast.Tuple):
            return tree.tuple_of(map(self._zeros_of, target.elts))
        return self.zeros(target.id)

    def adjoint_of(self, text: str) -> tree.Node:
        """The adjoint of a name as an expression; that of a container that is taken apart is put together.

        It is computed with: zeros for integers, and objects, tuples and dataclasses that can be written into.
        """
        is_numeric = text in self.numeric
        return self._put_together(text, "gradient_like" if is_numeric else "adjoint_like")

    def gradient_of(self, text: str) -> tree.Node:
        """The same as a user gets it."""
        return self._put_together(text, "gradient_like")

    def _put_together(self, text: str, helper: str) -> tree.Node:
        keys = self.pusher.keys
        if text not in keys.exploded:
            return tree.name(keys.adjoint(text)) if text in self.live else self.zeros(text)
        entries = [
            k
            for k in keys.nodes
            if k in self.live and getattr(keys.nodes[k], "value", None) is not None
        ]
        entries = [k for k in entries if tree.is_name(keys.nodes[k].value, text)]
        if not entries:
            return self.zeros(text)
        places: dict[str, Any] = {k: getattr(keys.nodes[k], "slice", None) for k in entries}
        if all(isinstance(getattr(p, "value", None), int) for p in places.values()):
            entries.sort(key=lambda k: places[k].value)
        indices = [self._entry_key(keys.nodes[k]) for k in entries]
        values = [tree.name(keys.adjoint(k)) for k in entries]
        return tree.call(self.spell(helper), tree.name(text), tree.dict_of(indices, values))

    def _entry_key(self, node: tree.Node) -> tree.Node:
        return (
            tree.constant(plain(node.attr))
            if isinstance(node, gast.Attribute)
            else tree.clone(node.slice)
        )

    def spell(self, helper: str) -> tree.Node:
        return self.pusher.spell(helper, None)

    def commit(self, step: Step, pushed: Pushed, consumed: Iterable[str]) -> None:
        """Write the contributions of a step; those to a name that it binds itself come last, as they end its adjoint."""
        step.back += pushed.prefix
        self.live -= {k for name in consumed for k in self.keys_of(name)}
        consumed = set(consumed)
        others = [c for c in pushed.contributions if c.key not in consumed]
        own = [c for c in pushed.contributions if c.key in consumed]
        for key, group in _grouped(others):
            self._contribute(step, pushed, key, group)
        for key, group in _grouped(own):
            self._contribute_own(step, pushed, key, group)

    def _contribute(self, step: Step, pushed: Pushed, key: str, group: list[Contribution]) -> None:
        whole = [c.value for c in group if not c.path]
        if whole:
            step.back.append(self.add(key, self.sum_of(key, whole, pushed)))
        for path, value in self._at_paths(key, group, pushed):
            step.back += self._started(key)
            step.back.append(
                add_at_path(
                    pushed.values, self._buffer(key), path, value, self._is_of_numbers(key, path)
                )
            )

    def _at_paths(
        self, key: str, group: list[Contribution], pushed: Pushed
    ) -> list[tuple[tuple[tree.Node, ...], tree.Node]]:
        """What is added to parts of an adjoint; what goes to the same part is one sum."""
        paths: dict[Any, tuple[tree.Node, ...]] = {}
        parts: dict[Any, list[tree.Node]] = {}
        for number, part in enumerate(c for c in group if c.path):
            is_numeric = self._is_of_numbers(key, part.path)
            place = tree.signature(list(part.path)) if is_numeric else number
            paths.setdefault(place, part.path)
            parts.setdefault(place, []).append(part.value)
        return [
            (path, self.sum_of(key, parts[place], pushed, path)) for place, path in paths.items()
        ]

    def _is_of_numbers(self, key: str, path: tuple[tree.Node, ...]) -> bool:
        """Whether the adjoint of `key` is an array or a number, or that at this path in it one of a list of numbers."""
        if key in self.numeric or not path:
            return key in self.numeric
        index = getattr(path[0], "slice", None) if len(path) == 1 else None
        ranks = self.pusher.shapes.ranks
        return index is not None and ranks.is_element(tree.subscript(tree.name(key), index))

    def _contribute_own(
        self, step: Step, pushed: Pushed, key: str, group: list[Contribution]
    ) -> None:
        if not any(c.path for c in group):
            step.back.append(self.add(key, self.sum_of(key, [c.value for c in group], pushed)))
            return
        adjoint = self.pusher.keys.adjoint(key)
        fresh = self.pusher.names.fresh(f"{adjoint}_before")
        step.back.append(tree.assign(fresh, self.zeros(key)))
        for whole in (c.value for c in group if not c.path):
            step.back.append(tree.assign(fresh, self._plus(key, tree.name(fresh), whole)))
        for path, value in self._at_paths(key, group, pushed):
            step.back.append(
                add_at_path(
                    pushed.values, tree.name(fresh), path, value, self._is_of_numbers(key, path)
                )
            )
        step.back.append(tree.assign(adjoint, tree.name(fresh)))
        self.live.add(key)

    def sum_of(
        self,
        key: str,
        values: list[tree.Node],
        pushed: Pushed,
        path: tuple[tree.Node, ...] = (),
    ) -> tree.Node:
        """The sum of what is contributed to one adjoint, or to the part of it at a path."""
        is_numeric = self._is_of_numbers(key, path)
        if is_numeric:
            hoisted = {n: v for n, v in pushed.step.hoists if isinstance(v, gast.Subscript)}
            parts = {n for n, v in hoisted.items() if self._is_part(v)}
            values = factored(times_over(values), self.active | parts)
        first, *rest = values
        for value in rest:
            value = without_repeating(pushed.values, first, value)
            first = tree.binary(first, "+", value) if is_numeric else self._plus(key, first, value)
        return first

    def _is_part(self, node: gast.Subscript) -> bool:
        """Whether an expression is a part of an array that is differentiated."""
        return tree.is_name(node.value) and node.value.id in self.active & set(self.numeric)

    def _plus(self, key: str, a: tree.Node, b: tree.Node) -> tree.Node:
        if key in self.numeric:
            return tree.binary(a, "+", b)
        return tree.call(self.spell("add"), a, b)

    def add(self, key: str, value: tree.Node) -> tree.Node:
        """The statement that adds `value` to the adjoint of `key`, or binds it if it has none yet."""
        adjoint = self.pusher.keys.adjoint(key)
        if key in self.handed:
            return self._added_in_place(key, value)
        if key not in self.live:
            self.live.add(key)
            is_shorter = isinstance(value, gast.Subscript) and tree.is_name(value.value, adjoint)
            if key in self.buffers & self.numbers:
                value = tree.call("np.array", value)
            elif key in self.buffers and not _is_fresh(value) and not is_shorter:
                value = tree.call(self.spell("owned"), value)
            return tree.assign(adjoint, value)
        return tree.assign(adjoint, self._plus(key, tree.name(adjoint), value))

    def _added_in_place(self, key: str, value: tree.Node) -> tree.Node:
        adjoint = tree.name(self.pusher.keys.adjoint(key))
        if key in self.numeric:
            return tree.augment(tree.subscript(adjoint, tree.constant(Ellipsis)), "+", value)
        return tree.expression(tree.call(self.spell("add_into"), adjoint, value))

    def _buffer(self, key: str) -> tree.Node:
        return tree.name(self.pusher.keys.adjoint(key))

    def _started(self, key: str, is_at_hand: bool = True) -> list[tree.Node]:
        """The statement that binds the adjoint of `key` to zeros, if it has no value yet.

        Where the value of `key` is not at hand, its adjoint has the form of the one just used up.
        """
        if key in self.live:
            return []
        self.live.add(key)
        adjoint = self.pusher.keys.adjoint(key)
        if is_at_hand or key in self.numbers:
            return [tree.assign(adjoint, self.zeros(key))]
        return [tree.assign(adjoint, tree.call(self.spell("zeros_like"), tree.name(adjoint)))]

    def started_sum(self, key: str) -> list[tree.Node]:
        """The statement that binds the adjoint of a fixed parameter to zeros, to which helpers add themselves."""
        self.gathered |= {key}
        return self._started(key)

    def zeros(self, key: str) -> tree.Node:
        if key in self.numbers - self.buffers:
            return tree.constant(0.0)
        form = self.forms.get(key)
        if key in self.pusher.shapes.ranks.lists:
            return zeros_of_numbers(key)
        node = tree.name(form) if form else self.pusher.keys.nodes.get(key, tree.name(key))
        if key in self.pusher.keys.optional and isinstance(node, gast.Subscript):
            return tree.call(self.spell("zeros_of_entry"), *tree.clone([node.value, node.slice]))
        if isinstance(node, gast.Subscript) and self.pusher.shapes.ranks.is_number(node):
            return tree.constant(0.0)
        return tree.call(self.spell("zeros_like"), tree.clone(node))

    # --- lists that grow ---------------------------------------------------------------------------------------------------
    def _append(self, step: Step, node: gast.Expr) -> None:
        text = appended_to(node)
        if text not in self.live:
            return
        element = node.value.args[0]
        taken = tree.call(tree.attribute(tree.name(self.pusher.keys.adjoint(text)), "pop"))
        pushed = Pushed(self.pusher, step)
        if self.pusher.keys.of(element) is None and not is_simple(element):
            described = Pushed(self.pusher, Step(node)).values.describe(element)
            name = self.pusher.names.fresh(f"d_{described}")
            self.pusher.temporaries.add(name)
            step.back.append(tree.assign(name, taken))
            taken = tree.name(name)
            pushed.values.named_shapes[name] = self.pusher.shapes.of(element, node)
        pushed.down(element, taken)
        live = set(self.live)
        self.commit(step, pushed, consumed=())
        self.live |= live
        if not pushed.contributions:
            step.back.append(tree.expression(taken))

    # --- branches ----------------------------------------------------------------------------------------------------------
    def _try(self, step: Step, node: gast.Try) -> None:
        if node.handlers and failure_flag(node) is None:
            inside = [n for n in tree.walk(node) if changed_by_call(n)]
            if any(base_of(place) in self.active for n in inside for place in changed_by_call(n)):
                raise UnsupportedSyntaxError(
                    "a call inside `try` that writes into a differentiated array",
                    at=node,
                    why="how much of it has been done when it fails is not known",
                    instead="compute the values inside the `try`, and write them behind it",
                )
            return  # it binds nothing active
        if node.handlers:
            before, self.is_tried = self.is_tried, True
            self._branches(step, node, paths(node))
            self.is_tried = before
        elif (tree.names_written(node) | changed_names([node])) & self.active:
            last = self.block(node.finalbody)
            step.blocks = [self.block(node.body), last]

    def _branches(self, step: Step, node: tree.Node, bodies: list[list[tree.Node]]) -> None:
        """The ways through a statement of which one is taken."""
        before, gathered = set(self.live), self.gathered
        ends: list[set[str]] = []
        for body in bodies:
            self.live, self.gathered = set(before), gathered
            step.blocks.append(self.block(body))
            ends.append(self.live)
        self.gathered = gathered
        possibly = self.assigned.possible[id(node)]
        merged = {k for k in set().union(*ends) if self._root(k) in possibly}
        for block, end in zip(step.blocks, ends, strict=True):
            self.live = end
            for key in sorted(merged - end, key=self._order):
                block.final += self._started(key)
        self.live = merged

    def _root(self, key: str) -> str:
        node = self.pusher.keys.nodes.get(key)
        return node.value.id if isinstance(node, gast.Subscript | gast.Attribute) else key

    # --- loops ----------------------------------------------------------------------------------------------------------
    def _loop(self, step: Step, node: tree.Node) -> None:
        read = self._keys_read(node.body)
        written = tree.names_written(node.body) | changed_names(node.body)
        exposed = exposed_names(node.body)
        after = set(self.live)
        carried = {
            k
            for k in read | after
            if self._root(k) in written and (self._root(k) in exposed or k in after)
        }
        carried |= {n for n in changed_names(node.body) & self.active if n in after or n in exposed}
        outer = {k for k in read if self._root(k) not in written}
        if not (carried & after or outer) or not self._reaches(node.body, after):
            return
        gathered = self.gathered
        self.gathered = (gathered | (outer - after)) - written
        for key in sorted(outer | carried, key=self._order):
            if self._root(key) in self.active:
                step.back += self._started(key)
        entry = set(self.live)
        body = self.block(node.body)
        self.gathered = gathered
        at_hand = exposed | self.assigned.before[id(node)]
        for key in sorted(entry - self.live, key=self._order):
            is_alike = self._root(key) not in at_hand and self._is_alike(key, node)
            body.final += self._started(key, is_at_hand=not is_alike)
        self.live = entry
        step.blocks = [body]

    def _is_alike(self, key: str, loop: tree.Node) -> bool:
        """Whether all that a name is bound to has the same shape: in each iteration, and where else something binds it."""
        inside, everywhere = _bindings_of(loop, key), _bindings_of(self.core, key)
        within = loop if len(inside) == len(everywhere) else self.core
        shapes = self.pusher.shapes
        found = {
            shapes.of_target(key, n, n.value)
            if isinstance(n, gast.Assign) and tree.is_name(n.targets[0])
            else None
            for n in everywhere
        }
        shape = found.pop() if len(found) == 1 else None
        return shape is not None and is_fixed(shape, tree.names_written(within))

    def _order(self, key: str) -> tuple[int, str]:
        """Parameters first, then names as they come in the text."""
        return (self.order.get(self._root(key), len(self.order)), key)

    def _reaches(self, body: list[tree.Node], after: set[str]) -> bool:
        """Whether anything bound in a body has an adjoint, or may get one within the body."""
        written = tree.names_written(body) | changed_names(body)
        return any(self._root(k) in written for k in after)

    def _keys_read(self, body: list[tree.Node]) -> set[str]:
        """Keys of the active names that a body reads in a way that matters for derivatives."""
        found: set[str] = set()
        for node in tree.walk(body):
            value = node.value if isinstance(node, gast.Assign | gast.AugAssign) else None
            if appended_to(node) is not None:
                value = node.value.args[0]
            if value is not None:
                found |= self._keys_in(value)
        return found

    def _keys_in(self, value: tree.Node) -> set[str]:
        keys, names = self.pusher.keys, set()
        for read in differentiable_reads(value, self.pusher.calls):
            if read.id in self.active and read.id not in keys.exploded:
                names.add(keys.of(read))
        taken_apart = keys.exploded & self.active
        for node in tree.walk(value):
            if isinstance(node, gast.Subscript) and getattr(node.value, "id", None) in taken_apart:
                names.add(keys.of(node))
        return {key for key in names if key is not None}


def _grouped(contributions: list[Contribution]) -> list[tuple[str, list[Contribution]]]:
    groups: dict[str, list[Contribution]] = {}
    for contribution in contributions:
        groups.setdefault(contribution.key, []).append(contribution)
    return list(groups.items())


def _is_fresh(value: tree.Node) -> bool:
    """Whether an expression makes an object of its own."""
    if tree.called_name(value) in ("like", "unbroadcast"):  # these may hand on what they are given
        return isinstance(value.args[0], gast.Constant) or _is_fresh(value.args[0])
    if isinstance(value, gast.Call) and tree.is_path(value.func, "np.expand_dims"):
        return _is_fresh(value.args[0])
    is_method = isinstance(value, gast.Call) and isinstance(value.func, gast.Attribute)
    if is_method and value.func.attr == "sum" and value.keywords:  # as `fit` writes it
        return True
    return (
        isinstance(value, gast.BinOp | gast.UnaryOp | gast.List | gast.ListComp)
        or tree.called_name(value) in NEW_ARRAYS | {"zeros_like"}
        or (isinstance(value, gast.Call) and tree.is_path(value.func, "np.where"))
    )


def _bindings_of(node: tree.Node | Sequence[tree.Node], text: str) -> list[tree.Node]:
    """The assignments and loops that bind a name."""
    found = [n for n in tree.walk(node) if isinstance(n, gast.Assign | gast.For)]
    targets = ((n, getattr(n, "targets", None) or n.target) for n in found)
    return [n for n, target in targets if text in tree.names_written(target)]
