"""Where something is gone through at once, and not kept: loops, calls of `list` and `sum`, unpacking.

[gs(a), a]      a generator that stands here has not run: a list of its values would show what it writes
"""

import collections
import functools
import math
from collections.abc import Callable, Iterator
from typing import Any

import gast
import numpy as np

from knetsrc.transform.normalize.scopes import COMPREHENSIONS

_CALLED = (
    list, tuple, set, frozenset, dict, sum, min, max, sorted, any, all, next, math.fsum, math.prod, functools.reduce,
    np.fromiter, collections.deque, collections.Counter, collections.OrderedDict,
)  # fmt: skip
METHODS = ("extend", "extendleft", "update", "join", "fromkeys")


def gone_through(node: Any, called: Callable[[Any], Any]) -> Iterator[Any]:
    """What a node goes through; `called` gives what a call calls, as far as that is known.

    >>> from knetsrc.transform import tree
    >>> (node,) = tree.parse("a, b = list(xs)")
    >>> [tree.show(n) for part in tree.walk([node]) for n in gone_through(part, lambda call: list)]
    ['list(xs)', 'xs']
    """
    if isinstance(node, gast.For):
        yield node.iter
    elif isinstance(node, COMPREHENSIONS):
        yield from (g.iter for g in node.generators)
    elif isinstance(node, gast.Starred | gast.YieldFrom | gast.AugAssign):
        yield node.value
    elif isinstance(node, gast.Compare):
        yield from node.comparators
    elif isinstance(node, gast.Assign) and isinstance(node.targets[0], gast.Tuple | gast.List):
        yield node.value
    elif isinstance(node, gast.Call):
        value, method = called(node), getattr(node.func, "attr", None)
        if method in METHODS or any(value is known for known in _CALLED):
            yield from node.args
