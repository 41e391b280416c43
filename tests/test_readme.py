"""The readme and the gallery: the quick start runs, and the gradient in it is the one that is generated."""

import importlib.util
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")


def loaded(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


make_readme = loaded(ROOT / "docs/make_readme.py")
make_gallery = loaded(ROOT / "docs/make_gallery.py")


@pytest.mark.parametrize("page", make_readme.PAGES, ids=lambda page: page.name)
def test_gradient_is_what_is_generated(page):
    text = page.read_text(encoding="utf-8")
    assert make_readme.updated(text) == text, "run: make pages"


def test_gallery_is_what_is_generated():
    page = make_gallery.PAGE.read_text(encoding="utf-8")
    assert make_gallery.updated(page) == page, "run: make pages"
    assert page.count("_value_and_grad(") == 3


def test_quick_start_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "quick_start.py"
    path.write_text(make_readme.block(TEXT, "quick start")[1], encoding="utf-8")
    module = loaded(path)
    assert [d.shape for d in module.dw] == [w.shape for w in module.w]
    assert "def loss_grad(w, x, y):" in capsys.readouterr().out
    assert (tmp_path / "loss_grad.py").is_file()


def test_refusal_is_what_is_raised():
    path = ROOT / "tests/refused/element_write.py"
    assert (
        path.read_text(encoding="utf-8").split('"""')[1].strip().splitlines()[2:]
        == (re.search(r"```\n(UnsupportedAliasError.*?)```", TEXT, flags=re.S)[1].splitlines()[2:])
    )


@pytest.mark.parametrize("name", re.findall(r"^make (\w+)", TEXT, flags=re.M))
def test_command_is_there(name):
    assert re.search(rf"^{name}:", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.M)


@pytest.mark.parametrize("link", re.findall(r"\]\(([\w./]+)", TEXT))
def test_link_leads_somewhere(link):
    assert (ROOT / link).exists()
