"""Whether two pieces of code may change places.

reads x, writes y     the names
impure                calls something that may print, draw random numbers or keep a state
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import gast

from knetsrc.transform import tree
from knetsrc.transform.normalize.scopes import bound_names, own_nodes
from knetsrc.transform.tree import Node

MODULES = frozenset({
    "np", "numpy", "cp", "cupy", "xp", "math", "cmath", "scipy", "special", "operator",
    "itertools",
})  # fmt: skip
PURE_BUILTINS = frozenset({
    "abs", "all", "any", "bool", "complex", "dict", "divmod", "enumerate", "float", "frozenset",
    "getattr", "hasattr", "int", "isinstance", "len", "list", "max", "min", "pow", "range",
    "repr", "reversed", "round", "set", "sorted", "str", "sum", "tuple", "type", "zip",
    "<is_sequence>", "<is_mapping>",
})  # fmt: skip
PURE_METHODS = frozenset({
    "all", "any", "argmax", "argmin", "argsort", "astype", "clip", "conj", "copy", "cumprod",
    "cumsum", "diagonal", "dot", "flatten", "get", "index", "item", "items", "keys", "max",
    "mean", "min", "nonzero", "prod", "ravel", "repeat", "reshape", "round", "squeeze", "std",
    "sum", "swapaxes", "take", "tolist", "trace", "transpose", "values", "var", "view",
    "format", "join", "split", "startswith", "endswith",
})  # fmt: skip


def path_of(node: Any) -> list[str]:
    """`["np", "linalg", "norm"]` for np.linalg.norm; empty where the base is not a name."""
    parts: list[str] = []
    while isinstance(node, gast.Attribute):
        parts.append(node.attr)
        node = node.value
    return [node.id, *parts[::-1]] if isinstance(node, gast.Name) else []


def is_of_module(node: Node) -> bool:
    """Whether a function is written as one of an array or mathematics module: `np.exp`."""
    path = path_of(node)
    return len(path) > 1 and path[0] in MODULES


def is_impure_call(node: Node) -> bool:
    """Whether a node is a call of which it matters when and how often it is made."""
    if not isinstance(node, gast.Call) or is_append(node):
        return False
    if is_of_module(node.func):
        return "random" in path_of(node.func)
    if isinstance(node.func, gast.Name):
        return node.func.id not in PURE_BUILTINS
    return not isinstance(node.func, gast.Attribute) or node.func.attr not in PURE_METHODS


Changes = Callable[[gast.Call], bool]


def changes_nothing(call: gast.Call) -> bool:
    """What is taken of each call where it is not known what it changes: the names that it changes are read from its text."""
    return False


def calls_in(nodes: Iterable[Node]) -> list[gast.Call]:
    """The calls that are made where these nodes are evaluated."""
    return [node for node in own_nodes(nodes) if isinstance(node, gast.Call)]


@dataclass(frozen=True)
class Effects:
    """What running a piece of code reads and changes."""

    reads: frozenset[str]
    writes: frozenset[str]
    impure: bool

    def conflict(self, other: "Effects") -> bool:
        """Whether it matters which of the two runs first."""
        crossed = self.writes & (other.reads | other.writes) or self.reads & other.writes
        return bool(crossed) or (self.impure and other.impure)


def effects(node: Node | Iterable[Node], captured: Iterable[str] = ()) -> Effects:
    """The effects of an expression or of statements; a call may read captured names."""
    nodes = [node] if isinstance(node, Node) else list(node)
    calls = calls_in(nodes)
    impure = any(map(is_impure_call, calls))
    reads = tree.names_read(nodes) | (set(captured) if calls else set())
    writes = bound_names(nodes) | appended_names(nodes) | changed_arrays(nodes)
    return Effects(frozenset(reads), frozenset(writes), impure)


def reads_content(node: Any) -> bool:
    """Whether an expression reads what an array, a container or an object holds, more than the names themselves."""
    if isinstance(node, gast.Tuple | gast.List | gast.Dict | gast.Slice | gast.keyword):
        return any(map(reads_content, tree.children(node)))
    is_plain = isinstance(node, gast.Name | gast.Constant | gast.Lambda)
    return not is_plain and bool(tree.names_read(node) - MODULES)


def read_contents(nodes: Iterable[Node]) -> bool:
    """Whether statements read what an array, a container or an object holds; loops and tests do so by a name alone."""
    every = list(own_nodes(nodes))
    heads = [getattr(n, field, None) for n in every for field in ("iter", "test")]
    return any(isinstance(n, gast.Name) for n in heads) or any(
        reads_content(n) for n in every if isinstance(n, gast.expr)
    )


def appended_names(nodes: Iterable[Node]) -> set[str]:
    """Names `xs` for which these statements call `xs.append`."""
    bases = [n.func.value for n in own_nodes(nodes) if is_append(n)]
    return {base.id for base in bases if isinstance(base, gast.Name)}


def changed_arrays(nodes: Iterable[Node]) -> set[str]:
    """Names of arrays and containers of which these nodes write elements, by assignments or by calls: `np.exp(x, out=y)`."""
    changed: list[Node] = []
    for node in own_nodes(nodes):
        if isinstance(node, gast.Subscript) and isinstance(node.ctx, gast.Store):
            changed.append(node.value)
        elif isinstance(node, gast.Call):
            changed += [k.value for k in node.keywords if k.arg == "out"]
            if isinstance(node.func, gast.Attribute) and node.func.attr in CHANGING_METHODS:
                changed += [*node.args[:1], node.func.value]
    return tree.names_read(changed) - MODULES


CHANGING_METHODS = frozenset({
    "at", "clear", "copyto", "extend", "fill", "fill_diagonal", "insert", "place", "pop", "put", "putmask", "reverse",
    "setdefault", "sort", "update",
})  # fmt: skip


def is_append(node: Any) -> bool:
    """Whether a node is a call `xs.append(...)`."""
    return (
        isinstance(node, gast.Call)
        and isinstance(node.func, gast.Attribute)
        and node.func.attr == "append"
    )


def is_cheap(node: Node) -> bool:
    """Whether an expression may be written twice: names, literals, attributes, elements."""
    if isinstance(node, gast.Name | gast.Constant):
        return True
    if isinstance(node, gast.Attribute):
        return is_cheap(node.value)
    if isinstance(node, gast.Subscript):
        return is_cheap(node.value) and is_cheap(node.slice)
    return isinstance(node, gast.UnaryOp) and is_cheap(node.operand)


def name_for(node: Node) -> str:
    """A name that says what an expression is: `sigm_gates` for sigm(gates), `x_before` for x."""
    if isinstance(node, gast.Name):
        return f"{node.id}_before"
    if isinstance(node, gast.Call):
        path = last_name(node.func)
        argument = next(filter(None, map(last_name, node.args)), "value")
        return f"{path}_{argument}" if path else "value"
    return f"{last_name(node)}_value" if last_name(node) else "value"


def last_name(node: Any) -> str:
    """`sigm` for `layers.sigm`, `w` for `w[0]`, nothing for what is no name."""
    if isinstance(node, gast.Subscript):
        return last_name(node.value)
    if isinstance(node, gast.Attribute):
        return str(node.attr)
    return str(node.id) if isinstance(node, gast.Name) else ""
