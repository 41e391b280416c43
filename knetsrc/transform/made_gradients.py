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

from knetsrc.errors import UnsupportedSyntaxError
from knetsrc.objects import has_behaviour
from knetsrc.transform import tree
from knetsrc.transform.functions import made_of, named_defaults, with_stars
from knetsrc.transform.handed import Template, names_around
from knetsrc.transform.names import Names
from knetsrc.transform.normalize.scopes import parameters
from knetsrc.transform.resolve import UNKNOWN, Outside
from knetsrc.transform.simplify.by_calls import by_calls
from knetsrc.transform.splice import literal_value
from knetsrc.transform.static import CLOSURE, Statics, is_closure

ClassesOf = Callable[[tree.Node], Mapping[str, type]]


@dataclass
class MadeGradients:
    """The gradients that the functions of one module make.

    Attributes
    ----------
    local
        Functions of the module that no outside name stands for, by their names; new ones are entered.
    load
        Gives a function of the user, or a gradient, in the core language.
    specialized
        Gives the body of a function with methods and functions that are handed around as plain calls.
    helpers
        Functions of `knetsrc.backends`, which the core language may call.
    """

    outside: Outside
    local: dict[str, Any]
    names: Names
    load: Callable[[Any], Any]
    specialized: Callable[[Any], gast.FunctionDef]
    helpers: Mapping[str, Any]
    _made: dict[Any, tuple[Any, str]] = field(default_factory=dict)

    def of(self, node: gast.Call, classes: ClassesOf) -> tree.Node | None:
        """The function that a call of a maker, `grad(loss, argnums=1)`, stands for; None where `loss` is not known.

        `classes` tells of what classes the objects are that `loss` captures.
        """
        if not node.args or any(k.arg is None for k in node.keywords):
            return None
        maker = self.outside.resolve(node.func)
        options = [literal_value(a) for a in node.args[1:]]
        named = {str(k.arg): literal_value(k.value) for k in node.keywords}
        if any(v is UNKNOWN for v in (*options, *named.values())):
            return None
        return self._named(node, classes, lambda f: maker(f, *options, **named))

    def _named(
        self, node: gast.Call, classes: ClassesOf, make: Callable[[Any], Any]
    ) -> tree.Node | None:
        """The name of the gradient in the module, with what the function captures."""
        function = node.args[0]
        if is_closure(function):
            function = self._with_known(function, classes)
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

    def _with_known(self, function: gast.Call, classes: ClassesOf) -> tree.Node:
        """A nested function with what it captures, a copy of it where functions, or objects with methods, are among that."""
        statics = Statics(self.outside, self.local)
        captured = {str(k.arg): k.value for k in function.keywords}
        given = {p: v for p, v in captured.items() if _is_known(v, statics)}
        core = self.local[function.args[0].id].core
        taken = names_around(core, given.values(), statics)
        templates = {p: Template(p, statics, taken) for p in given}
        known = {p: t.of(captured[p]) for p, t in templates.items()}
        told = {
            f"{p}{rest}": kind for p, v in captured.items() for rest, kind in classes(v).items()
        }
        has_defaults = bool(named_defaults(core.args))
        if not known and not has_defaults and not any(map(has_behaviour, told.values())):
            return function
        leaves = {n: a for t in templates.values() for n, a in t.leaves.items()}
        rest = {p: v for p, v in captured.items() if p not in known} | leaves
        name = self._copy(function.args[0].id, known, told, list(leaves))
        return tree.at(
            tree.call(CLOSURE, tree.name(name), **rest) if rest else tree.name(name), function
        )

    def _copy(
        self, text: str, known: Mapping[str, tree.Node], told: Mapping[str, type], extra: list[str]
    ) -> str:
        """The name of a copy of a function that captures what is known."""
        function = self.local[text]
        values = tuple((p, tree.signature(v)) for p, v in sorted(known.items()))
        origin = (function.identity, values, tuple(sorted(told.items(), key=lambda item: item[0])))
        if (known_as := made_of(self.local, origin)) is not None:
            return known_as
        core = _without_keywords(self._with_early_defaults(function), set(known))
        core.args.kwonlyargs += map(tree.parameter, extra)
        core.args.kw_defaults += [None] * len(extra)
        name = self.names.fresh(text)
        self.local[name] = replace(
            function,
            name=name,
            core=core,
            origin=origin,
            known=dict(known),
            classes={**function.classes, **told},
        )
        return name

    def _with_early_defaults(self, function: Any) -> gast.FunctionDef:
        """A copy of a function without parameters whose defaults are computed where it is defined: they are bound first."""
        core = tree.clone(function.core)
        early, positional = named_defaults(core.args), core.args.args
        count = sum(a.id in early for a in positional)
        last = positional[len(positional) - count :]
        if any(a.id not in early for a in last) or any(
            a.id in early for a in core.args.posonlyargs
        ):
            raise _refused(
                function,
                "another parameter follows one whose default is computed where the function is defined",
            )
        del positional[len(positional) - count :]
        core.args.defaults = core.args.defaults[: len(core.args.defaults) - count]
        core = _without_keywords(core, set(early))
        first = [tree.assign(p, tree.name(value)) for p, value in early.items()]
        return tree.with_body(core, [*first, *core.body])

    def _function(self, node: Any, is_local: bool) -> Any:
        """The function, or the gradient of one, that an expression names; None for all else."""
        if is_local:
            return self._gradients().get(node.id) or self._executed(node.id)
        found = self.outside.resolve(node)
        is_function = isinstance(found, types.FunctionType) or hasattr(found, "value_and_grad")
        return found if is_function else None

    def _gradients(self) -> dict[str, Any]:
        return {name: gradient for gradient, name in self._made.values()}

    def _executed(self, text: str) -> types.FunctionType:
        """The function of the module that `text` names, which had been defined inside another one."""
        cores = self._reached(text)
        read = set[str]().union(*(_read_outside(c) for c in cores.values()))
        if any(self.local[n].is_loop for n in cores):
            raise _refused(
                self.local[text],
                "a checkpointed loop is a function of its own, which it cannot call",
            )
        if any(map(_is_marked, cores.values())):
            raise _refused(
                self.local[text],
                "it reads an attribute that is named like one of arrays, as `shape`",
            )
        captured = {n: self.outside.captured[n] for n in read & self.outside.captured.keys()}
        names = {n: self.helpers[n] for n in read & self.helpers.keys()}
        names |= {n: v for n, v in self.outside.roots.items() if n in read} | captured
        names |= {n: g for n, g in self._gradients().items() if n in read}
        functions = [
            tree.function_def(n, with_stars(c.args, self.local[n].star), c.body)
            for n, c in sorted(cores.items())
        ]
        source = self.local[text].source
        where = f"<{text} of {source.filename if source else ''}>"
        return _executed(text, where, "\n\n".join(map(tree.show, functions)) + "\n", names)

    def _reached(self, text: str) -> dict[str, gast.FunctionDef]:
        """The local functions that one calls, and that these call, itself included; gradients are called as they are."""
        found: dict[str, gast.FunctionDef] = {}
        waiting = {text}
        while waiting:
            found |= {n: self._core(self.local[n]) for n in sorted(waiting)}
            read = tree.names_read([s for n in waiting for s in found[n].body])
            waiting = read & self.local.keys() - found.keys() - self._gradients().keys()
        return found

    def _core(self, function: Any) -> gast.FunctionDef:
        """A function as it was written, or with plain calls where it has been made for functions or objects, or hands some on."""
        has_known = function.known or any(map(has_behaviour, function.classes.values()))
        if not has_known and not any(map(is_closure, tree.walk(function.core.body))):
            return function.core
        core = self.specialized(function)
        return tree.function_def(core.name, core.args, by_calls(core.body))


def _without_keywords(core: gast.FunctionDef, names: set[str]) -> gast.FunctionDef:
    """A function, without some of its keyword-only parameters."""
    arguments = core.args
    pairs = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    kept = [(a, default) for a, default in pairs if a.id not in names]
    arguments.kwonlyargs = [a for a, _ in kept]
    arguments.kw_defaults = [default for _, default in kept]
    return core


def _is_known(node: tree.Node, statics: Statics) -> bool:
    return tree.is_constant(node, None) or statics.is_static(node)


def _refused(function: Any, why: str) -> UnsupportedSyntaxError:
    return UnsupportedSyntaxError(
        "a gradient of a function that is defined inside of the differentiated one",
        at=function.core,
        why=why,
        instead="define the function in the module, and pass it all that it reads",
    )


def _read_outside(core: gast.FunctionDef) -> set[str]:
    """Names that a function reads and does not bind."""
    return tree.names_read(core) - tree.names_written(core.body) - set(parameters(core))


def _is_marked(core: gast.FunctionDef) -> bool:
    """Whether a function reads members of objects that are named like those of arrays: only their class tells them apart."""
    attributes = (n.attr for n in tree.walk(core) if isinstance(n, gast.Attribute))
    return any(a.endswith(tree.FIELD_MARK) for a in attributes)


def _executed(text: str, where: str, code: str, names: Mapping[str, Any]) -> types.FunctionType:
    """The function that some code defines; where the text is kept, it can be read again."""
    filename = f"{where[:-1]} {hashlib.sha256(code.encode()).hexdigest()[:12]}>"
    linecache.cache[filename] = (len(code), None, code.splitlines(keepends=True), filename)
    namespace = {"__name__": filename, **names}
    exec(compile(code, filename, "exec"), namespace)
    made: types.FunctionType = namespace[text]
    return made
