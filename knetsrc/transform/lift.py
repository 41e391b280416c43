"""Takes nested functions out: what they capture becomes parameters, which their calls pass.

def f(x):                        def inner(z, *, x):
    def inner(z):                    return z * x
        return z * x
    return inner(x) + apply(inner, x)
->                               return inner(x, x=x) + apply(<closure>(inner, x=x), x)
"""

from collections.abc import Callable, Iterable

import gast

from knetsrc.errors import UnsupportedSyntaxError
from knetsrc.transform import tree
from knetsrc.transform.functions import named_defaults, parameter_names
from knetsrc.transform.names import Names
from knetsrc.transform.normalize.conditions import is_literal
from knetsrc.transform.normalize.scopes import blocks, defaults
from knetsrc.transform.outline import is_loop
from knetsrc.transform.static import closure_of, is_closure

Fresh = Callable[[str], str]


def lift(
    core: gast.FunctionDef, captured: Iterable[str], fresh: Fresh
) -> tuple[gast.FunctionDef, list[gast.FunctionDef]]:
    """The function without the functions inside of it, and these on their own.

    Parameters
    ----------
    core
        A function in the core language.
    captured
        Names that it captures itself.
    fresh
        Gives a name of the module that is free.
    """
    core = _with_early_defaults(_with_single_names(core))
    core = _without_shadows(_with_given_defaults(core))
    nested = [n for s in core.body for n in tree.walk(s) if isinstance(n, gast.FunctionDef)]
    own = {n.name for n in nested}
    local = tree.names_written(core) | set(parameter_names(core.args)) | own | set(captured)
    extra = _captured_by(nested, local)
    renamed = {text: fresh(text) for text in extra}
    given = _parameters_for(core, nested, extra)
    lifted = [_lifted(n, given, renamed) for n in nested]
    return _with_closures(core, given, renamed), lifted


def _parameters_for(
    core: gast.FunctionDef, nested: list[gast.FunctionDef], extra: dict[str, list[str]]
) -> dict[str, dict[str, str]]:
    """By function, what it captures by parameter: of the same name, unless a keyword of a call may be called so too."""
    given = {text: {c: c for c in captured} for text, captured in extra.items()}
    open_ = [n for n in nested if n.args.kwarg]
    names = Names.of(core) if open_ else Names()
    names.taken |= {k.arg for n in tree.walk(core) for k in getattr(n, "keywords", []) if k.arg}
    for n in open_:
        early = named_defaults(n.args).values()
        given[n.name] = {
            c if c in early else names.fresh(f"{n.name}_{c}"): c for c in extra[n.name]
        }
    return given


def _without_shadows(core: gast.FunctionDef) -> gast.FunctionDef:
    """Other names for what a function inside binds, where one that it calls captures a variable of the same name."""
    nested = [n for s in core.body for n in tree.walk(s) if isinstance(n, gast.FunctionDef)]
    own = {n.name: tree.names_written(n) | set(parameter_names(n.args)) for n in nested}
    read = {n.name: tree.names_read(n.body) for n in nested}
    names, clashes = Names.of(core), {}
    for n in nested:
        inside = {g.name for g in tree.walk(n.body) if isinstance(g, gast.FunctionDef)}
        reached = _reached(n.name, read) - inside
        clash = own[n.name] & {text for g in reached for text in read[g] - own[g]}
        if clash and not is_loop(n):  # the names of a loop are those of the function around it
            clashes[n.name] = {text: names.fresh(text) for text in sorted(clash)}

    def renamed(node: gast.FunctionDef) -> gast.FunctionDef:
        return tree.rename(node, clashes.get(node.name, {}))

    def called(node: gast.Call) -> gast.Call:
        fresh = clashes.get(tree.called_name(node) or "", {})
        for keyword in node.keywords:
            keyword.arg = fresh.get(keyword.arg, keyword.arg)
        return node

    if not clashes:
        return core
    body = tree.rewrite(core.body, {gast.FunctionDef: renamed, gast.Call: called})
    return tree.with_body(core, body)


def _reached(text: str, read: dict[str, set[str]]) -> set[str]:
    """Functions that one reads, and those that these read."""
    found, waiting = set(), {text}
    while waiting:
        found |= waiting
        waiting = {g for t in waiting for g in read[t] & read.keys()} - found
    return found


def _captured_by(nested: list[gast.FunctionDef], local: set[str]) -> dict[str, list[str]]:
    """The variables that each nested function needs, those of the functions that it reads among them."""
    functions = {n.name for n in nested}
    own = {n.name: tree.names_written(n) | set(parameter_names(n.args)) for n in nested}
    around = {
        n.name: {p for outer in nested if n in _inside(outer) for p in parameter_names(outer.args)}
        for n in nested
    }
    free = {
        n.name: tree.names_read(n.body) & (local | around[n.name]) - own[n.name] for n in nested
    }
    for n in nested:
        free[n.name] |= tree.names_read(defaults(n)) & (local | around[n.name])
    while True:
        more = {
            t: {c for g in free[t] & functions for c in free[g]} - own[t] - free[t] for t in free
        }
        if not any(more.values()):
            return {t: sorted(free[t] - functions) for t in free}
        free = {t: free[t] | more[t] for t in free}


def _inside(function: gast.FunctionDef) -> list[tree.Node]:
    return [n for s in function.body for n in tree.walk(s) if isinstance(n, gast.FunctionDef)]


def _lifted(
    function: gast.FunctionDef, given: dict[str, dict[str, str]], renamed: dict[str, str]
) -> gast.FunctionDef:
    own = given[function.name]
    inner = _with_closures(function, given, renamed)
    inner = tree.rename(inner, {c: p for p, c in own.items() if p != c})
    arguments = tree.clone(inner.args)
    arguments.kwonlyargs += [tree.parameter(p) for p in own]
    arguments.kw_defaults += [None] * len(own)
    lifted = tree.function_def(renamed[function.name], arguments, inner.body)
    lifted.decorator_list = function.decorator_list
    return tree.at(lifted, function)


def _with_closures(
    function: gast.FunctionDef, given: dict[str, dict[str, str]], renamed: dict[str, str]
) -> gast.FunctionDef:
    """Reads and calls of nested functions by their new names, with what they capture."""
    hidden = set(parameter_names(function.args))

    def read(node: gast.Name) -> tree.Node:
        if not isinstance(node.ctx, gast.Load) or node.id not in renamed or node.id in hidden:
            return node
        return closure_of(renamed[node.id], given[node.id])

    def called(node: gast.Call) -> tree.Node:
        if is_closure(node.func):
            node.keywords = [*node.keywords, *node.func.keywords]
            node.func = node.func.args[0]
        return node

    result = tree.rewrite(function, {gast.Name: read, gast.Call: called})
    result.body = _without_functions(result.body)
    return result


def _without_functions(body: list[tree.Node]) -> list[tree.Node]:
    """Statements without the definitions of functions among them."""
    kept = [n for n in body if not isinstance(n, gast.FunctionDef)]
    for node in kept:
        for inner in filter(None, blocks(node)):
            inner[:] = _without_functions(inner)
    return kept or [tree.pass_()]


def _with_early_defaults(core: gast.FunctionDef) -> gast.FunctionDef:
    """Default values of nested functions that are computed where the function is defined, under names of their own."""
    own = Names.of(core)

    def early(node: gast.FunctionDef) -> list[tree.Node]:
        before: list[tree.Node] = []
        positional = [*node.args.posonlyargs, *node.args.args]
        late = positional[len(positional) - len(node.args.defaults) :]
        for parameters, values in (
            (late, node.args.defaults),
            (node.args.kwonlyargs, node.args.kw_defaults),
        ):
            for i, (parameter, value) in enumerate(zip(parameters, values, strict=True)):
                if value is not None and not is_literal(value):
                    text = own.fresh(f"{node.name}_{parameter.id}")
                    before.append(tree.at(tree.assign(text, value), node))
                    values[i] = tree.at(tree.name(text), node)
        return [*before, node]

    body = tree.rewrite(core.body, {gast.FunctionDef: early})
    return tree.with_body(core, body)


def _with_given_defaults(core: gast.FunctionDef) -> gast.FunctionDef:
    """Calls that give the early defaults themselves, of nested functions that are only called.

    def total(v, c=total_c): ...       def total(v, c=None): ...
    total(x)                           total(x, c=total_c)
    """
    nested = {n.name: n for s in core.body for n in tree.walk(s) if isinstance(n, gast.FunctionDef)}
    early = {text: named_defaults(n.args) for text, n in nested.items()}
    calls = [n for n in tree.walk(core.body) if tree.called_name(n) in nested]
    called = {id(n.func) for n in calls}
    kept = {n.id for n in tree.walk(core.body) if isinstance(n, gast.Name) and id(n) not in called}
    kept |= {n.func.id for n in calls if any(isinstance(a, gast.Starred) for a in n.args)}
    kept |= {n.func.id for n in calls if any(k.arg is None for k in n.keywords)}
    kept |= {text for text, n in nested.items() if n.args.posonlyargs or n.decorator_list}
    given = {text: names for text, names in early.items() if names and text not in kept}

    def without(node: gast.FunctionDef) -> gast.FunctionDef:
        for values in (node.args.defaults, node.args.kw_defaults):
            for i, value in enumerate(values):
                if node.name in given and isinstance(value, gast.Name):
                    values[i] = tree.at(tree.constant(None), value)
        return node

    def with_early(node: gast.Call) -> gast.Call:
        text = tree.called_name(node)
        if text in given:
            positional = [a.id for a in nested[text].args.args][: len(node.args)]
            known = {*positional, *(k.arg for k in node.keywords)}
            node.keywords = [*node.keywords] + [
                gast.keyword(p, tree.at(tree.name(value), node))
                for p, value in given[text].items()
                if p not in known
            ]
        return node

    body = tree.rewrite(core.body, {gast.FunctionDef: without, gast.Call: with_early})
    return tree.at(tree.function_def(core.name, core.args, body), core)


def _with_single_names(core: gast.FunctionDef) -> gast.FunctionDef:
    """A name of its own for each function whose name stands for something else as well, bound to that name."""
    nested = [n for s in core.body for n in tree.walk(s) if isinstance(n, gast.FunctionDef)]
    names = [n.name for n in nested]
    bound = tree.names_written(core) | set(parameter_names(core.args))
    several = {n for n in names if names.count(n) > 1 or n in bound}
    if not several:
        return core
    own = Names.of(core)

    def renamed(node: gast.FunctionDef) -> list[tree.Node] | tree.Node:
        if node.name not in several:
            return node
        if node.name in tree.names_read(node.body):
            raise UnsupportedSyntaxError(
                f"`{node.name}` stands for more than one thing",
                at=node,
                why="which function it calls where it calls itself is not known while transforming",
                instead="give each function a name of its own, and choose with `if` between the calls",
            )
        text = node.name
        node.name = own.fresh(text)
        return [node, tree.at(tree.assign(text, tree.name(node.name)), node)]

    body = tree.rewrite(core.body, {gast.FunctionDef: renamed})
    return tree.with_body(core, body)
