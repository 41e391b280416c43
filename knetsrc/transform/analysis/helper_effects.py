"""Which parameters the helpers of a function hand back, and into which they write."""

from collections.abc import Callable
from typing import NamedTuple

import gast

from knetsrc.transform.analysis.aliases import HelperOf, aliases, handed_back, put_into
from knetsrc.transform.analysis.kinds import numeric_names
from knetsrc.transform.callee import Calls
from knetsrc.transform.functions import Function


class Effects(NamedTuple):
    """What a helper does with its arguments.

    Attributes
    ----------
    returned
        Parameters that it may hand back, or put into what it hands back.
    written
        Parameters into which it writes.
    put
        Pairs (container, value) of parameters: the value is put into the container.
    copied
        Parameters of which it may hand back a shallow copy, if they are containers.
    """

    returned: frozenset[str] = frozenset()
    written: frozenset[str] = frozenset()
    put: frozenset[tuple[str, str]] = frozenset()
    copied: frozenset[str] = frozenset()


class HelperEffects:
    """What is known of the helpers of one generated module."""

    def __init__(
        self,
        calls: Calls,
        helper_call: HelperOf,
        core_of: Callable[[Function], gast.FunctionDef],
    ) -> None:
        self.calls, self.helper_call, self.core_of = calls, helper_call, core_of
        self._known: dict[int, Effects] = {}
        self._open: set[int] = set()
        self._asked: set[int] = set()  # of those that are open
        self._final: set[int] = set()

    def of(self, function: Function, key: int) -> Effects:
        """What a function does with its parameters.

        A function that calls itself is looked at until nothing is added to what it is known to do.
        """
        if key in self._final or (key in self._known and not self._open):
            return self._known[key]
        if key in self._open:
            self._asked.add(key)
            return self._known[key]
        is_outermost = not self._open
        self._open.add(key)
        asked_before, self._asked = self._asked, set()
        before = None
        core = self.core_of(function)
        self._known.setdefault(key, Effects())
        while before != self._known:
            before = dict(self._known)
            arrays = numeric_names(core, self.calls, known=function.numeric)
            returned = handed_back(core, arrays, self.helper_call)
            written = aliases(core, arrays, self.helper_call).written_parameters()
            put = put_into(core, arrays, self.helper_call) if written else frozenset()
            copied = handed_back(core, arrays, self.helper_call, copies_share=True) - returned
            self._known[key] = Effects(returned, frozenset(written), put, copied)
            if not is_outermost:
                break
        self._open.discard(key)
        if not self._asked:  # it does not hang on what is not yet known of another
            self._final.add(key)
        self._asked = (self._asked | asked_before) - {key}
        return self._known[key]
