"""Checks that generated source makes when it runs, where the transform cannot know."""

from typing import Any

from knetsrc.errors import UnsupportedAliasError


def check_not_array(value: Any, statement: str) -> None:
    """Refuse an in-place operation on an array or list that another name may share.

    Parameters
    ----------
    value
        What the statement is about to change.
    statement
        The statement as the user wrote it, such as "s += e".

    Raises
    ------
    UnsupportedAliasError
        If `value` is an array, a list or anything else that can be changed in place.

    Examples
    --------
    >>> check_not_array(1.5, "s += e")
    """
    if not hasattr(value, "__iadd__") and not hasattr(value, "__ior__"):
        return
    name, symbol, operand = statement.split(" ", 2)
    operand = f"({operand})" if " " in operand else operand
    raise UnsupportedAliasError(
        f"`{statement}` changes in place a value ({type(value).__name__}) that has another name",
        why="the other name sees the change, and the derivative would be wrong without any sign",
        instead=f"{name} = {name} {symbol[:-1]} {operand}",
    )
