"""What the documentation says is so: its tables are current, and what it names is there."""

import ast
import functools
import importlib.util
import re
import sys
from pathlib import Path

import pytest

from helpers import processes
from knetsrc.adjoints import TABLE

ROOT = Path(__file__).parents[1]


def loaded_generator():
    spec = importlib.util.spec_from_file_location("make_language", ROOT / "docs/make_language.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


make_language = loaded_generator()
PAGE = (ROOT / "docs/language.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (.*) \| (works|refused) \| (.*) \|$", PAGE, flags=re.M)
GAPS = list(make_language.gaps())
CONSTRUCTS = [row for row in ROWS if row[2].startswith("`tests/") and row not in GAPS]


@functools.cache
def functions_of(path):
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    return {node.name: node for node in nodes if isinstance(node, ast.FunctionDef)}


def test_language_page_is_what_the_script_writes():
    assert make_language.page() == PAGE, "run: python docs/make_language.py"


@pytest.mark.parametrize("row", CONSTRUCTS, ids=lambda row: row[0])
def test_named_test_is_there(row):
    _, status, test = row
    path, _, name = test.strip("`").partition("::")
    assert (ROOT / path).is_file()
    assert name or (status, Path(path).parent.name) == ("refused", "refused")
    assert not name or name in functions_of(ROOT / path)


@pytest.mark.parametrize("row", CONSTRUCTS, ids=lambda row: row[0])
def test_status_is_what_the_test_holds(row):
    _, status, test = row
    path, _, name = test.strip("`").partition("::")
    if name:
        text = ast.unparse(functions_of(ROOT / path)[name])
        is_refused = re.search(r"UnsupportedAliasError|refused\(|refused_or_right\(", text)
        assert bool(is_refused) == (status == "refused")
        assert "xfail" not in text


@pytest.mark.parametrize("name", make_language.asked_for())
def test_function_is_on_the_page(name):
    assert f"`{name}`" in PAGE


@pytest.mark.parametrize("rule", list(TABLE), ids=str)
def test_rule_is_on_the_page(rule):
    names = make_language.names_of(rule)
    assert not names or f"| {', '.join(f'`{n}`' for n in names)} | works | `{rule}` |" in PAGE


@pytest.mark.parametrize("path", sorted((ROOT / "docs").glob("*.md")), ids=lambda path: path.name)
def test_paths_of_the_package_are_there(path):
    text = path.read_text(encoding="utf-8")
    for found in re.findall(
        r"`((?:knetsrc|tests|docs|examples|transform|adjoints|backends)/[\w/.]*)`", text
    ):
        assert any((place / found).exists() for place in (ROOT, ROOT / "knetsrc")), found


def stages():
    folder = ROOT / "knetsrc/transform"
    paths = [*folder.glob("*.py"), *folder.glob("analysis/*.py")]
    return sorted(
        str(path.relative_to(folder).with_suffix("")) for path in paths if path.stem != "__init__"
    )


@pytest.mark.parametrize("stage", stages())
def test_architecture_names_the_stage(stage):
    assert f"`{stage}`" in (ROOT / "docs/architecture.md").read_text(encoding="utf-8")


def test_rule_of_the_manual_works(tmp_path):
    text = (ROOT / "docs/index.md").read_text(encoding="utf-8")
    code = re.search(r"<!-- own rule -->\n```python\n(.*?)```", text, flags=re.S)[1]
    check = (
        "\nfrom knetsrc.testing import check_grads\n\ncheck_grads(slope, [np.array([-1.0, 2.0])])"
    )
    (tmp_path / "own_rule.py").write_text(code + check, encoding="utf-8")
    source = processes.run("import own_rule\nprint(own_rule.slope.source)", cwd=tmp_path)
    assert "np.exp(x - log1pexp" in source
