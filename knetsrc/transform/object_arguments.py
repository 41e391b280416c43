"""Lists and dicts of objects that the user's function is handed, and whose objects change: a copy of the list takes their place.

def f(ps, dt):                  def f(ps, dt):
    for p in ps:                    ps_1 = list(ps)
        p.x += dt * p.v   ->        for p in ps_1:
                                        p.x += dt * p.v

What changes is taken out of the copy and put back, see `object_lists`: the objects of the caller stay as they were. That no object
is at two places of the arguments is checked when the program runs.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import gast

from knetsrc.transform import tree
from knetsrc.transform.names import Names
from knetsrc.transform.normalize.scopes import captured_names, parameters
from knetsrc.transform.object_entries import Container
from knetsrc.transform.object_helpers import ListHelpers
from knetsrc.transform.object_lists import Taken, is_plain_class, take_objects
from knetsrc.transform.source import Source


def take_arguments(
    function: gast.FunctionDef, source: Source, helpers: ListHelpers, told: Mapping[str, type]
) -> Taken:
    """The function with copies of lists of which objects change; `own_lists` are the parameters.

    Parameters
    ----------
    function
        The function that is differentiated, as the user wrote it.
    source
        Where it stands: tells what names stand for.
    helpers
        What functions that are called do with lists.
    told
        What a call has told of its arguments: classes by path.
    """
    found = Taken(function, {})
    for given in _lists_given(function, source, told):
        own = replace(given, text=Names.of(found.function).fresh(given.text))
        copied = _with_copy(found.function, given, own)
        taken = take_objects(copied, source, helpers, [own])
        if own.text in taken.lists:
            classes, lists = {**found.classes, **taken.classes}, [*found.lists, *taken.lists]
            found = Taken(taken.function, classes, lists, [*found.own_lists, given.text])
    return found


def _lists_given(
    function: gast.FunctionDef, source: Source, told: Mapping[str, type]
) -> Iterator[Container]:
    """Parameters for lists, tuples and dicts of objects of one class, which are not bound again."""
    hidden = captured_names(function.body) | tree.names_written(function.body)
    for text in parameters(function):
        kind, holder = told.get(f"{text}[]"), told.get(text)
        if kind is not None and is_plain_class(kind) and text not in hidden:
            if holder in (list, tuple, dict):
                yield Container(text, kind, holder is dict, source, is_given=True)


def _with_copy(function: gast.FunctionDef, given: Container, own: Container) -> gast.FunctionDef:
    made = tree.call("dict" if own.is_dict else "list", tree.name(given.text))
    copy = tree.at(tree.assign(own.text, made), function.body[0])
    body = tree.substitute(function.body, {given.text: tree.name(own.text)})
    return tree.with_body(function, [copy, *body])
