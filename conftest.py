"""What every test runs with: a cache folder of its own, and `show_pass` in docstrings."""

import inspect
import os
import tempfile
from collections.abc import Callable
from typing import Any

import pytest

_folder = tempfile.TemporaryDirectory(prefix="knetsrc_tests_")
os.environ["KNETSRC_CACHE"] = os.path.join(_folder.name, "cache")


@pytest.fixture(autouse=True)
def _names_of_docstrings(doctest_namespace: dict[str, Any]) -> None:
    doctest_namespace["show_pass"] = show_pass


def show_pass(rewriting: Callable[..., Any], code: str) -> None:
    """Print `code` as a pass rewrites it; its names are parameters, and active."""
    from knetsrc.transform import tree
    from knetsrc.transform.names import Names

    body = tree.parse(code)
    parameters = ", ".join(sorted(tree.names_read(body)))
    function = tree.parse(f"def f({parameters}):\n    pass")[0]
    function = tree.function_def("f", function.args, body)
    names = Names.of(function)
    given = {"names": names, "active": frozenset(names.taken)}
    wanted = list(inspect.signature(rewriting).parameters)[1:]
    after = rewriting(function, *(given[name] for name in wanted))
    print("\n".join(tree.show(node) for node in after.body))
