"""Calls of functions made of checkpointed loops: a schedule runs parts of the loop forward, and reverses them one by one.

u, checkpoints = run_steps(f_steps, range(n), (u,), (c,))
...
d_u, d_c = reverse_steps(checkpoints, f_steps_forward, f_steps_backward, (d_u,), (zeros_like(c),))
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import gast

from knetsrc.transform import tree
from knetsrc.transform.again import check_repeatable
from knetsrc.transform.analysis.activity import active_names, varied_names
from knetsrc.transform.analysis.atoms import SCALAR
from knetsrc.transform.analysis.kinds import numeric_names
from knetsrc.transform.analysis.shape_flow import shapes
from knetsrc.transform.analysis.stores import changed_names
from knetsrc.transform.callee import Helper
from knetsrc.transform.functions import CONTAINERS, Function
from knetsrc.transform.pairs import PairKey
from knetsrc.transform.reverse import Reverser
from knetsrc.transform.steps import Step

if TYPE_CHECKING:
    from knetsrc.transform.units import Units


@dataclass
class Loop:
    """A function made of a loop, with its call.

    Attributes
    ----------
    function
        Takes the place where a part starts and stops, the state, and what is only read, in this order.
    bound
        What the call hands to it, by parameter.
    state
        Names of the state.
    """

    units: "Units"
    function: Function
    bound: dict[str, tree.Node]

    def __post_init__(self) -> None:
        core = tree.clone(self.function.core)
        self.head: gast.For = core.body[0]
        value = core.body[-1].value
        self.is_single = not isinstance(value, gast.Tuple)
        self.state = [n.id for n in ([value] if self.is_single else value.elts)]
        part = [a.id for a in self.head.iter.args[:2]]
        known = {*part, *self.state, self.function.slots}
        self.fixed = [p for p in self.function.parameters if p not in known]
        self.parameters = [*part, *self.state, *self.fixed]
        core = tree.at(tree.function_def(core.name, self.parameters, core.body), core)
        self.function = replace(self.function, core=core)

    def with_slots(self, function: Function) -> Function:
        """The function for plain calls of it, which hand the number of states over as well."""
        core = tree.function_def(self.function.name, self.parameters, self.function.core.body)
        if function.slots:
            core.args.kwonlyargs = [tree.parameter(function.slots)]
            core.args.kw_defaults = [tree.constant(None)]
        return replace(function, core=tree.at(core, self.function.core))

    def carried(self, active: set[str], wanted: set[str]) -> tuple[frozenset[str], frozenset[str]]:
        """Parameters that are active in any iteration, and those of the state that have an adjoint."""
        core, calls = self.units.specialized(self.function), self.units.calls
        active = active | (varied_names(core, calls, set(active)) & set(self.state))
        while True:
            last = tree.return_(tree.tuple_of(map(tree.name, sorted(wanted))))
            asked = tree.function_def(core.name, core.args, [*core.body[:-1], last])
            found = active_names(asked, calls, set(active))
            more = wanted | (found & set(self.state))
            if more == wanted:
                return found & set(self.function.parameters), frozenset(wanted & found)
            wanted = more

    def numbers(
        self, scalars: frozenset[str], after: frozenset[str]
    ) -> tuple[frozenset[str], frozenset[str]]:
        """What is a single number in every iteration.

        Parameters
        ----------
        scalars
            Parameters that are numbers before the loop.
        after
            Names of the state that are numbers after it.

        Returns
        -------
        tuple
            Parameters that are numbers before every part of the loop, names of the state that are
            after every part.
        """
        core, calls = self.units.specialized(self.function), self.units.calls
        numeric = numeric_names(core, calls, self.units.facts.kinds, self.function.numeric)
        head, last = core.body[0], core.body[-1]
        found = shapes(core, calls, False, frozenset(), numeric, after)
        after &= found.numbers_before.get(id(head), frozenset())
        while True:
            found = shapes(core, calls, False, scalars, numeric, after)
            carried = scalars & set(self.state) - after
            other = {s for s in carried if found.of(tree.name(s), last) != SCALAR}
            if not other:
                return scalars, after
            scalars -= other

    def whole(self) -> tree.Node:
        """The range that the loop goes through."""
        start, stop, *step = (tree.substitute(a, self.bound) for a in self.head.iter.args)
        is_plain = tree.is_number(start, 0) and not step
        return tree.call("range", *([stop] if is_plain else [start, stop, *step]))

    def writes(self) -> bool:
        """Whether the iterations write into the state."""
        written = self.units.helper_effects.of(self.function, id(self.function)).written
        return bool((written | changed_names(self.function.core)) & set(self.state))

    def run(self, call: gast.Call) -> gast.Call:
        """The call of the schedule in the place of that of the function."""
        parts = [tree.tuple_of([self.bound[p] for p in ps]) for ps in (self.state, self.fixed)]
        options = {"in_place": tree.constant(True)} if self.writes() else {}
        slots = [k.value for k in call.keywords if k.arg == self.function.slots]
        if slots:
            options["slots"] = slots[0]
        function = [tree.name(self.function.name), self.whole()]
        given = [*function, *(parts if self.fixed else parts[:1])]
        return tree.call(self.units.spell("run_steps", None), *given, **options)


def reverse_loop(
    units: "Units", reverser: Reverser, step: Step, target: tree.Node, function: Function,
    bound: dict[str, tree.Node],
) -> tuple[list[str], tree.Node]:  # fmt: skip
    """Let a schedule run the loop; gives the parameters whose adjoints its reversal returns, and that call."""
    check_repeatable(units, function)
    loop, pusher = Loop(units, function, bound), reverser.pusher
    targets = [target] if loop.is_single else list(target.elts)
    live = {s for s, t in zip(loop.state, targets, strict=True) if reverser.is_live_name(t.id)}
    active, wanted = loop.carried({p for p, a in bound.items() if pusher.is_active(a)}, live)
    added = [p for p in loop.fixed if p in active]
    key = _key(units, reverser, step, loop, targets, active, wanted)
    pair = units.pair(Helper(loop.function, function.name), key)
    units.restores |= loop.writes()
    step.shown = f"for {tree.show(loop.head.target)} in checkpointed({tree.show(loop.whole())}):"
    checkpoints = pusher.names.fresh(function.name.replace("_steps", "_checkpoints"))
    seeds = [
        reverser.adjoint_of(t.id) if s in live else tree.constant(None)
        for s, t in zip(loop.state, targets, strict=True)
    ]
    after = pusher.after(step, tree.tuple_of(seeds), target, function.name)
    given = [checkpoints, pair.forward, pair.backward]
    backward = tree.call(reverser.spell("reverse_steps"), *map(tree.name, given), after)
    if added:
        backward.args.append(tree.tuple_of(_zeros(reverser, step, bound[p]) for p in added))
    if len(wanted) < len(loop.state):
        numbers = (tree.constant(i) for i, s in enumerate(loop.state) if s in wanted)
        backward.keywords = tree.call("f", wrt=tree.tuple_of(numbers)).keywords
    step.extra.append(checkpoints)
    node = step.node
    node.value = tree.at(loop.run(node.value), node.value)
    node.targets = [tree.target_of(tree.tuple_of([tree.clone(target), tree.name(checkpoints)]))]
    units.calls.local[function.name] = loop.with_slots(function)
    return [s for s in loop.state if s in wanted] + added, backward


def _key(
    units: "Units", reverser: Reverser, step: Step, loop: Loop, targets: list[tree.Node],
    active: frozenset[str], wanted: frozenset[str],
) -> PairKey:  # fmt: skip
    pusher, parameters = reverser.pusher, set(loop.function.parameters)
    numbers = {p for p, a in loop.bound.items() if pusher.shapes.of(a, step.node) == SCALAR}
    known = pusher.shapes.numbers_after.get(id(step.node), frozenset())
    ends = frozenset(s for s, t in zip(loop.state, targets, strict=True) if t.id in known)
    scalars, results = loop.numbers(frozenset(numbers & parameters), ends)
    asked = sorted(units.facts.asked(loop.function) & set(loop.fixed))
    kinds = [(p, pusher.calls.kind_of(loop.bound[p])) for p in asked]
    return PairKey(
        id(loop.function),
        frozenset(p for p in active if p in wanted or p in loop.fixed),
        scalars,
        False,
        None if loop.is_single else tuple(s in wanted for s in loop.state),
        tuple((p, k) for p, k in kinds if k in CONTAINERS),
        tuple(p for p in loop.fixed if p in active),
        frozenset(map(loop.state.index, results)),
        is_tried=reverser.is_tried,
    )


def _zeros(reverser: Reverser, step: Step, node: tree.Node) -> tree.Node:
    if reverser.pusher.shapes.of(node, step.node) == SCALAR:
        return tree.constant(0.0)
    return tree.call(reverser.spell("zeros_like"), tree.clone(node))
