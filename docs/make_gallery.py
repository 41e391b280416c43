"""Writes programs of examples/science and their gradients into docs/gallery.md.

python docs/make_gallery.py            writes it
"""

import importlib.util
import inspect
import re
import sys
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "examples/science"
PAGE = ROOT / "docs/gallery.md"
BLOCKS = re.compile(
    r"(<!-- (\w+): ([\w ]+) -->\n```python\n).*?(```\n\n<!-- gradient -->\n```python\n).*?(```\n)",
    re.S,
)


def updated(text: str) -> str:
    """The page with the programs as they are, and their gradients as they are generated now."""
    return BLOCKS.sub(_written, text)


def _written(found: re.Match[str]) -> str:
    """A program and its gradient; the last function that is named is the one that has a gradient."""
    start, name, functions, between, end = found.groups()
    module = loaded(name)
    *helpers, last = functions.split()
    gradient = getattr(module, last)
    sources = [inspect.getsource(getattr(module, helper)) for helper in helpers]
    primal = "\n\n".join([*sources, inspect.getsource(gradient.primal)])
    source = re.sub(r"\(\S*science/", "(", gradient.source)
    return start + primal + between + source + end


def loaded(name: str) -> ModuleType:
    """The module of an example."""
    sys.path.insert(0, str(FOLDER))
    try:
        spec = importlib.util.spec_from_file_location(f"gallery_{name}", FOLDER / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        sys.modules[spec.name] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(FOLDER))
    return module


if __name__ == "__main__":
    PAGE.write_text(updated(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
