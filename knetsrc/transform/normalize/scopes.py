"""What belongs to the function itself, and what to a scope inside it.

Comprehension variables live in a scope of their own. `separate_scopes` gives them names that
nothing else in the function has, so that a later rewriting can turn the comprehension into a loop.
"""

from collections.abc import Callable, Iterable, Iterator

import gast

from knetsrc.transform import tree
from knetsrc.transform.names import Names
from knetsrc.transform.tree import Node

COMPREHENSIONS = (gast.ListComp, gast.SetComp, gast.DictComp, gast.GeneratorExp)
_FUNCTIONS = (gast.FunctionDef, gast.Lambda)


def own_nodes(node: Node | Iterable[Node]) -> Iterator[Node]:
    """All nodes that run as part of this scope: not the bodies of functions, but their defaults."""
    stack = [node] if isinstance(node, Node) else list(node)[::-1]
    while stack:
        current = stack.pop()
        yield current
        is_scope = current.__class__ in _FUNCTIONS
        stack += defaults(current)[::-1] if is_scope else tree.last_first(current)


def defaults(function: Node) -> list[Node]:
    """The default values of a function or lambda, decorators first."""
    given = [*function.args.defaults, *function.args.kw_defaults]
    return [*getattr(function, "decorator_list", []), *(d for d in given if d is not None)]


def parameters(function: Node) -> list[str]:
    """The names of all parameters, starred ones too."""
    args = function.args
    found = [*args.args, *args.posonlyargs, args.vararg, *args.kwonlyargs, args.kwarg]
    return [a.id for a in found if a is not None]


def inner_functions(body: Iterable[Node]) -> Iterator[Node]:
    """Functions and lambdas that stand in these statements, without those that stand in them."""
    return (n for n in own_nodes(body) if isinstance(n, _FUNCTIONS))


def definitions(body: Iterable[Node]) -> list[Node]:
    """The functions that are defined in these statements, without those that are defined in them."""
    return [n for n in own_nodes(body) if isinstance(n, gast.FunctionDef)]


def captured_names(body: Iterable[Node]) -> set[str]:
    """Names that functions and lambdas inside read and may take from here."""
    found: set[str] = set()
    for function in inner_functions(body):
        inside = function.body if isinstance(function.body, list) else [function.body]
        found |= tree.names_read(inside) - set(parameters(function))
    return found


def bound_names(node: Node | Iterable[Node]) -> set[str]:
    """Names that this scope binds, those of functions and of comprehension variables too."""
    found = set()
    for n in own_nodes(node):
        if isinstance(n, gast.FunctionDef):
            found.add(n.name)
        elif isinstance(n, gast.Name) and isinstance(n.ctx, gast.Store):
            found.add(n.id)
    return found


def blocks(statement: Node) -> list[list[Node]]:
    """The lists of statements inside a compound statement of this scope."""
    if isinstance(statement, gast.FunctionDef):
        return []
    found = [getattr(statement, field, None) or [] for field in ("body", "orelse", "finalbody")]
    return [*found, *(handler.body for handler in getattr(statement, "handlers", []))]


def all_blocks(statement: Node) -> list[list[Node]]:
    """The lists of statements inside a statement, those of functions too."""
    return [statement.body] if isinstance(statement, gast.FunctionDef) else blocks(statement)


def rewritten(
    body: list[Node],
    statement: Callable[[Node], Node | list[Node]],
    inner: Callable[[Node], list[list[Node]]] = blocks,
) -> list[Node]:
    """Statements in which `statement` has replaced each, those inside of it first and in place."""
    found: list[Node] = []
    for node in body:
        for block in inner(node):
            block[:] = rewritten(block, statement, inner)
        new = statement(node)
        found += tree.at(new if isinstance(new, list) else [new], node)
    return found


def separate_scopes(function: gast.FunctionDef, names: Names) -> gast.FunctionDef:
    """Give comprehension variables names that the function does not use for anything else.

    >>> from knetsrc.transform.language import show
    >>> show(separate_scopes, "y = [x * s for x in x]")
    y = [x_item * s for x_item in x]
    """
    function = tree.clone(function)
    outside: set[str] = set(parameters(function))
    _resolve(
        function.body,
        {},
        lambda node, env: None if node.id in env else outside.add(node.id),
        lambda name, env: name,
    )

    def choose(name: str, env: dict[str, str]) -> str:
        if name not in outside and name not in env.values():
            return name
        return names.fresh("index" if name in "ijkmn" else f"{name}_item")

    def replace(node: gast.Name, env: dict[str, str]) -> None:
        node.id = env.get(node.id, node.id)

    _resolve(function.body, {}, replace, choose)
    return function


def _resolve(node, env, use, choose) -> None:  # type: ignore[no-untyped-def]
    """Call `use` for each name with the variables in force there; `choose` names a new one."""
    if isinstance(node, list):
        for item in node:
            _resolve(item, env, use, choose)
    elif isinstance(node, gast.Name):
        use(node, env)
    elif isinstance(node, COMPREHENSIONS):
        _resolve(node.generators[0].iter, env, use, choose)
        targets = [
            n for g in node.generators for n in tree.walk(g.target) if isinstance(n, gast.Name)
        ]
        inner = env | {name: choose(name, env) for name in dict.fromkeys(n.id for n in targets)}
        later = [part for g in node.generators[1:] for part in (g.iter,)]
        elements = [
            getattr(node, field) for field in ("elt", "key", "value") if hasattr(node, field)
        ]
        conditions = [test for g in node.generators for test in g.ifs]
        _resolve([*targets, *later, *conditions, *elements], inner, use, choose)
    elif isinstance(node, _FUNCTIONS):
        _resolve(defaults(node), env, use, choose)
        hidden = set(parameters(node)) | (
            bound_names(node.body) if isinstance(node, gast.FunctionDef) else set()
        )
        _resolve(node.body, {k: v for k, v in env.items() if k not in hidden}, use, choose)
    elif isinstance(node, Node):
        for child in tree.children(node):
            _resolve(child, env, use, choose)
