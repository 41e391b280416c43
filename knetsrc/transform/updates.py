"""Statements that add to an adjoint at an index or at an attribute."""

import itertools

import gast

from knetsrc.transform import tree
from knetsrc.transform.analysis.bases import viewed
from knetsrc.transform.analysis.indices import is_basic_index
from knetsrc.transform.analysis.stores import as_argument
from knetsrc.transform.own_methods import plain
from knetsrc.transform.values import StepValues

_NUMERIC_CALLS = frozenset({
    "unbroadcast", "like", "matmul_adjoint_a", "matmul_adjoint_b", "conv_adjoint_x", "conv_adjoint_w", "channel_sum",
    "max_pool_adjoint_x", "average_pool_adjoint_x", "batchnorm_adjoint_x", "batchnorm_adjoint_gain", "layernorm_adjoint_x",
})  # fmt: skip


def add_at_path(
    values: StepValues,
    buffer: tree.Node,
    path: tuple[tree.Node, ...],
    value: tree.Node,
    is_numeric: bool = False,
) -> tree.Node:
    """The statement that adds `value` into `buffer` at `path`, a chain of indices and attributes.

    `is_numeric` tells that `buffer` is an array or a number for sure.
    """
    is_numeric = is_numeric and len(path) == 1
    for number, part in enumerate(path[:-1]):
        if not _is_view(values, part):
            return _add_within(values, buffer, path[number:], value)
        buffer = entry(values, buffer, part)
    last = path[-1]
    pusher, is_attribute = values.pusher, isinstance(last, gast.Attribute)
    is_basic = is_attribute or is_basic_index(last.slice, pusher.integers)
    is_basic = is_basic or (tree.is_name(last.slice) and last.slice.id in pusher.masks)
    is_basic = is_basic or pusher.shapes.picks_once(last.slice, values.step.node)
    if is_basic and (is_numeric or _adds_up(pusher.numeric_adjoints(), last, value)):
        return tree.augment(entry(values, buffer, last), "+", value)
    index = _step(values, last)
    return tree.expression(tree.call(pusher.spell("add_at", None), buffer, index, value))


def with_viewed(call: gast.Call, base: tree.Node) -> gast.Call:
    """The same view of another array."""
    copy = tree.clone(call)
    if viewed(call) is call.func.value:
        copy.func.value = base
    else:
        copy.args[0] = base
    return copy


def _is_view(values: StepValues, part: tree.Node) -> bool:
    """Whether writing into what stands at one index or attribute is sure to reach the whole: not so with an array of indices."""
    return isinstance(part, gast.Attribute) or is_basic_index(part.slice, values.pusher.integers)


def _add_within(
    values: StepValues, buffer: tree.Node, path: tuple[tree.Node, ...], value: tree.Node
) -> tree.Node:
    steps = tree.tuple_of([_step(values, part) for part in path])
    return tree.expression(tree.call(values.pusher.spell("add_within", None), buffer, steps, value))


def entries_on(path: tuple[tree.Node, ...], is_numeric: bool) -> tuple[tree.Node, ...]:
    """The first parts of a place, as far as they may be what containers hold; `is_numeric` tells that there is an array or a number."""
    if is_numeric:
        return ()
    return tuple(itertools.takewhile(_is_entry, path))


def _is_entry(part: tree.Node) -> bool:
    index = getattr(part, "slice", None)
    if index is None:
        return False
    parts = index.elts if isinstance(index, gast.Tuple) else [index]
    is_of_array = any(
        isinstance(p, gast.Slice) or tree.is_constant(p, None, Ellipsis) for p in parts
    )
    return bool(parts) and not is_of_array


def may_be_number(path: tuple[tree.Node, ...]) -> bool:
    """Whether a place may be a view of an array without axes, `a[...]` or `a[None][0]`: its adjoint may be a number."""
    index = next((part.slice for part in path if isinstance(part, gast.Subscript)), None)
    parts = index.elts if isinstance(index, gast.Tuple) else [index]
    return index is None or all(tree.is_constant(part, None, Ellipsis) for part in parts)


def buffered(values: StepValues, text: str, entries: tuple[tree.Node, ...]) -> tree.Node:
    """The statement that puts an array where the adjoint of a name, or of some entry of it, may be a number."""
    adjoint = values.pusher.keys.adjoint(text)
    steps = [_step(values, part) for part in entries]
    helper = values.pusher.spell("with_buffer", None)
    return tree.assign(adjoint, tree.call(helper, tree.name(adjoint), *steps))


def _step(values: StepValues, part: tree.Node) -> tree.Node:
    """An index or the name of an attribute as an argument."""
    if isinstance(part, gast.Attribute):
        return tree.constant(plain(part.attr))
    return as_argument(value_of_index(values, part.slice))


def _adds_up(numeric: set[str], last: tree.Node, value: tree.Node) -> bool:
    """Whether `+=` adds numbers for sure, where it would make a list longer."""
    is_slice = not isinstance(last, gast.Attribute) and any(
        isinstance(n, gast.Slice) for n in tree.walk(last.slice)
    )
    if is_slice and not isinstance(last.slice, gast.Tuple):
        return False
    if isinstance(value, gast.Name):
        return value.id in numeric
    if isinstance(value, gast.Call):
        text, function = tree.called_name(value), value.func
        is_sum = isinstance(function, gast.Attribute) and function.attr == "sum"
        return (
            text in _NUMERIC_CALLS
            or is_sum
            or (text is None and tree.show(function).startswith("np."))
        )
    return isinstance(value, gast.BinOp | gast.UnaryOp | gast.Constant)


def entry(values: StepValues, buffer: tree.Node, part: tree.Node) -> tree.Node:
    """What `buffer` holds at one index or attribute, or a view of it: `d_a.reshape(2, 3)`."""
    if isinstance(part, gast.Attribute):
        return tree.attribute(buffer, part.attr)
    if isinstance(part, gast.Call):
        return with_viewed(part, buffer)
    return tree.subscript(buffer, value_of_index(values, part.slice))


def value_of_index(values: StepValues, index: tree.Node) -> tree.Node:
    """The index as the backward part reads it: a copy if cheap, else the name of its value."""
    if is_cheap_index(index):
        return tree.clone(index)
    if isinstance(index, gast.Slice):
        bounds = (index.lower, index.upper, index.step)
        return tree.slice_of(*(b and value_of_index(values, b) for b in bounds))
    if isinstance(index, gast.Tuple) and any(isinstance(n, gast.Slice) for n in index.elts):
        return tree.tuple_of([value_of_index(values, n) for n in index.elts])
    return values.value(index, "index")


def is_cheap_index(index: tree.Node) -> bool:
    """Whether an index may be written again: no calls but `len` in it."""
    return all(
        not isinstance(n, gast.Call) or tree.called_name(n) == "len" for n in tree.walk(index)
    )


def zeros_of_numbers(text: str) -> tree.Node:
    """The adjoint of a list of numbers before anything is added to it: `[0.0] * len(xs)`."""
    return tree.binary(tree.list_of([tree.constant(0.0)]), "*", tree.call("len", tree.name(text)))
