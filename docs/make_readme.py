"""Writes generated gradients into README.md and checkpointing.md, after the functions that they are of.

python docs/make_readme.py            writes them
"""

import importlib.util
import re
import sys
import tempfile
from pathlib import Path
from types import ModuleType

HERE = Path(__file__).parent
README = HERE.parent / "README.md"
PAGES = (README, HERE / "checkpointing.md")


def block(text: str, title: str) -> re.Match[str]:
    """The Python code under the comment `title`."""
    found = re.search(rf"<!-- {title} -->\n```python\n(.*?)```", text, flags=re.S)
    assert found, f"there is no code for {title!r}"
    return found


def updated(text: str) -> str:
    """A page with its gradient as it is generated now."""
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
    for page in PAGES:
        page.write_text(updated(page.read_text(encoding="utf-8")), encoding="utf-8")
