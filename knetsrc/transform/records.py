"""What objects of a class are made of, where making one only keeps what it is given.

@dataclass
class Cell:             fields_given(Cell)  ->  ("w", "b")
    w: Any
    b: float = 0.0
"""

import dataclasses
import inspect
import types

GENERATED = "<string>"  # the file of the functions that dataclasses and namedtuples write


def fields_given(kind: type) -> tuple[str, ...] | None:
    """Fields that a dataclass or a namedtuple takes, in order; None for other classes, and where making one does more."""
    if not keeps_attributes(kind):
        return None
    if issubclass(kind, tuple) and hasattr(kind, "_fields"):
        is_changed = any(
            inspect.getattr_static(kind, name) is not inspect.getattr_static(tuple, name)
            for name in ("__getitem__", "__iter__", "__len__")
        )
        is_own = "_fields" in vars(_owner(kind, "__new__"))
        is_plain = is_own and _owner(kind, "__init__") is object and not is_changed
        return tuple(kind._fields) if is_plain else None
    if not dataclasses.is_dataclass(kind) or hasattr(kind, "__post_init__"):
        return None
    owner = _owner(kind, "__init__")
    init = vars(owner)["__init__"]
    every = vars(owner).get("__dataclass_fields__")
    is_generated = getattr(getattr(init, "__code__", None), "co_filename", "") == GENERATED
    if every is None or not is_generated or any(map(_is_for_init, every.values())):
        return None
    return tuple(f.name for f in dataclasses.fields(owner) if f.init)


def fields_before(kind: type) -> list[inspect.Parameter] | None:
    """What a dataclass with a `__post_init__` takes, and assigns before it; None for other classes, and where fields have factories."""
    if not dataclasses.is_dataclass(kind) or not hasattr(kind, "__post_init__"):
        return None
    owner = _owner(kind, "__init__")
    code = getattr(vars(owner)["__init__"], "__code__", None)
    every = vars(owner).get("__dataclass_fields__", {})
    is_plain = all(f.default_factory is dataclasses.MISSING for f in every.values())
    is_plain &= not any(map(_is_for_init, every.values())) and "__slots__" not in vars(owner)
    if not is_plain or getattr(code, "co_filename", "") != GENERATED:
        return None
    return list(inspect.signature(vars(owner)["__init__"]).parameters.values())[1:]


def keeps_attributes(kind: type) -> bool:
    """Whether making an object, and assigning its attributes, is what it is for any object."""
    is_frozen = getattr(getattr(kind, "__dataclass_params__", None), "frozen", False)
    is_plain = is_frozen or inspect.getattr_static(kind, "__setattr__") is object.__setattr__
    reads = inspect.getattr_static(kind, "__getattribute__")
    is_read = reads in (object.__getattribute__, tuple.__getattribute__)
    return is_plain and is_read and type(kind).__call__ is type.__call__


def has_setter(kind: type, name: str) -> bool:
    """Whether assigning an attribute calls something: of a property or another descriptor, slots left out."""
    found = inspect.getattr_static(kind, name, None)
    return hasattr(type(found), "__set__") and not isinstance(found, types.MemberDescriptorType)


def _owner(kind: type, name: str) -> type:
    return next(k for k in kind.__mro__ if name in vars(k))


def _is_for_init(entry: dataclasses.Field[object]) -> bool:
    """Whether a field is an argument of `__post_init__` only."""
    return isinstance(entry.type, dataclasses.InitVar) or "InitVar" in str(entry.type)
