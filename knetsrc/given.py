"""What a call tells of arguments that are functions, modules, objects or containers, where their parameters tell nothing."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import ModuleType
from typing import Any

import numpy as np

from knetsrc.callee import parameters_of
from knetsrc.objects import classes_in, has_behaviour, is_object

Given = tuple[tuple[str, str, Any], ...]
CONTAINERS = (list, tuple, dict)
OF_NUMBERS = frozenset({"floats", "integers", "entries"})
_MOST_LEAVES = 12
_MOST_INTEGERS = 1000
_MOST_ROWS = 100_000  # looked at in each call, in less than a hundredth of the time of what is computed for each
_KINDS: dict[str, set[type]] = {
    "integers": {int, np.int32, np.int64},
    "floats": {float, np.float64},
}
_DEEPEST = 2


def given_by(
    function: Callable[..., Any],
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    asks: Sequence[str] = (),
) -> Given:
    """Parameters whose arguments are functions, modules, objects of a user's class, or lists of such objects.

    Parameters
    ----------
    function
        A plain function.
    args, kwargs
        What it is called with.
    asks
        Parameters of which lists, tuples and dicts are told as well.

    Returns
    -------
    tuple
        Path, kind ("function", "functions", "module", "class", "none" or "plain") and the function, functions,
        module or class of each.
    """
    parameters = parameters_of(function)
    named = {p.name: value for p, value in zip(parameters, args, strict=False)} | dict(kwargs)
    defaults = {p.name: p.default for p in parameters if p.default is not p.empty}
    values = defaults | named
    told = [fact for name, value in values.items() for fact in _told(name, value)]
    kinds = ((name, type(values[name])) for name in asks if name in values)
    containers = ((name, "class", kind) for name, kind in kinds if kind in CONTAINERS)
    return (*told, *(fact for fact in containers if fact not in told))


def ranks_by(function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Given:
    """What a call tells of numbers and of arrays of numbers, in containers too: (path, kind, which axes have the length 1).

    For kinds see `OF_NUMBERS`; the path of an entry is `w[0]['bias']`. Of a container of many entries nothing
    is told, but for a list of integers, `tokens[*]`, and one of rows of numbers, `edges[*][0]`. A list, tuple or dict of
    which all entries are told is of the kind "entries": its type by name, and its keys.
    """
    parameters = parameters_of(function)
    named = {p.name: value for p, value in zip(parameters, args, strict=False)} | dict(kwargs)
    single = [p.name for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    rows = {name: columns_of(named[name]) for name in single if name in named}
    leaves = [
        leaf
        for name, columns in rows.items()
        if not columns
        for leaf in arrays_in(name, named[name])
    ]
    axes = ((path, *_axes_of(value)) for path, _, value in leaves)
    facts = tuple((path, kind, ones) for path, kind, ones in axes if kind)
    lists = {name: len(named[name]) for name in single if isinstance(named.get(name), list | tuple)}
    counts = (f"{name}[*]" for name in lists if is_of_integers(named[name]))
    numbers = [(path, "integers", ()) for path in counts]
    for name, columns in rows.items():
        numbers += [(f"{name}[*][{place}]", kind, ()) for place, kind in enumerate(columns)]
    whole = _of_whole_containers(facts, {n: named[n] for n in single if n in named})
    return (*facts, *_of_all_elements(facts, lists), *numbers, *whole)


def _of_whole_containers(facts: Given, named: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Lists, tuples and dicts of which each entry is a float or an array of floats."""
    told = {path for path, kind, _ in facts if kind == "floats"}
    for name, value in named.items():
        if type(value) in CONTAINERS and len(value):
            keys = tuple(value) if type(value) is dict else tuple(range(len(value)))
            if all(f"{name}[{key!r}]" in told for key in keys):
                yield name, "entries", (type(value).__name__, keys)


def is_of_integers(container: Any) -> bool:
    """Whether a container is a list or tuple of integers of Python, not empty, and short enough to look at in each call."""
    is_short = type(container) in (list, tuple) and len(container) <= _MOST_INTEGERS
    return is_short and set(map(type, container)) == {int}


def columns_of(container: Any) -> tuple[str, ...]:
    """The kinds of numbers in a row, of a list or tuple of tuples that are alike: `("integers", "integers", "floats")`.

    Empty for all else; for a few rows of floats, too, of which each entry is told.
    """
    if type(container) not in (list, tuple) or not 0 < len(container) <= _MOST_ROWS:
        return ()
    if set(map(type, container)) != {tuple} or len(set(map(len, container))) != 1:
        return ()
    columns = zip(*container, strict=True)
    kinds = tuple(_kind_of(set(map(type, column))) for column in columns)
    is_apart = "integers" in kinds or len(kinds) * len(container) > _MOST_LEAVES
    return kinds if is_apart and all(kinds) else ()


def _kind_of(types: set[type]) -> str:
    return next((kind for kind, known in _KINDS.items() if types <= known), "")


def _of_all_elements(facts: Given, lists: Mapping[str, int]) -> Given:
    """The same of lists of which all elements are alike, or every other: `w[*]` or `w[0::2]` for `w[0]`, `w[2]` and so on."""
    found: dict[str, dict[int, tuple[str, Any]]] = {}
    for path, kind, ones in facts:
        name, _, rest = path.partition("[")
        if name in lists:
            index, _, inner = rest.partition("]")
            for group in ("*", f"{int(index) % 2}::2"):
                found.setdefault(f"{name}[{group}]{inner}", {})[int(index)] = (kind, ones)
    alike = {
        path: list(each.values()) for path, each in found.items() if _is_whole(path, each, lists)
    }
    return tuple(
        (path, each[0][0], tuple(map(_same, *(ones for _, ones in each))))
        for path, each in alike.items()
    )


def _is_whole(path: str, each: Mapping[int, tuple[str, Any]], lists: Mapping[str, int]) -> bool:
    """Whether facts are about all elements that the path stands for, and about as many axes."""
    name, _, rest = path.partition("[")
    step = 1 if rest[0] == "*" else 2
    count = len(range(0 if step == 1 else int(rest[0]), lists[name], step))
    return len(each) == count and len({(kind, len(ones)) for kind, ones in each.values()}) == 1


def _same(*is_one: bool) -> bool | None:
    return is_one[0] if len(set(is_one)) == 1 else None


def arrays_in(path: str, value: Any) -> list[tuple[str, tuple[Any, ...], Any]]:
    """An argument itself, or the arrays and floats in a container: path, keys and value of each.

    Examples
    --------
    >>> [(path, keys) for path, keys, _ in arrays_in("w", [1.0, {"b": 2.0}])]
    [('w[0]', (0,)), ("w[1]['b']", (1, 'b'))]
    """
    if type(value) not in CONTAINERS:
        return [(path, (), value)]
    found = list(_leaves(path, (), value, 0))
    return (
        [leaf for leaf in found if type(leaf[2]) in (np.ndarray, float, np.float64)]
        if len(found) <= _MOST_LEAVES
        else []
    )


def _leaves(
    path: str, keys: tuple[Any, ...], value: Any, depth: int
) -> Iterator[tuple[str, tuple[Any, ...], Any]]:
    if type(value) not in CONTAINERS:
        yield path, keys, value
    elif depth < _DEEPEST and len(value) <= _MOST_LEAVES:
        entries = value.items() if isinstance(value, dict) else enumerate(value)
        for key, entry in entries:
            if isinstance(key, int | str):
                yield from _leaves(f"{path}[{key!r}]", (*keys, key), entry, depth + 1)


def without_lengths(given: Given) -> Given:
    """The same for all lengths of axes, and for all containers."""
    plain = [fact for fact in given if fact[0].isidentifier() and fact[1] != "entries"]
    return tuple((name, kind, (None,) * len(axes)) for name, kind, axes in plain)


def ones_in(shape: Sequence[int]) -> tuple[bool, ...]:
    """Which axes have the length 1."""
    return tuple(map((1).__eq__, shape))


def _axes_of(value: Any) -> tuple[str, tuple[bool, ...]]:
    """The kind and the axes; no kind for arrays without axes, which may be written, and for all else."""
    if type(value) is np.ndarray and value.ndim and value.dtype.kind in "fiu":
        return ("floats" if value.dtype.kind == "f" else "integers", ones_in(value.shape))
    if isinstance(value, float | np.floating):
        return "floats", ()
    is_integer = isinstance(value, int | np.integer) and not isinstance(value, bool)
    return ("integers" if is_integer else "", ())


def _told(name: str, value: Any) -> Given:
    if isinstance(value, ModuleType):
        return ((name, "module", value),)
    if value is None:
        return ((name, "none", None),)
    if (
        isinstance(value, CONTAINERS)
        and not is_object(value)
        and value
        and all(map(_is_function, _entries(value)))
    ):
        inside = tuple(_entries(value))
        kind = dict if isinstance(value, dict) else type(value)
        return ((name, "functions", (kind, tuple(value), inside)),)
    if _is_function(value):
        return ((name, "function", value),)
    classes = tuple((f"{name}{rest}", "class", kind) for rest, kind in classes_in(value).items())
    if type(value) in CONTAINERS and any(has_behaviour(kind) for _, _, kind in classes):
        classes += ((name, "class", type(value)),)
    return classes or ((name, "plain", None),)


def _entries(value: Any) -> list[Any]:
    return list(value.values() if isinstance(value, dict) else value)


def _is_function(value: Any) -> bool:
    return callable(value) and not isinstance(value, type) and not is_object(value)
