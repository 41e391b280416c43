"""Which module an array comes from: NumPy, CuPy, or another that has been registered.

NumPy's protocols carry most of its functions to arrays of another module, but not those that make
an array (`np.zeros`), not those that look at a list (`np.asarray`), and not the methods of its
ufuncs. These have to be called on the module of the arrays:

    xp = array_module(x)
    xp.zeros(x.shape, x.dtype)
"""

import importlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np


@dataclass
class Library:
    """A module of arrays, and where it keeps what NumPy and SciPy keep elsewhere.

    Attributes
    ----------
    module
        Offers NumPy's functions under NumPy's names.
    special
        Offers those of `scipy.special`: a module, or its name for one to be imported when needed.
    scipy_linalg
        The same for `scipy.linalg`.
    """

    module: ModuleType
    special: ModuleType | str | None = None
    scipy_linalg: ModuleType | str | None = None
    _twins: dict[int, tuple[Any, Any]] = field(default_factory=dict, repr=False)
    _looked_up: set[str] = field(default_factory=set, repr=False)

    def twin(self, function: Any) -> Any:
        """The function of NumPy or SciPy that `function` stands in for; None if there is none."""
        for device, host in self._loaded():
            if host.__name__ not in self._looked_up:
                self._looked_up.add(host.__name__)
                for name in dir(host):
                    theirs, ours = getattr(device, name, None), getattr(host, name)
                    if callable(theirs) and theirs is not ours and not name.startswith("_"):
                        self._twins.setdefault(id(theirs), (theirs, ours))
        return self._twins.get(id(function), (None, None))[1]

    def _loaded(self) -> Iterator[tuple[ModuleType, ModuleType]]:
        """Pairs of modules, as far as they have been imported: nobody has a function of another."""
        yield self.module, np
        yield self.module.linalg, np.linalg
        for place, name in ((self.special, "scipy.special"), (self.scipy_linalg, "scipy.linalg")):
            device = sys.modules.get(place) if isinstance(place, str) else place
            if device is not None:
                yield device, importlib.import_module(name)


_libraries: dict[type, Library | None] = {}  # None for types of the host


def register(
    array_type: type,
    module: ModuleType,
    *,
    special: ModuleType | str | None = None,
    scipy_linalg: ModuleType | str | None = None,
) -> None:
    """Have arrays of a type follow their own module.

    CuPy registers itself in effect: its arrays are known by their type.

    Parameters
    ----------
    array_type
        A class whose instances carry NumPy's functions by `__array_function__` and
        `__array_ufunc__`.
    module, special, scipy_linalg
        As in `Library`.
    """
    _libraries[array_type] = Library(module, special, scipy_linalg)


def array_module(*values: Any) -> Any:
    """The module whose functions make arrays that go together with `values`.

    Parameters
    ----------
    *values
        Arrays, numbers, lists or tuples of these, nested to any depth.

    Returns
    -------
    module
        That of the first array which is not NumPy's; else NumPy.

    Examples
    --------
    >>> array_module(np.ones(3), [1.0]) is np
    True
    """
    for value in values:
        kind = type(value)
        if kind is np.ndarray or kind is float or kind is np.float64:
            continue
        found = _library(kind)
        if found is not None:
            return found.module
        if isinstance(value, list | tuple):
            inside = array_module(*value)
            if inside is not np:
                return inside
    return np


def on_device(*values: Any) -> bool:
    """Whether an array of another module than NumPy is among `values`: reading it may wait."""
    return array_module(*values) is not np


def special_module(*values: Any) -> Any:
    """`scipy.special`, or what stands in for it where the arrays among `values` are."""
    return _of_scipy("special", "scipy.special", values)


def scipy_linalg_module(*values: Any) -> Any:
    """`scipy.linalg`, or what stands in for it where the arrays among `values` are."""
    return _of_scipy("scipy_linalg", "scipy.linalg", values)


def host_twin(function: Any) -> Any:
    """The function of NumPy or SciPy under whose name another module offers `function`.

    Parameters
    ----------
    function
        Anything.

    Returns
    -------
    Any
        `function` itself where it is no such function.
    """
    cupy = sys.modules.get("cupy")
    if cupy is not None:
        _library(cupy.ndarray)
    for library in filter(None, list(_libraries.values())):
        twin = library.twin(function)
        if twin is not None:
            return twin
    return function


def _library(kind: type) -> Library | None:
    if kind not in _libraries:
        is_cupy = any(base.__module__.partition(".")[0] == "cupy" for base in kind.__mro__)
        cupy = importlib.import_module("cupy") if is_cupy else None
        if cupy is not None and issubclass(kind, cupy.ndarray):
            register(kind, cupy, special="cupyx.scipy.special", scipy_linalg="cupyx.scipy.linalg")
        else:
            _libraries[kind] = None
    return _libraries[kind]


def _of_scipy(attribute: str, name: str, values: tuple[Any, ...]) -> Any:
    module = array_module(*values)
    for library in filter(None, list(_libraries.values())):
        if library.module is module:
            place = getattr(library, attribute)
            return importlib.import_module(place) if isinstance(place, str) else place
    return importlib.import_module(name)
