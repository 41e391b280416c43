"""Writes the generated gradient into README.md, after the function that it is the gradient of.

python docs/make_readme.py            writes it
"""

import importlib.util
import re
import sys
import tempfile
from pathlib import Path
from types import ModuleType

README = Path(__file__).parents[1] / "README.md"


def block(text: str, title: str) -> re.Match[str]:
    """The Python code under the comment `title`."""
    found = re.search(rf"<!-- {title} -->\n```python\n(.*?)```", text, flags=re.S)
    assert found, f"{README} has no code for {title!r}"
    return found


def updated(text: str) -> str:
    """The readme with the gradient as it is generated now."""
    with tempfile.TemporaryDirectory() as folder:
        source = loaded(block(text, "primal")[1], Path(folder) / "model.py").loss.source
    start, end = block(text, "gradient").span(1)
    return text[:start] + re.sub(r"\(\S*model\.py", "(model.py", source) + text[end:]


def loaded(code: str, path: Path) -> ModuleType:
    """The module with this code, in a file."""
    path.write_text(code, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    README.write_text(updated(README.read_text(encoding="utf-8")), encoding="utf-8")
