"""Which names are taken, the next free one, and `d_` of a name."""

import builtins
import keyword
import re
from collections.abc import Collection, Iterable

import gast

from knetsrc.backends import __all__ as HELPERS
from knetsrc.transform import tree

RESERVED = (
    frozenset(dir(builtins)) | frozenset(keyword.kwlist) | {"np", "math"} | frozenset(HELPERS)
)


class Names:
    """The names of one generated module or function; `fresh` gives one that is not among them and takes it.

    Names that are `avoided` are not given either, but they are free for the functions of the module, which start with
    the names that it has taken.
    """

    def __init__(self, taken: Iterable[str] = (), avoided: Collection[str] = ()) -> None:
        self.taken = set(taken) | RESERVED
        self.avoided = frozenset(avoided)

    @classmethod
    def of(cls, node: "tree.Node | list[tree.Node]") -> "Names":
        """All names in a tree, read or written, of functions and of attributes' bases."""
        found = set()
        for n in tree.walk(node):
            found |= {getattr(n, "id", None), getattr(n, "name", None)} - {None}
        return cls(n for n in found if isinstance(n, str))

    def another(self, text: str) -> str:
        """A name for another value of what `text` stands for: `x_2` for `x_1`, if `x` is a name as well."""
        base = re.sub(r"_\d+$", "", text)
        return self.fresh(base if base in self.taken else text)

    def fresh(self, wanted: str) -> str:
        """`wanted`, or `wanted_1`, `wanted_2`, ... if it is taken; the name is taken from then on."""
        wanted = re.sub(r"\W", "_", wanted).strip("_") or "value"
        if wanted[0].isdigit():
            wanted = f"value_{wanted}"
        candidate, number = wanted, 0
        while candidate in self.taken or candidate in self.avoided:
            number += 1
            candidate = f"{wanted}_{number}"
        self.taken.add(candidate)
        return candidate

    def renaming(
        self, texts: Collection[str], body: "tree.Node | list[tree.Node]"
    ) -> dict[str, str]:
        """Fresh names for some of a body, which the others in it do not have either: what stands for these comes later."""
        self.taken |= Names.of(body).taken - set(texts)
        return {text: self.fresh(text) for text in sorted(texts)}


def adjoint_name(text: str) -> str:
    """The name of the adjoint of `text`."""
    return f"d_{text}"


def saved_name(text: str) -> str:
    """The name of the list in which values of `text` are kept."""
    return f"{text}_saved"


def first_places(node: "tree.Node | list[tree.Node]") -> dict[str, int]:
    """Names in the order in which they come in a tree; parameters of a function come first."""
    found: dict[str, int] = {}
    for n in tree.walk(node):
        if isinstance(n, gast.Name):
            found.setdefault(n.id, len(found))
    return found
