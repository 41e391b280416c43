"""Which names hold arrays or containers, and which single elements, as far as the text tells."""

import gast

from knetsrc.transform import tree
from knetsrc.transform.analysis.assigned import bound_values
from knetsrc.transform.analysis.bases import is_view
from knetsrc.transform.analysis.stores import stored_names
from knetsrc.transform.normalize.scopes import parameters

_Rows = dict[str, set[str | None]]


def sliced_names(function: gast.FunctionDef) -> set[str]:
    """Names that are arrays or containers wherever they are bound, as they have parts or are bound to slices."""
    several = _ambiguous_names(function)
    found = held_names(function) - several
    for node in tree.walk(function.body):
        is_single = isinstance(node, gast.Assign) and tree.is_name(node.targets[0])
        if is_single and (is_part(node.value) or is_view(node.value)):
            found |= {node.targets[0].id} - several
    while True:
        pairs = [(n.targets[0], n.value) for n in tree.walk(function.body) if is_copy(n)]
        same = [(a.id, b.id) for a, b in pairs] + [(b.id, a.id) for a, b in pairs]
        more = {a for a, b in same if b in found} - found - several
        if not more:
            return found
        found |= more


def _ambiguous_names(function: gast.FunctionDef) -> set[str]:
    """Names that hold several values, and not only views; what is left of `z += e` does not count."""
    found = set()
    own = set(parameters(function))
    rows = _rows(function)
    for text, values in bound_values(function).items():
        is_updated = [isinstance(v, gast.BinOp) and tree.is_name(v.left, text) for v in values]
        others = [v for v, is_update in zip(values, is_updated, strict=True) if not is_update]
        sources = set().union(*(_rows_of(v, text, rows) for v in others))
        is_single = len(others) + (text in own) < 2
        is_single |= len(sources) == 1 and None not in sources and text not in own
        are_views = all(v is not None and (is_part(v) or is_view(v)) for v in others)
        if not is_single and (text in own or not are_views):
            found.add(text)
    return found


def _rows_of(value: tree.Node | None, text: str, rows: _Rows) -> set[str | None]:
    """The arrays of which a name may be a row; None for anything else."""
    if value is None:
        return rows.get(text, {None})
    return rows.get(value.id, {None}) if isinstance(value, gast.Name) else {None}


def _rows(function: gast.FunctionDef) -> _Rows:
    """The arrays of which loops bind the elements to a name; None for other loops."""
    found: _Rows = {}
    for node in tree.walk(function.body):
        if isinstance(node, gast.For):
            for text in tree.names_written(node.target):
                found.setdefault(text, set()).add(_source(node, text))
    return found


def _source(node: gast.For, text: str) -> str | None:
    """`a` for the name `row` in `for row in a`, `for i, row in enumerate(a)` and `for row, x in zip(a, b)`."""
    target, iterable = node.target, node.iter
    function = tree.called_name(iterable)
    if function in ("enumerate", "zip") and isinstance(target, gast.Tuple):
        arguments = [None, *iterable.args[:1]] if function == "enumerate" else iterable.args
        for part, value in zip(target.elts, arguments, strict=False):
            if tree.is_name(part, text):
                target, iterable = part, value
    is_plain = tree.is_name(target, text) and tree.is_name(iterable)
    return iterable.id if is_plain else None


def loops_that_write(function: gast.FunctionDef) -> set[str]:
    """Names in the iterables of loops that write into what they take out: `b` for `for row in b: row[0] = e`."""
    loops = [n for n in tree.walk(function.body) if isinstance(n, gast.For)]
    writing = [n for n in loops if tree.names_written(n.target) & stored_names(n.body)]
    return set().union(*(tree.names_read(n.iter) for n in writing))


def is_copy(node: tree.Node) -> bool:
    return (
        isinstance(node, gast.Assign)
        and tree.is_name(node.targets[0])
        and isinstance(node.value, gast.Name)
    )


def held_names(function: gast.FunctionDef) -> set[str]:
    """Names of which parts are read or written, so that they are no numbers."""
    found: set[str] = set()
    for node in tree.walk(function.body):
        if isinstance(node, gast.Subscript) and tree.is_name(node.value):
            found.add(node.value.id)
        elif tree.called_name(node) == "len" and tree.is_name(node.args[0]):
            found.add(node.args[0].id)
        elif isinstance(node, gast.For) and tree.is_name(node.iter):
            found.add(node.iter.id)
    return found


def is_part(value: tree.Node) -> bool:
    """Whether an expression is a slice."""
    is_read = isinstance(value, gast.Subscript)
    return is_read and any(_keeps_axes(n) for n in tree.walk(value.slice))


def _keeps_axes(node: tree.Node) -> bool:
    return isinstance(node, gast.Slice) or tree.is_constant(node, Ellipsis, None)


def element_names(function: gast.FunctionDef) -> set[str]:
    """Names that are bound to single elements, by their index."""
    bound = [n for n in tree.walk(function.body) if isinstance(n, gast.Assign)]
    other = {t for n in bound if not is_element(n.value) for t in tree.names_written(n.targets)}
    return {t for n in bound for t in tree.names_written(n.targets)} - other


def is_element(value: tree.Node) -> bool:
    return isinstance(value, gast.Subscript) and not is_part(value)
