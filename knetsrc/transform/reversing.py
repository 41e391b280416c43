"""The reversal of one function, stage by stage: analyses, steps, what is saved, statements, simplification."""

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import gast

from knetsrc.transform import tree
from knetsrc.transform.analysis.activity import appended_to, stored_to
from knetsrc.transform.analysis.assigned import bound_values, definitely_assigned
from knetsrc.transform.analysis.atoms import SCALAR
from knetsrc.transform.analysis.fills import filling_writes
from knetsrc.transform.analysis.forms import forms
from knetsrc.transform.analysis.indices import mask_names
from knetsrc.transform.analysis.integers import integer_names, of_vector
from knetsrc.transform.analysis.kinds import (
    buffer_names,
    entries_only,
    numeric_names,
    optional_entries,
)
from knetsrc.transform.analysis.needed import Needed
from knetsrc.transform.analysis.results import NEW_ARRAYS
from knetsrc.transform.analysis.second_names import second_names
from knetsrc.transform.analysis.shape_flow import shapes
from knetsrc.transform.analysis.shapes import Shapes
from knetsrc.transform.analysis.stores import (
    as_argument,
    as_read,
    changed_names,
    sliced_arrays,
    stored_names,
    sure_arrays,
    target_of,
)
from knetsrc.transform.analysis.sums import running_sums
from knetsrc.transform.analysis.told import root_of
from knetsrc.transform.assemble import Assembler
from knetsrc.transform.callee import (
    Constant,
    Container,
    Helper,
    Primitive,
    Record,
    Replaced,
    is_report,
)
from knetsrc.transform.functions import Function, parameter_names
from knetsrc.transform.helper_calls import reverse_call
from knetsrc.transform.keys import Keys, NumericKeys
from knetsrc.transform.left_calls import check_left_calls
from knetsrc.transform.names import Names, first_places
from knetsrc.transform.normalize.attribute_elements import OWN
from knetsrc.transform.outside_reads import (
    array_reads,
    changed_attributes,
    checks_of,
    outside_reads,
    parameter_reads,
)
from knetsrc.transform.pairs import Reversal, Task, taken_apart
from knetsrc.transform.preparing import Preparing
from knetsrc.transform.push import Pusher
from knetsrc.transform.reverse import Reverser
from knetsrc.transform.seeds import Seeds
from knetsrc.transform.simplify import Effects, simplify
from knetsrc.transform.simplify.by_calls import by_calls
from knetsrc.transform.simplify.counting import count_up
from knetsrc.transform.simplify.elements import add_into_elements
from knetsrc.transform.simplify.fill import fill_parts
from knetsrc.transform.simplify.gather import gather_saved
from knetsrc.transform.simplify.likes import add_unrepeated
from knetsrc.transform.simplify.outlines import keep_outlines
from knetsrc.transform.simplify.refill import refill
from knetsrc.transform.simplify.renumber import renumber
from knetsrc.transform.simplify.replay import replay
from knetsrc.transform.simplify.revisit import revisit
from knetsrc.transform.simplify.sink import sink
from knetsrc.transform.simplify.stored import read_stored
from knetsrc.transform.simplify.templates import share_templates
from knetsrc.transform.simplify.unchanging import drop_unchanging
from knetsrc.transform.simplify.unpack import unpack_entries, unpack_parts
from knetsrc.transform.simplify.zeros import plain_zeros
from knetsrc.transform.steps import Block, Step

_FRESH_CALLS = NEW_ARRAYS | {"zeros_like", "zeros_of_entry", "owned", "deep_copy", "np.zeros_like"}
_CHANGING_HELPERS = frozenset(
    {
        "check_adjoint_of_array",
        "check_apart",
        "check_apart_in",
        "check_array",
        "check_class",
        "check_floats",
        "check_kind",
        "check_no_list",
        "check_not_array",
        "check_not_copy",
        "check_pair",
        "check_picked",
        "check_view",
        "check_not_view",
        "check_sole",
        "check_sole_in",
        "check_unseen",
        *OWN,
        "cut_out",
        "check_distinct",
        "check_entry",
        "put_back",
        "add_at",
        "add_into",
        "add_within",
        "run_steps",
        "reverse_steps",
        "with_buffer",
        "with_own_lists",
    }
)
_RANDOM = frozenset({
    "random", "normal", "uniform", "standard_normal", "integers", "choice", "permutation", "shuffle",
})  # fmt: skip
_OF_RANDOM = ("np.random.", "random.")
if TYPE_CHECKING:
    from knetsrc.transform.units import Units


@dataclass
class Reversing:
    """The reversal of one function, stage by stage."""

    units: "Units"
    function: Function
    task: Task

    def run(self) -> Reversal:
        task = self.task
        core, calls, active, names = Preparing(self.units).prepared(
            self.function, set(task.wrt), task.has_aux, task.mutated
        )
        self.core = core
        result = core.body[-1].value
        assigned = definitely_assigned(core)
        exploded = entries_only(core, calls, active) - set(task.mutated)
        self.keys = keys = Keys(names, exploded, optional_entries(core.body, exploded))
        numeric = numeric_names(core, calls, self.units.facts.kinds, self.function.numeric_in(core))
        self.temporaries: set[str] = set()
        numeric_keys = NumericKeys(numeric, core)
        self.aliases = self.units.facts.aliases(
            core,
            known=self.function.numeric_in(core),
            given=self.function.kinds,
            told=self.function.told,
        )
        self.depends_on_order = any(tree.called_name(n) == "check_view" for n in tree.walk(core))
        self.numeric = numeric
        self.arrays = sure_arrays(core) & numeric
        parts = result.elts if isinstance(result, gast.Tuple) else [result]
        numbers = frozenset(parts[i].id for i in task.results)
        told = self.function.told.without(self.aliases.changing)
        self.found = found = shapes(
            core, calls, task.scalar_result, task.scalars, numeric, numbers, told
        )
        integers = integer_names(core, told.integers) | found.ranks.elements
        integers |= {of_vector(text) for text in found.ranks.vectors}
        self.sliced = sliced_arrays(core) & numeric
        pusher = Pusher(
            calls, found, active, keys, names, integers, self.units.spell, self.temporaries,
            self.units.as_written, numeric_keys, mask_names(core), self.aliases.changing,
            running_sums(core),
        )  # fmt: skip
        floats = active | (told.floats - tree.names_written(core.body)) | found.ranks.floats()
        self.integers, self.floats = pusher.integers, floats - pusher.integers
        self.masks = pusher.masks
        reverser = Reverser(
            pusher, assigned, partial(reverse_call, self.units), buffer_names(core, calls, active),
            first_places(core), numeric_keys,
            _number_names(core, found), forms(core, numeric), task.mutated, task.is_tried,
        )  # fmt: skip
        changing = tree.names_written(core.body) | changed_names(core) | self.aliases.changing
        reverser.fixed = frozenset(self.function.parameters) - changing
        reverser.gathered = frozenset(task.added)
        reverser.core = core.body
        if self.function.source is not None and self.function.source.is_generated:
            reverser.steady = frozenset(n for n in stored_names(core.body) if n.startswith("d_"))
        self.number_names = reverser.numbers
        seeds = Seeds(task, reverser, self.temporaries)
        seed, self.given = seeds.of(result) if task.has_seed else [], seeds.given()
        self.seed_name = seeds.parameter
        mutated = [p for p in task.wrt if p in task.mutated]
        self.mutated = [keys.adjoint(p) for p in mutated]
        reverser.live |= task.mutated
        block = reverser.block(core.body[:-1])
        wrt = [w for w in task.wrt if w not in task.mutated] + mutated
        of = reverser.adjoint_of if task.is_helper else reverser.gradient_of
        has_adjoint = active | set(task.added)
        adjoints = [of(w) if w in has_adjoint else reverser.zeros(w) for w in wrt]
        self.temporaries |= {a for k, a in keys.adjoints.items() if "[" in k}
        self.numeric_adjoints = pusher.numeric_adjoints()
        self._decide_hoists(block, result)
        self.primal = primal = (
            frozenset(names.taken) - frozenset(keys.adjoints.values()) - {seeds.parameter}
        )
        alone = (stored_names(core.body) & numeric) - self.aliases.shared
        needed = Needed(
            assigned,
            primal,
            self.aliases,
            numeric,
            filling=filling_writes(core, sorted(alone)),
            is_helper=task.is_helper and not self.function.is_loop,
            is_number=found.ranks.is_number,
            same=second_names(core),
        )
        needed.run(block, tree.names_read([*seed, *adjoints]) & primal)
        check_left_calls(block, active, self._checked_calls)
        self.arrays -= needed.undefined
        self.held = needed.held
        reversal = self._assembled(block, seed, result, adjoints, needed, names)
        reversal.numeric = numeric
        reversal.restores = self._restores(reversal.backward)
        reversal.numbers = reverser.numbers
        reversal.seed = self.seed_name if task.has_seed else None
        reversal.added, reversal.mutated = self.given, self.mutated
        reversal.told = told.without(changing)
        if mutated:
            reversal.adjoints = reversal.adjoints[: -len(mutated)]
        first = result.elts[0] if task.has_aux else result
        reversal.is_scalar = self._is_scalar(core, first)
        return reversal

    def _checked_calls(self, node: tree.Node) -> list[tree.Node]:
        """A statement after the checks of calls that are made as they are."""
        core = tree.function_def(self.function.name, [], [node])
        return self.units.with_checked_calls(core, frozenset()).body

    def _is_scalar(self, core: gast.FunctionDef, result: tree.Node) -> bool:
        """Whether the result is a number whatever the arguments are that the source is for."""
        told, scalars = self.found.ranks.told, self.task.scalars
        plain = shapes(core, self.units.calls, False, scalars, told=told)
        return plain.of(result, core.body[-1]) == SCALAR

    def _wanted(self, result: tree.Node) -> tree.Node:
        """The result, without what is not asked for."""
        if self.task.want_value:
            return result
        none = tree.constant(None)
        return tree.tuple_of([none, *result.elts[1:]]) if self.task.has_aux else none

    def _decide_hoists(self, block: Block, result: tree.Node) -> None:
        """In loops, subexpressions of statements that only the value needs are computed again in the backward part."""
        needed = _names_needed(block) | tree.names_read(self._wanted(result))
        live = _live_names(block, needed)
        for step in _loop_steps(block):
            calls = [n for _, v in step.hoists for n in tree.walk(v) if isinstance(n, gast.Call)]
            changed = tree.names_written(step.node) | stored_names(step.node)
            is_dead = not changed & (live | tree.names_read([v for _, v in step.hoists]))
            if step.hoists and is_dead and all(map(self._is_pure, calls)):
                step.hoist_backward = True

    def _assembled(
        self,
        block: Block,
        seed: list[tree.Node],
        result: tree.Node,
        adjoints: list[tree.Node],
        needed: Needed,
        names: Names,
    ) -> Reversal:
        self.units.pops |= bool(needed.popped)
        assembler = Assembler(
            names, needed.popped, self.units.as_written, self._kept_value, self._put_back
        )
        forward = self._without_idle_checks(assembler.forward(block))
        backward = [*seed, *assembler.backward(block)]
        backward = share_templates(backward, self._shapes_of_names(block))
        lists = needed.undefined & self.found.ranks.lists  # an adjoint is as long as its list
        forward = [*(tree.assign(text, tree.list_of([])) for text in sorted(lists)), *forward]
        if undefined := sorted(needed.undefined - lists):
            forward = [tree.assign_all(undefined, tree.constant(None)), *forward]
        value: tree.Node = tree.constant(None)
        if self.task.want_value or self.task.has_aux:
            value, kept = self._kept_result(self._wanted(result), backward, names)
            forward += kept
            self.temporaries |= {n for s in kept for n in tree.names_written(s)}
        forward = [*self._copied_parameters(), *forward]
        arguments = tree.clone(self.function.core.args)
        for text in (self.seed_name, *self.given, *self.mutated):
            arguments.kwonlyargs.append(tree.parameter(text))
            arguments.kw_defaults.append(None)
        combined = tree.function_def(
            self.function.name, arguments,
            [*forward, tree.comment(tree.BOUNDARY), *backward, tree.return_(tree.tuple_of([value, tree.tuple_of(adjoints)]))],
        )  # fmt: skip
        simple = simplify(
            combined,
            is_float=self._is_float,
            is_pure=self._is_pure,
            candidates=frozenset(self.temporaries),
            adjoints=frozenset(self.keys.adjoints.values()) - self.temporaries,
            fresh_calls=_FRESH_CALLS,
            owned=frozenset(self.given),
            keeps_forward=self.task.is_tried,
        )
        numeric = frozenset(self.numeric_adjoints)
        simple = unpack_parts(simple, frozenset(self.temporaries))
        simple = add_unrepeated(plain_zeros(simple, numeric), numeric)
        effects = Effects(self._is_pure, _FRESH_CALLS)
        is_split = self.task.is_helper or self.task.is_seeded
        simple = drop_unchanging(simple, effects, is_split)
        simple = read_stored(simple, effects, self.found.ranks.is_number)
        simple = gather_saved(simple, names.fresh, effects)
        if not is_split:
            sequences = {
                root_of(path) for path, dims in self.function.told.dims if dims or "[" in path
            }
            simple = replay(revisit(simple, effects, sequences), effects)
        simple = add_into_elements(simple, self.integers)
        simple = keep_outlines(simple, self.sliced, self.units.spell("outline", None))
        simple = by_calls(refill(fill_parts(simple), numeric))
        own = self.temporaries | set(self.keys.adjoints.values())
        simple = count_up(unpack_entries(sink(simple, own)))
        taken = self.units.names.taken | Names.of(self.function.core).taken
        return taken_apart(renumber(simple, self.temporaries - {self.seed_name}, taken))

    def _without_idle_checks(self, forward: list[tree.Node]) -> list[tree.Node]:
        """The forward part without checks of names that only ever stand for elements of arrays, and for what is computed of these."""
        bound = bound_values(tree.function_def("forward", [], forward))
        numbers = self.number_names - set(self.function.parameters)

        def is_new(value: tree.Node | None) -> bool:
            return isinstance(value, gast.BinOp | gast.Constant) or (
                isinstance(value, gast.Subscript) and self.found.ranks.is_number(value)
            )

        def checked(node: gast.Expr) -> tree.Node | list[tree.Node]:
            call = node.value
            is_check = tree.called_name(call) == "check_not_array" and tree.is_name(call.args[0])
            text = call.args[0].id if is_check else ""
            return [] if text in numbers and all(map(is_new, bound.get(text, [None]))) else node

        return tree.rewrite(forward, {gast.Expr: checked})

    def _copied_parameters(self) -> list[tree.Node]:
        """Statements that copy the arguments into which the function writes."""
        is_main = self.function.source is self.units.outside.main and not self.function.is_loop
        if self.task.is_helper or (self.task.is_seeded and not is_main):
            return []
        ranks = self.function.told.ranks
        written = [p for p in self.aliases.written_parameters() if ranks.get(p) != 0]
        copies = [tree.assign(p, self._copy(tree.name(p), p)) for p in written]
        others = [
            p for p in self.function.parameters if ranks.get(p) != 0 and p not in self.integers
        ]
        main = self.units.outside.main
        is_users = main is not None and self.function.source is main
        updated = main.augmented if main is not None and is_users else frozenset()
        attributes = changed_attributes(self.aliases, others)
        changing = [*(p for p in others if p in {*written, *updated}), *attributes]
        stored = main.stored if main is not None and is_users else frozenset()
        if not (changing or written or stored) or not others:
            return copies
        is_alone = len(others) == 1 and others[0] in self.arrays | self.numeric
        first = self._first_write(written)
        checks = [] if is_alone else [self._distinct(others)]
        checks += self._unseen(changing, others)
        return [*(tree.at(check, first) for check in checks), *copies]

    def _first_write(self, written: list[str]) -> tree.Node:
        """The first statement that writes into one of these arguments."""
        nodes = [n for n in tree.walk(self.core.body) if id(n) in self.aliases.places]
        found = (n for n in nodes if self.aliases.parameters_at(n) & set(written))
        return next(found, self.core.body[0])

    def _distinct(self, names: list[str]) -> tree.Node:
        """A statement that checks that no array or list is two of these arguments, or at two places in them."""
        given = tree.tuple_of([tree.name(p) for p in names])
        text = tree.constant(f"{self.function.name}({', '.join(names)})")
        return tree.expression(tree.call(self.units.spell("check_distinct", None), given, text))

    def _unseen(self, changing: list[str], names: list[str]) -> list[tree.Node]:
        """Statements that check that nothing of this is read under another name: from outside, or of an object."""
        if not changing:
            return []
        reached = [f.core for f in self.units.hidden_updates.reached(self.function)]
        objects = [p for p in names if p not in self.arrays | self.numeric]
        core, told = self.function.core, self.function.told
        in_objects = parameter_reads(core, objects, self.function.classes, self.units.calls)
        is_held = any(r.text in changing and r.may_be_object(told) for r in in_objects)
        reads = [
            *in_objects,
            *(array_reads(core, {*names} - {*objects}) if is_held else ()),
            *outside_reads(reached, self.units.outside),
        ]
        return checks_of(changing, reads, lambda: self.units.spell("check_unseen", None))

    def _copy(self, value: tree.Node, text: str) -> tree.Node:
        if (
            self.depends_on_order
            and isinstance(value, gast.Name)
            and text in self.function.parameters
        ):
            return tree.call(self.units.spell("copied", None), value, tree.constant(text))
        if text in self.arrays:
            return tree.call(tree.attribute(value, "copy"))
        return tree.call(self.units.spell("deep_copy", None), value)

    def _kept_value(self, value: tree.Node, node: tree.Node | None) -> tree.Node:
        """What is kept of a value before a statement, or at the end of a body after which it may change: a copy if need be."""
        if node is None:
            is_left = value.id in self.number_names | self.held
            return value if is_left else self._copy(value, value.id)
        if isinstance(value, gast.Subscript):
            is_mask = tree.is_name(value.slice) and value.slice.id in self.masks
            if is_mask or self.found.of(value, node) == SCALAR:
                return value
            text = stored_to(node) or ""
            if tree.is_constant(value.slice, Ellipsis):
                return self._copy(value.value, text)
            if text in self.numeric or isinstance(node, gast.AugAssign):
                return self._copy(value, text)
            index = as_argument(value.slice)
            return tree.call(self.units.spell("entry_of", None), value.value, index)
        is_changed = value.id in self.aliases.shared - self.number_names - self.held
        is_changed |= any(value.id in self.aliases.names.get(id(n), ()) for n in tree.walk(node))
        return self._copy(value, value.id) if is_changed else value

    def _restores(self, backward: list[tree.Node]) -> bool:
        """Whether the backward part writes into what the forward part has made."""
        called = {tree.called_name(n) or "" for n in tree.walk(backward)}
        if any(text.endswith("_backward") for text in called) and self.units.writes_in_helpers():
            return True
        return bool(stored_names(backward) & self.primal) or "put_back" in called

    def _put_back(self, restored: gast.Assign, node: tree.Node) -> tree.Node:
        """`x[key] = old`, or a call that can take the key out of a dict again."""
        target = restored.targets[0]
        is_array = stored_to(node) in self.numeric or isinstance(target.slice, gast.Slice)
        is_array |= self.found.ranks.is_element(as_read(target_of(node)))
        if is_array or isinstance(node, gast.AugAssign):
            return restored
        whole = tree.rewrite(target.value, {})
        helper = self.units.spell("put_back", None)
        return tree.expression(tree.call(helper, whole, as_argument(target.slice), restored.value))

    def _kept_result(
        self, result: tree.Node, backward: list[tree.Node], names: Names
    ) -> tuple[tree.Node, list[tree.Node]]:
        """The result under names that the backward part leaves alone, and the statements that bind these."""
        written, kept = tree.names_written(backward), list[tree.Node]()
        is_changed = self._restores(backward) and not self.task.is_seeded
        changing = self.aliases.changing if is_changed else ()
        beside = result.elts[1:] if self.task.has_aux and self.units.pops else []
        lists = tree.names_read(beside) - self.number_names - self.arrays

        def replace(node: gast.Name) -> tree.Node:
            if node.id not in written | lists and node.id not in changing:
                return node
            value: tree.Node = tree.name(node.id)
            if node.id in changing:
                value = self._copy(value, node.id)
            elif node.id in lists:
                value = tree.call(self.units.spell("with_own_lists", None), value)
            text = names.fresh("value")
            kept.append(tree.assign(text, value))
            return tree.name(text)

        return tree.rewrite(result, {gast.Name: replace}), kept

    def _shapes_of_names(self, block: Block) -> dict[str, Any]:
        """Shapes of what straight-line code binds once; single numbers, masks, integers and what grows are left out."""
        found: dict[str, Any] = {}
        others: set[str] = set()  # their zeros would be no floats
        for step in block.steps:
            node = step.node
            if isinstance(node, gast.Assign) and isinstance(node.targets[0], gast.Name):
                found[node.targets[0].id] = self.found.of_target(
                    node.targets[0].id, node, node.value
                )
                found |= {name: self.found.of(value, node) for name, value in step.hoists}
                bound = [(node.targets[0].id, node.value), *step.hoists]
                others |= {n for n, v in bound if not self._is_float(v) or self._is_constant(v)}
        others |= {n for s in block.steps if s.blocks for n in tree.names_written(s.node)}
        others |= changed_names(s.node for s in block.steps) - self.numeric
        return {n: shape for n, shape in found.items() if shape and n not in others}

    def _is_constant(self, node: tree.Node) -> bool:
        return isinstance(node, gast.Call) and isinstance(self.units.calls.of(node), Constant)

    def _is_float(self, node: tree.Node) -> bool:
        if isinstance(node, gast.Compare):  # of floats, and yet no float
            return False
        if isinstance(node, gast.BinOp) and isinstance(
            node.op, gast.BitAnd | gast.BitOr | gast.Mult
        ):
            return self._is_float(node.left) or self._is_float(node.right)
        names = tree.names_read(node)
        return (
            any(n.startswith("d_") or n in self.floats or n in self.temporaries for n in names)
            or any(
                isinstance(n, gast.Constant) and isinstance(n.value, float) for n in tree.walk(node)
            )
            or (isinstance(node, gast.BinOp) and isinstance(node.op, gast.Div))
        )

    def _is_pure(self, call: tree.Node) -> bool:
        text = tree.called_name(call)
        if text in self.units.helpers and text not in _CHANGING_HELPERS:
            return True
        if text == "slice":
            return True
        if text in ("input", "open", "next") or text in _CHANGING_HELPERS:
            return False
        function = call.func
        if is_report(self.units.calls.outside.resolve(function)):
            return False
        spelled = tree.show(function)
        if spelled.removeprefix("backends.") in _CHANGING_HELPERS:
            return False
        if spelled.startswith(_OF_RANDOM):
            return False
        if spelled.startswith("np."):
            return True
        if text is not None and (text.endswith("_forward") or text.endswith("_backward")):
            return not self.units.writes_in_helpers()
        callee = self.units.calls.of(call)
        if isinstance(callee, Helper):
            function = self.units.load_if_possible(callee)
            is_again = function is not None and function.is_checkpoint
            return is_again and not self.units.writes_in_helpers()
        is_random = isinstance(function, gast.Attribute) and function.attr in _RANDOM
        if isinstance(callee, Primitive) and not callee.rule.is_pure:
            return False
        is_made = isinstance(callee, Constant | Container | Primitive | Record | Replaced)
        return is_made and not is_random


def _names_needed(block: Block) -> set[str]:
    found: set[str] = set()
    for step in block.steps:
        found |= tree.names_read(step.back)
        for _, value in step.hoists:
            found |= tree.names_read(value)
        if step.reads_results:
            found |= tree.names_written(step.node)
        if isinstance(step.node, gast.If) and step.is_reversed:
            found |= tree.names_read(step.node.test)
        for inner in step.blocks:
            found |= _names_needed(inner) | tree.names_read(inner.final)
    return found


def _live_names(block: Block, needed: set[str]) -> set[str]:
    """Names whose values the forward part must compute."""
    live = set(needed)
    pairs = []
    for step in block.steps:
        for node in tree.walk(step.node):
            if (text := stored_to(node)) is not None:
                pairs.append(({text}, tree.names_read([node.value, target_of(node)])))
            elif isinstance(node, gast.Assign):
                pairs.append((tree.names_written(node.targets), tree.names_read(node.value)))
            elif isinstance(node, gast.If | gast.While):
                pairs.append((tree.names_written(node), tree.names_read(node.test)))
            elif (text := appended_to(node)) is not None:
                pairs.append(({text}, tree.names_read(node.value.args[0])))
    while True:
        more = {n for targets, read in pairs if targets & live for n in read} - live
        if not more:
            return live
        live |= more


def _loop_steps(block: Block, inside: bool = False) -> list[Step]:
    found = []
    for step in block.steps:
        if inside and not step.blocks:
            found.append(step)
        is_loop = isinstance(step.node, gast.For | gast.While)
        for inner in step.blocks:
            found += _loop_steps(inner, inside or is_loop)
    return found


def _number_names(core: gast.FunctionDef, found: Shapes) -> frozenset[str]:
    """Names that hold single numbers wherever they are bound."""
    numbers: dict[str, bool] = {}
    first = core.body[0]
    for text in parameter_names(core.args):
        numbers[text] = found.of(tree.name(text), first) == SCALAR
    for node in tree.walk(core.body):
        if isinstance(node, gast.Assign) and isinstance(node.targets[0], gast.Name):
            text = node.targets[0].id
            numbers[text] = (
                numbers.get(text, True) and found.of_target(text, node, node.value) == SCALAR
            )
        elif isinstance(node, gast.Assign | gast.For):
            numbers.update(
                dict.fromkeys(
                    tree.names_written(
                        node.targets if isinstance(node, gast.Assign) else node.target
                    ),
                    False,
                )
            )
    return frozenset(n for n, is_number in numbers.items() if is_number)
