"""Functions that are values, as expressions that are known while transforming.

np.tanh                          a function
<closure>(step, y=y)             a nested function, with what it captures: variables, read when it is called
functools.partial(f, a)          a function and arguments for it
np.tanh if smooth else relu      a choice; its test gives the same wherever it is read
(np.tanh, relu), {"relu": relu}  containers with functions in them, here or outside of the function
"""

import functools
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import gast

from knetsrc.checkpoints import checkpoint
from knetsrc.modules import array_module
from knetsrc.objects import is_object
from knetsrc.transform import tree
from knetsrc.transform.library import making
from knetsrc.transform.resolve import UNKNOWN, Outside, numpy_path

CLOSURE = "<closure>"
MISSING = "<missing>"
_MAKERS = ("grad", "value_and_grad")


def closure_of(text: str, captured: Mapping[str, str]) -> tree.Node:
    """A nested function where it is not called, with what it captures by parameter."""
    if not captured:
        return tree.name(text)
    return tree.call(CLOSURE, tree.name(text), **{p: tree.name(n) for p, n in captured.items()})


def is_closure(node: tree.Node) -> bool:
    return tree.called_name(node) == CLOSURE


def plain_value() -> tree.Node:
    """What a name is known to stand for that holds no function, but a number or an array."""
    return tree.call("<plain>")


def is_plain_value(node: tree.Node | None) -> bool:
    return node is not None and tree.called_name(node) == "<plain>"


def is_runtime(node: tree.Node | None) -> bool:
    """Whether a name is known well enough for tests of it only: it holds None, an empty list or no function."""
    is_empty = isinstance(node, gast.List) and not node.elts
    return is_empty or tree.is_constant(node, None) or is_plain_value(node)


def is_missing(node: tree.Node) -> bool:
    """Whether an arm of a choice is that no function has been chosen."""
    return tree.called_name(node) == MISSING


def is_of_api(value: Any, name: str) -> bool:
    """Whether something is this function of what users call, `grad` or `vjp`."""
    return (
        getattr(value, "__module__", "") == "knetsrc.api" and getattr(value, "__name__", "") == name
    )


@dataclass(frozen=True)
class Statics:
    """Tells which expressions stand for functions.

    Attributes
    ----------
    local
        Functions of the generated module that no outside name stands for.
    """

    outside: Outside
    local: Mapping[str, Any]

    def is_function(self, node: tree.Node) -> bool:
        """Whether an expression is the name of a function, or of a module of functions."""
        if isinstance(node, gast.Name) and node.id in self.local:
            return True
        value = self.outside.resolve(node)
        if isinstance(value, types.ModuleType):
            return True
        is_function = value is not UNKNOWN and callable(value) and not isinstance(value, type)
        return is_function and not is_object(value)

    def is_array_module(self, node: tree.Node) -> bool:
        """Whether `node` is the module of an array: `array_module(x)`, or CuPy's own function."""
        value = self.outside.resolve(node.func) if isinstance(node, gast.Call) else UNKNOWN
        home = (getattr(value, "__module__", None) or "").partition(".")[0]
        is_cupys = getattr(value, "__name__", "") == "get_array_module" and home == "cupy"
        return value is array_module or is_cupys

    def is_partial(self, node: tree.Node) -> bool:
        return isinstance(node, gast.Call) and self.outside.resolve(node.func) is functools.partial

    def makes_gradient(self, node: gast.Call) -> bool:
        """Whether a call makes a gradient, `grad(loss)`."""
        maker = self.outside.resolve(node.func)
        return any(is_of_api(maker, name) for name in _MAKERS)

    def is_checkpoint(self, node: gast.Call) -> bool:
        """Whether a call marks a function that is known."""
        is_mark = self.outside.resolve(node.func) is checkpoint and len(node.args) == 1
        return is_mark and self.is_static(node.args[0])

    def is_static(self, node: tree.Node) -> bool:
        """Whether an expression stands for a function, or for a container with functions in it."""
        if isinstance(node, gast.Call):
            is_bound = self.is_partial(node) and bool(node.args) and self.is_static(node.args[0])
            is_getter = not self.is_partial(node) and making(node, self.outside.resolve) is not None
            return is_closure(node) or is_missing(node) or is_bound or is_getter
        if isinstance(node, gast.IfExp):
            arms = (node.body, node.orelse)
            return any(map(self.is_static, arms)) and all(
                self.is_static(a) or tree.is_constant(a, None) for a in arms
            )
        if isinstance(node, gast.Tuple | gast.List | gast.Dict):
            return any(map(self.is_static, elements(node)))
        return self.is_function(node) or self._table(node) is not None

    def _table(self, node: tree.Node) -> Any:
        """A container outside of the function that holds functions; None for anything else."""
        if not isinstance(node, gast.Name | gast.Attribute):
            return None
        value = self.outside.resolve(node)
        if type(value) not in (tuple, list, dict):
            return None
        inside = value.values() if isinstance(value, dict) else value
        is_table = bool(inside) and all(
            callable(v) and not isinstance(v, type) and not is_object(v) for v in inside
        )
        if isinstance(value, dict):
            is_table = is_table and all(isinstance(k, str | int) for k in value)
        return value if is_table else None

    def container(self, node: tree.Node) -> tree.Node | None:
        """A container of functions written out; None for what is none."""
        if isinstance(node, gast.Tuple | gast.List | gast.Dict):
            return node
        table = self._table(node)
        if table is None:
            return None
        keys = list(table) if isinstance(table, dict) else range(len(table))
        values = [self._entry(node, k, table[k]) for k in keys]
        if isinstance(table, dict):
            return tree.dict_of(map(tree.constant, keys), values)
        return tree.tuple_of(values) if isinstance(table, tuple) else tree.list_of(values)

    def _entry(self, node: tree.Node, key: Any, value: Any) -> tree.Node:
        path = numpy_path(value)
        return tree.dotted(path) if path else tree.subscript(tree.clone(node), tree.constant(key))

    def is_leaf(self, node: tree.Node) -> bool:
        """Whether an expression has a value of its own: it is no function, and not known outside."""
        if isinstance(node, gast.Name) and node.id in self.outside.captured:
            return not self.is_static(node)
        return not isinstance(node, gast.Constant) and not self.is_static(node)


def elements(node: tree.Node) -> list[tree.Node]:
    """What a literal container holds."""
    return list(node.values if isinstance(node, gast.Dict) else node.elts)


def choice(test: tree.Node, body: tree.Node, orelse: tree.Node) -> tree.Node:
    """`body if test else orelse`, without choices by the same test inside."""
    body, orelse = _settled(body, test, True), _settled(orelse, test, False)
    return body if tree.is_same(body, orelse) else tree.choice(tree.clone(test), body, orelse)


def _settled(node: tree.Node, test: tree.Node, holds: bool) -> tree.Node:
    def settle(inner: gast.IfExp) -> tree.Node:
        if not tree.is_same(inner.test, test):
            return inner
        return inner.body if holds else inner.orelse

    return tree.rewrite(node, {gast.IfExp: settle})


def arms(node: tree.Node) -> Iterator[tree.Node]:
    """The values among which a choice chooses; the value itself for what is no choice."""
    if isinstance(node, gast.IfExp):
        yield from arms(node.body)
        yield from arms(node.orelse)
    else:
        yield node


def chosen_by_key(container: tree.Node, index: tree.Node) -> tree.Node:
    """The entry of a literal container at an index that is not known, as a choice."""
    error = "KeyError" if isinstance(container, gast.Dict) else "IndexError"
    found: tree.Node = tree.call(MISSING, tree.call(error, tree.clone(index)))
    values = elements(container)
    for number, value in reversed(list(enumerate(values))):
        if isinstance(container, gast.Dict):
            test = tree.compare(tree.clone(index), "==", tree.clone(container.keys[number]))
        else:
            both = map(tree.constant, (number, number - len(values)))
            test = tree.compare(tree.clone(index), "in", tree.tuple_of(both))
        found = tree.choice(test, tree.clone(value), found)
    return found


def chosen_by_count(values: list[tree.Node], index: str) -> tree.Node:
    """The element with number `index`, which is among them for sure."""
    found = tree.clone(values[-1])
    for number, value in reversed(list(enumerate(values[:-1]))):
        test = tree.compare(tree.name(index), "==", tree.constant(number))
        found = choice(test, tree.clone(value), found)
    return found
