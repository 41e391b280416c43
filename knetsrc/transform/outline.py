"""A checkpointed loop becomes a function of its own, which runs any part of it.

    for i in checkpointed(range(n), slots=s):          def f_steps(start, stop, u, c, *, slots=None):
        u = u + c * i                                       for i in range(start, stop):
                                                ->              u = u + c * i
                                                            return u
                                                        u = f_steps(0, n, u, c, slots=s)

Its parameters are what the iterations change and hand on, the state, and what they only read. To
every stage that follows it is a helper; only its call is reversed in its own way, by `again_loops`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import gast

from knetsrc.checkpoints import checkpointed
from knetsrc.errors import UnsupportedSyntaxError
from knetsrc.transform import tree
from knetsrc.transform.analysis.assigned import definitely_assigned, exposed_names
from knetsrc.transform.analysis.kinds import numeric_names
from knetsrc.transform.analysis.live import live_after
from knetsrc.transform.analysis.stores import changed_names
from knetsrc.transform.callee import Calls
from knetsrc.transform.names import Names, first_places
from knetsrc.transform.normalize.index_loops import index_loop
from knetsrc.transform.normalize.scopes import own_nodes, parameters
from knetsrc.transform.resolve import Outside
from knetsrc.transform.unroll import has_break

MARK = "<checkpointed>"


def outline(core: gast.FunctionDef, calls: Calls, spell: Callable[[str], str]) -> gast.FunctionDef:
    """The function with a function for each checkpointed loop, and a call in its place.

    `spell` gives the name of a helper in the generated module.

    Raises
    ------
    UnsupportedSyntaxError
        For a loop that is left early, and for what cannot be counted through.
    """
    outside = calls.outside
    if not any(_is_mark(n, outside) for n in tree.walk(core)):
        return core
    core = tree.clone(core)
    names = Names.of(core)
    inner = [n for n in tree.walk(core.body) if isinstance(n, gast.FunctionDef)]
    for function in [*inner[::-1], core]:
        numeric = numeric_names(function, calls)
        while loops := [n for n in _loops(function) if _is_mark(n.iter, outside)]:
            node = loops[-1]  # the last one stands in no other
            _replace(function, node, names, spell, numeric)
    for node in tree.walk(core):
        if _is_mark(node, outside):
            raise UnsupportedSyntaxError(
                "`checkpointed` outside of the head of a `for` statement",
                at=node,
                why="it marks a loop, whose states are kept or computed again",
                instead="write `for x in checkpointed(...):`",
            )
    return core


def is_loop(function: gast.FunctionDef) -> bool:
    """Whether a function has been made of a loop."""
    return any(tree.called_name(d) == MARK for d in function.decorator_list)


def numeric_of(function: gast.FunctionDef) -> frozenset[str]:
    """Names of such a function that hold arrays or numbers for sure."""
    return frozenset(
        k.arg for d in function.decorator_list if is_loop(function) for k in d.keywords
    )


def slots_of(function: gast.FunctionDef) -> str:
    """The parameter of such a function for the number of states; empty if the loop leaves it open."""
    given = [d.args[0].id for d in function.decorator_list if is_loop(function) and d.args]
    return given[0] if given else ""


def without_unused(function: gast.FunctionDef, slots: str, every: list[tree.Node]) -> None:
    """Take the parameter for the number of states off a function to which no call among `every` hands it."""
    calls = [n for n in tree.walk(every) if tree.called_name(n) == function.name]
    if any(k.arg == slots for n in calls for k in n.keywords):
        return
    kept = [i for i, p in enumerate(function.args.kwonlyargs) if p.id != slots]
    function.args = tree.clone(function.args)
    for part in ("kwonlyargs", "kw_defaults"):
        setattr(function.args, part, [getattr(function.args, part)[i] for i in kept])


def _is_mark(node: tree.Node, outside: Outside) -> bool:
    return isinstance(node, gast.Call) and outside.resolve(node.func) is checkpointed


def _loops(function: gast.FunctionDef) -> list[gast.For]:
    return [n for n in own_nodes(function.body) if isinstance(n, gast.For)]


def _replace(
    function: gast.FunctionDef, node: gast.For, names: Names, spell: Callable[[str], str],
    numeric: frozenset[str],
) -> None:  # fmt: skip
    """Put the call of a new function in the place of a loop; the new function comes first."""
    _refuse_body(node)
    body = next(
        b for n in [function, *own_nodes(function.body)] for b in _bodies(n) if _holds(b, node)
    )
    number = next(i for i, n in enumerate(body) if n is node)
    node.iter, slots = _arguments(node.iter)
    body[number : number + 1] = index_loop(node, names, spell)
    outlined = _Outlined(function, node, slots, names)
    if outlined.state:
        number = next(i for i, n in enumerate(body) if n is node)
        made = outlined.function(numeric)
        body[number] = tree.at(outlined.call(made.name), node)
        function.body.insert(0, tree.at(made, node))


def _refuse_body(node: gast.For) -> None:
    """Refuse what the body of a checkpointed loop must not have."""
    if has_break(node.body):
        raise UnsupportedSyntaxError(
            "a checkpointed loop that is left by `break` or `return`",
            at=node,
            why="how many iterations there are has to be known before the loop, for the places of its states",
            instead="leave `checkpointed` out, or let the remaining iterations do nothing: if not done: ...",
        )
    for inner in tree.walk(node.body):
        if not isinstance(inner, gast.FunctionDef | gast.Lambda):
            continue
        defaults = [d for d in (*inner.args.defaults, *inner.args.kw_defaults) if d is not None]
        if not all(isinstance(d, gast.Constant) for d in defaults):
            raise UnsupportedSyntaxError(
                "a default argument that is computed in a checkpointed loop",
                at=inner,
                why="the function is made anew in each iteration, and the iterations are run again one by one",
                instead="let the function read the variable itself, or hand the value over in the call",
            )


def _bodies(node: tree.Node) -> list[list[Any]]:
    inside = (getattr(node, part, None) for part in ("body", "orelse", "finalbody"))
    return [part for part in inside if isinstance(part, list)]


def _holds(body: list[Any], node: tree.Node) -> bool:
    return any(n is node for n in body)


def _arguments(mark: Any) -> tuple[tree.Node, tree.Node | None]:
    """What a loop goes through, and the number of states."""
    given = dict(zip(("iterable", "slots"), mark.args, strict=False))
    given |= {k.arg: k.value for k in mark.keywords}
    is_starred = any(isinstance(a, gast.Starred) for a in mark.args)
    is_known = not is_starred and len(mark.args) <= 2 and given.keys() <= {"iterable", "slots"}
    if not is_known or "iterable" not in given:
        raise UnsupportedSyntaxError(
            "`checkpointed` with arguments that it does not have",
            at=mark,
            why="it takes what the loop goes through, and the number of states",
            instead="for i in checkpointed(range(n), slots=20): ...",
        )
    return given["iterable"], given.get("slots")


@dataclass
class _Outlined:
    """A loop over a range, and what goes in and out of it.

    Attributes
    ----------
    state
        Names that its iterations change, and that are read in the next one or after the loop.
    fixed
        Names that its iterations only read.
    unbound
        Names of the state that have no value before the loop.
    """

    owner: gast.FunctionDef
    loop: gast.For
    slots: tree.Node | None
    names: Names
    state: list[str] = field(init=False)
    fixed: list[str] = field(init=False)
    unbound: set[str] = field(init=False)

    def __post_init__(self) -> None:
        shadow = _without_functions(self.owner)
        number = next(i for i, n in enumerate(_loops(self.owner)) if n is self.loop)
        loop = _loops(shadow)[number]
        written = tree.names_written(loop) | changed_names(loop)
        exposed = exposed_names(loop.body) - tree.names_written(loop.target)
        after = live_after(shadow, [id(loop)])[id(loop)]
        places = first_places(shadow)
        local = {*parameters(self.owner), *tree.names_written(shadow)}
        state = written & (exposed | after | changed_names(loop.body)) & local
        self.state = sorted(state, key=lambda n: places[n])
        self.fixed = sorted((exposed & local) - state, key=lambda n: places[n])
        known = definitely_assigned(shadow)
        self.unbound = state - known.before[id(loop)]
        maybe = self.unbound & known.possible[id(loop)] - tree.names_written(loop)
        if maybe:
            raise UnsupportedSyntaxError(
                f"a checkpointed loop over `{min(maybe)}`, which may have no value before it",
                at=self.loop,
                why="it is part of the state of the loop, which is kept and handed on",
                instead=f"give `{min(maybe)}` a value before: {min(maybe)} = None",
            )
        self.start, self.stop, self.step = self._range()
        self.slot_names = [self.names.fresh("slots")] if self.slots is not None else []

    def _range(self) -> tuple[tree.Node, tree.Node, tree.Node | None]:
        iterable, is_reversed = self.loop.iter, False
        if tree.called_name(iterable) == "reversed" and len(iterable.args) == 1:
            iterable, is_reversed = iterable.args[0], True
        given = iterable.args if tree.called_name(iterable) == "range" else []
        start, stop = (tree.constant(0), given[0]) if len(given) == 1 else given[:2] or (None, None)
        if stop is None or (is_reversed and len(given) > 2):
            raise UnsupportedSyntaxError(
                f"a checkpointed loop over `{tree.show(self.loop.iter)}`",
                at=self.loop.iter,
                why="its parts are run again from their place in a range or a sequence",
                instead="loop over a range, or over a list: checkpointed(list(...))",
            )
        if is_reversed:
            one = tree.constant(1)
            return tree.binary(stop, "-", one), tree.binary(start, "-", one), tree.constant(-1)
        return start, stop, given[2] if len(given) > 2 else None

    def function(self, numeric: frozenset[str]) -> gast.FunctionDef:
        """The function that runs a part of the loop."""
        start, stop = self.names.fresh("start"), self.names.fresh("stop")
        part = [tree.name(start), tree.name(stop)]
        parameters_ = [start, stop, *self.state, *self.fixed]
        if self.step is not None:
            is_literal = not tree.names_read(self.step)
            text = "" if is_literal else self.names.fresh("step")
            part.append(tree.clone(self.step) if is_literal else tree.name(text))
            parameters_ += [] if is_literal else [text]
        loop = tree.at(
            tree.for_(self.loop.target, tree.call("range", *part), self.loop.body), self.loop
        )
        result = [tree.name(n) for n in self.state]
        value = result[0] if len(result) == 1 else tree.tuple_of(result)
        name = self.names.fresh(f"{self.owner.name}_steps")
        made = tree.function_def(name, parameters_, [loop, tree.return_(value)])
        if self.slots is not None:
            made.args.kwonlyargs = list(map(tree.parameter, self.slot_names))
            made.args.kw_defaults = [tree.constant(None)]
        known = sorted(numeric & {*self.state, *self.fixed})
        mark = tree.call(
            MARK, *map(tree.name, self.slot_names), **{n: tree.constant(True) for n in known}
        )
        made.decorator_list = [mark]
        return made

    def call(self, text: str) -> gast.Assign:
        """The statement that runs all of the loop."""
        state = [tree.constant(None) if n in self.unbound else tree.name(n) for n in self.state]
        given = [self.start, self.stop, *state, *map(tree.name, self.fixed)]
        if self.step is not None and tree.names_read(self.step):
            given.append(self.step)
        call = tree.call(text, *given)
        if self.slots is not None:
            call.keywords = tree.call(text, **dict.fromkeys(self.slot_names, self.slots)).keywords
        targets = [tree.name(n) for n in self.state]
        return tree.assign(targets[0] if len(targets) == 1 else tree.tuple_of(targets), call)


def _without_functions(function: gast.FunctionDef) -> gast.FunctionDef:
    """The function without functions in it: their names stand for all that they read."""
    nested = {n.name: n for n in tree.walk(function.body) if isinstance(n, gast.FunctionDef)}
    free = {
        t: tree.names_read(n.body) - set(parameters(n)) - tree.names_written(n.body)
        for t, n in nested.items()
    }
    while True:
        more = {t: set().union(*(free[g] for g in free[t] & free.keys())) - free[t] for t in free}
        if not any(more.values()):
            break
        free = {t: free[t] | more[t] for t in free}

    def read(node: gast.Name) -> tree.Node:
        if node.id not in free or not isinstance(node.ctx, gast.Load):
            return node
        return tree.tuple_of(tree.name(n) for n in sorted(free[node.id] - free.keys()))

    shadow = tree.rewrite(function.body, {gast.FunctionDef: lambda n: [tree.pass_()]})
    return tree.function_def(function.name, function.args, tree.rewrite(shadow, {gast.Name: read}))
