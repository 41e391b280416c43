"""Gradients that a differentiated function makes itself, `grad(loss)(w, x)`: functions of the generated module.

A function defined inside another one becomes one of its own first, `grad(lambda t: net(p, t))`; what it captures are parameters
by then, see `lift`.
"""

import hashlib
import linecache
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import gast

from knetsrc.transform import tree
from knetsrc.transform.names import Names
from knetsrc.transform.resolve import UNKNOWN, Outside
from knetsrc.transform.splice import literal_value
from knetsrc.transform.static import is_closure

_MAKERS = ("grad", "value_and_grad")


@dataclass
class MadeGradients:
    """The gradients that the functions of one module make.

    Attributes
    ----------
    local
        Functions of the module that no outside name stands for, by their names; new ones are entered.
    load
        Gives a function of the user, or a gradient, in the core language.
    helpers
        Functions of `knetsrc.backends`, which the core language may call.
    """

    outside: Outside
    local: dict[str, Any]
    names: Names
    load: Callable[[Any], Any]
    helpers: Mapping[str, Any]
    _made: dict[Any, tuple[Any, str]] = field(default_factory=dict)

    def of(self, node: gast.Call) -> tree.Node | None:
        """The function that `grad(loss, argnums=1)` stands for; None for other calls, and where `loss` is not known."""
        maker = self.outside.resolve(node.func)
        is_maker = getattr(maker, "__module__", "") == "knetsrc.api" and maker.__name__ in _MAKERS
        if not is_maker or not node.args or any(k.arg is None for k in node.keywords):
            return None
        options = [literal_value(a) for a in node.args[1:]]
        named = {str(k.arg): literal_value(k.value) for k in node.keywords}
        if any(v is UNKNOWN for v in (*options, *named.values())):
            return None
        return self._named(node, lambda f: maker(f, *options, **named))

    def _named(self, node: gast.Call, make: Callable[[Any], Any]) -> tree.Node | None:
        """The name of the gradient in the module, with what the function captures."""
        function = node.args[0]
        inner = function.args[0] if is_closure(function) else function
        is_local = isinstance(inner, gast.Name) and inner.id in self.local
        of = inner.id if is_local else id(self.outside.resolve(inner))
        key = (of, tree.signature([node.func, *node.args[1:], *node.keywords]))
        if key not in self._made:
            known = self._function(inner, is_local)
            if known is None:
                return None
            gradient = make(known)
            loaded = self.load(gradient)
            name = self.names.fresh(loaded.name)
            self.local[name] = replace(loaded, name=name)
            self._made[key] = gradient, name
        made = tree.at(tree.name(self._made[key][1]), node)
        if inner is function:
            return made
        new = tree.clone(function)
        new.args[0] = made
        return new

    def _function(self, node: Any, is_local: bool) -> Any:
        """The function, or the gradient of one, that an expression names; None for all else."""
        if is_local:
            of_gradient = (g for g, name in self._made.values() if name == node.id)
            return next(of_gradient, None) or self._executed(node.id)
        found = self.outside.resolve(node)
        is_function = isinstance(found, types.FunctionType) or hasattr(found, "value_and_grad")
        return found if is_function else None

    def _executed(self, text: str) -> types.FunctionType | None:
        """The function of the module that `text` names, which had been defined inside another one.

        None where it reads a variable of a function around, or a loop has been made of it.
        """
        reached = sorted(_reached(text, self.local))
        cores = [self.local[n].core for n in reached]
        read = tree.names_read(cores)
        if read & self.outside.captured.keys() or any(self.local[n].is_loop for n in reached):
            return None
        names = {n: self.helpers[n] for n in read & self.helpers.keys()}
        names |= {n: v for n, v in self.outside.roots.items() if n in read}
        functions = [
            tree.function_def(n, c.args, c.body) for n, c in zip(reached, cores, strict=True)
        ]
        source = self.local[text].source
        where = f"<{text} of {source.filename if source else ''}>"
        return _executed(text, where, "\n\n".join(map(tree.show, functions)) + "\n", names)


def _executed(text: str, where: str, code: str, names: Mapping[str, Any]) -> types.FunctionType:
    """The function that some code defines; where the text is kept, it can be read again."""
    filename = f"{where[:-1]} {hashlib.sha256(code.encode()).hexdigest()[:12]}>"
    linecache.cache[filename] = (len(code), None, code.splitlines(keepends=True), filename)
    namespace = {"__name__": filename, **names}
    exec(compile(code, filename, "exec"), namespace)
    made: types.FunctionType = namespace[text]
    return made


def _reached(text: str, local: Mapping[str, Any]) -> set[str]:
    """Names of the local functions that one calls, and that these call, itself included."""
    found: set[str] = set()
    waiting = {text}
    while waiting:
        found |= waiting
        read = tree.names_read([s for n in waiting for s in local[n].core.body])
        waiting = read & local.keys() - found
    return found
