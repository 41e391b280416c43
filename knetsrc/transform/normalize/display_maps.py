"""What is made of each of some values that are written out, and taken apart at once: a call for each.

a, b = map(np.array, (x, y))            a, b = np.array(x), np.array(y)
a, b = [v.copy() for v in (x, y)]       a, b = x.copy(), y.copy()
"""

from typing import Any

import gast

from knetsrc.transform import tree
from knetsrc.transform.names import Names
from knetsrc.transform.normalize.effects import is_of_module, path_of
from knetsrc.transform.normalize.scopes import bound_names, parameters, rewritten
from knetsrc.transform.tree import Node

_MOST = 16
_READ = (gast.Name, gast.Constant, gast.Attribute, gast.Subscript)
_LATER = (gast.Lambda, gast.ListComp, gast.SetComp, gast.DictComp, gast.GeneratorExp, gast.NamedExpr, gast.Yield,
          gast.YieldFrom)  # fmt: skip


def write_out_displays(function: gast.FunctionDef, names: Names) -> gast.FunctionDef:
    """Write out what is made of the elements of a display, where each of the results gets a name.

    >>> from knetsrc.transform.language import show
    >>> show(write_out_displays, "a, b = map(np.array, (x, y))")
    a, b = (np.array(x), np.array(y))
    >>> show(write_out_displays, "a, b = [v * v for v in (x, y)]")
    a, b = (x * x, y * y)
    """
    own = bound_names(function.body) | set(parameters(function))

    def written_out(node: Any) -> Node:
        target = node.targets[0] if isinstance(node, gast.Assign) else None
        if not isinstance(target, gast.Tuple | gast.List) or len(node.targets) > 1:
            return node
        made = _made(node.value, own)
        is_starred = any(isinstance(t, gast.Starred) for t in target.elts)
        if made is None or is_starred or len(made) != len(target.elts):
            return node
        return tree.at(tree.assign(target, tree.tuple_of(made)), node)

    function = tree.clone(function)
    function.body = rewritten(function.body, written_out)
    return function


def _made(value: Any, own: set[str]) -> list[Node] | None:
    """The values that an expression makes of elements that are written out."""
    if tree.called_name(value) == "map" and "map" not in own:
        if len(value.args) != 2 or value.keywords or not path_of(value.args[0]):
            return None
        function, display = value.args
        return _of_each(lambda e: tree.call(tree.clone(function), e), display, [function])
    if not isinstance(value, gast.ListComp | gast.GeneratorExp) or len(value.generators) > 1:
        return None
    (clause,) = value.generators
    if clause.ifs or clause.is_async or not tree.is_name(clause.target):
        return None
    if any(isinstance(n, _LATER) for n in tree.walk(value.elt)):
        return None
    calls = [n.func for n in tree.walk(value.elt) if isinstance(n, gast.Call)]
    text = clause.target.id
    return _of_each(lambda e: tree.substitute(tree.clone(value.elt), {text: e}), clause.iter, calls)


def _of_each(made: Any, display: Any, called: list[Any]) -> list[Node] | None:
    """What is made of each element; these are read one after the other then, so that no call may change what they are."""
    if not isinstance(display, gast.Tuple | gast.List) or len(display.elts) > _MOST:
        return None
    is_changing = not all(map(is_of_module, called))
    steady = (gast.Name, gast.Constant) if is_changing else _READ
    if not all(isinstance(n, steady) for e in display.elts for n in tree.walk(e)):
        return None
    return [made(tree.clone(e)) for e in display.elts]
