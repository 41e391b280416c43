"""Imports point down the pipeline, and generated modules need no transpiler."""

import ast
import pickle
import re
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import numpy as np
import pytest

from helpers import processes
from knetsrc import grad, stop_gradient, vjp

ROOT = Path(__file__).parents[1]
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted((ROOT / "knetsrc").rglob("*.py"))
}
LEAVES = {
    "knetsrc.cache",
    "knetsrc.checkpoints",
    "knetsrc.dicts",
    "knetsrc.errors",
    "knetsrc.modules",
    "knetsrc.objects",
    "knetsrc.ops",
}
MAY_IMPORT = {
    "knetsrc.backends": ("knetsrc.backends", *LEAVES),
    "knetsrc.adjoints": ("knetsrc.adjoints", "knetsrc.backends", *LEAVES),
    "knetsrc.transform": ("knetsrc.transform", "knetsrc.adjoints", *LEAVES),
}
NAMES_OF_HELPERS = {
    ("knetsrc.transform.names", "knetsrc.backends"),
    ("knetsrc.transform.units", "knetsrc.backends"),
}
WARM = ("arguments", "bindings", "cache", "callee", "gradient", "request", "runner", "structure")
WITHOUT_TRANSPILER = """
import sys
from importlib.abc import MetaPathFinder

class Refusing(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.startswith(("knetsrc.transform", "knetsrc.pipeline", "knetsrc.adjoints")):
            raise ImportError(name)

sys.meta_path.insert(0, Refusing())
"""
RUN_DUMPED = """
import pickle
import dumped

entry = next(f for name, f in vars(dumped).items() if name.endswith("_grad"))
with open("args", "rb") as args, open("gradient", "wb") as gradient:
    pickle.dump(entry(*pickle.load(args)), gradient)
"""


class Running(ast.NodeTransformer):
    """Leaves out what is there for type checkers only."""

    def visit_If(self, node: ast.If) -> ast.AST | None:
        return None if ast.unparse(node.test) == "TYPE_CHECKING" else self.generic_visit(node)


def imports_of(path: Path, *, at_the_top: bool = False) -> Iterator[str]:
    """The modules of the package that a file imports."""
    tree = Running().visit(ast.parse(path.read_text(encoding="utf-8")))
    for node in tree.body if at_the_top else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith("knetsrc"))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("knetsrc"):
            whole = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name if name in MODULES else str(node.module) for name in whole)


@pytest.mark.parametrize("folder", MAY_IMPORT)
def test_folder_imports_what_is_below_it(folder):
    found = {
        (name, imported)
        for name, path in MODULES.items()
        if name.startswith(folder)
        for imported in imports_of(path)
        if not imported.startswith(MAY_IMPORT[folder])
    }
    assert found <= NAMES_OF_HELPERS


def test_imports_have_no_cycle():
    graph = {name: set(imports_of(path)) - {name, "knetsrc"} for name, path in MODULES.items()}
    graph.pop("knetsrc")
    order = list(TopologicalSorter(graph).static_order())
    assert order.index("knetsrc.transform.tree") < order.index("knetsrc.transform.units")


@pytest.mark.parametrize("name", WARM)
def test_a_warm_start_imports_no_transpiler(name):
    found = set(imports_of(MODULES[f"knetsrc.{name}"], at_the_top=True))
    assert not any(m.startswith(("knetsrc.transform", "knetsrc.adjoints")) for m in found)
    assert "knetsrc.pipeline" not in found


def test_only_tree_calls_constructors_of_gast():
    for name, path in MODULES.items():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
        made = [c for c in calls if re.match(r"gast\.[A-Z]\w+$", ast.unparse(c.func))]
        assert name == "knetsrc.transform.tree" or not made, (name, ast.unparse(made[0]))


# --- generated modules ----------------------------------------------------------------------------
def regression(w, x, y):
    return np.sum((y - (w[0] @ x + w[1])) ** 2) / y.shape[1]


def layer(x, w):
    return np.maximum(w @ x, 0)


def network(ws, x):
    for w in ws:
        x = layer(x, w)
    return np.sum(x)


def scan(x):
    total, i = 0.0, 0
    while total < 4.0:
        total += x[i % 3] ** 2
        i += 1
    return total * stop_gradient(total)


def gathered(x, index):
    return np.sum(np.concatenate([x[index], x[::-1]]) ** 2)


def solved(a, b):
    return np.sum(np.linalg.solve(a, b)) + np.linalg.norm(a)


A = np.arange(1.0, 10.0).reshape(3, 3) / 7 + np.eye(3)
CALLS = [
    (regression, ([A, np.ones((3, 1))], A + 1.0, A - 1.0)),
    (network, ([A, A.T], A)),
    (scan, (np.array([0.5, 1.0, 0.25]),)),
    (gathered, (A, np.array([0, 0, 2]))),
    (solved, (A, np.ones(3))),
]


@pytest.mark.parametrize(
    ("function", "args"), CALLS, ids=lambda value: getattr(value, "__name__", "")
)
def test_dumped_module_runs_without_the_transpiler(function, args, tmp_path):
    gradient = grad(function)
    gradient.dump(tmp_path / "dumped.py")
    (tmp_path / "args").write_bytes(pickle.dumps(args))
    processes.run(f"{WITHOUT_TRANSPILER}{RUN_DUMPED}", cwd=tmp_path)
    found = pickle.loads((tmp_path / "gradient").read_bytes())
    np.testing.assert_equal(found, gradient(*args))


@pytest.mark.parametrize(
    ("function", "args"), CALLS, ids=lambda value: getattr(value, "__name__", "")
)
def test_generated_module_imports_numpy_and_helpers_only(function, args):
    for text in (grad(function).source, vjp(function, *args)[1].source):
        found = [
            node
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.Import | ast.ImportFrom)
        ]
        names = [
            f"{getattr(node, 'module', '')}.{alias.name}".lstrip(".")
            for node in found
            for alias in node.names
        ]
        assert all(name == "numpy" or name.startswith("knetsrc.backends") for name in names), names
