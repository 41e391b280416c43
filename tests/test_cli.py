"""The command line, as a shell sees it: output, errors in one line, exit status."""

import runpy
import subprocess
import sys

import pytest

from helpers import processes
from knetsrc import __version__, cli

MODEL = """
import numpy as np
from knetsrc import grad
from knetsrc.errors import KnetsrcError

def loss(w, x, n=2):
    return np.sum((w * x) ** n)

@grad(wrt="x")
def decorated(w, x):
    return np.sum(w * x)

def generator(x):
    yield x

def kinked(x):
    return np.sum(np.abs(x))

class Model:
    def loss(self, x):
        return x * x
"""


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run a command in a folder that has model.py: exit status, output, errors."""
    (tmp_path / "model.py").write_text(MODEL)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "model", raising=False)

    def run(*args):
        try:
            status = cli.main(args)
        except SystemExit as stop:
            status = stop.code
        return status, *capsys.readouterr()

    yield run
    sys.modules.pop("model", None)


def test_show_prints_primal_and_gradient(run):
    status, out, errors = run("show", "model:loss")
    assert (status, errors) == (0, "")
    assert out.startswith("def loss(w, x, n=2):\n")
    assert "def loss_grad(w, x, n=2):" in out


def test_show_with_parameters(run):
    _, out, _ = run("show", "model:loss", "--wrt", "x,w", "--kind", "value_and_grad")
    assert "def loss_value_and_grad(w, x, n=2):" in out
    assert "d_x" in out


def test_script_file_in_place_of_a_module(run):
    assert run("show", "model.py:loss") == run("show", "model:loss")


def test_decorated_function_keeps_its_options(run):
    _, out, _ = run("show", "model:decorated")
    assert "with respect to `x`" in out


def test_dump_writes_a_module(run, tmp_path):
    status, out, _ = run("dump", "model:loss", "-o", "loss_grad.py")
    assert (status, out) == (0, "")
    assert "loss_grad" in runpy.run_path(str(tmp_path / "loss_grad.py"))


def test_dump_to_standard_output(run):
    run("dump", "model:loss", "-o", "loss_grad.py")
    _, out, _ = run("dump", "model:loss", "-o", "-")
    with open("loss_grad.py") as file:
        assert out == file.read()


def test_check_of_a_right_gradient(run):
    status, out, _ = run("check", "model:loss", "--args", "np.array([1.0, 2.0]), np.ones(2), n=3")
    assert (status, out) == (0, "model:loss: gradient and finite differences agree\n")


def test_check_of_a_gradient_that_differences_deny(run):
    status, _, errors = run("check", "model:kinked", "--args", "np.array([1.0, 1e-7])")
    assert status == 1
    assert errors.startswith("knetsrc: the gradient of kinked with respect to x[1] is ")
    assert errors.count("\n") == 1


def test_function_that_cannot_be_differentiated(run):
    status, out, errors = run("show", "model:generator")
    assert (status, out) == (1, "")
    assert errors.startswith("knetsrc: model.py:14: `yield` in a differentiated function (")
    assert errors.count("\n") == 1


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("model", "'model' is not of the form MODULE:FUNCTION or FILE.py:FUNCTION"),
        ("nowhere:loss", "no module named 'nowhere'"),
        ("nowhere.py:loss", "nowhere.py: no such file"),
        ("model:nothing", "model has no 'nothing'"),
        ("model:Model.nothing", "model has no 'Model.nothing'"),
    ],
)
def test_function_that_is_not_there(run, function, message):
    assert run("show", function) == (2, "", f"knetsrc: {message}\n")


def test_module_that_fails_when_it_is_imported(run, tmp_path):
    (tmp_path / "broken.py").write_text("1 / 0\n")
    expected = "knetsrc: cannot import broken.py: ZeroDivisionError: division by zero\n"
    assert run("show", "broken.py:loss") == (1, "", expected)


def test_unknown_parameter(run):
    status, _, errors = run("show", "model:loss", "--wrt", "z")
    assert status == 1
    assert "wrt='z' is not a parameter of `loss`" in errors


def test_arguments_that_are_no_expression(run):
    status, _, errors = run("check", "model:loss", "--args", "np.ones(")
    assert status == 2
    assert errors.startswith("knetsrc: --args 'np.ones(': SyntaxError")


@pytest.mark.parametrize(
    "args", [(), ("fly",), ("show",), ("dump", "model:loss"), ("cache", "eat")]
)
def test_wrong_usage(run, args):
    status, out, errors = run(*args)
    assert (status, out) == (2, "")
    assert errors.startswith("usage: knetsrc")


def test_folder_that_cannot_be_written_to(run):
    status, _, errors = run("dump", "model:loss", "-o", "nowhere/loss_grad.py")
    assert (status, errors) == (1, "knetsrc: nowhere/loss_grad.py: No such file or directory\n")


def test_rules_lists_what_is_covered(run):
    status, out, _ = run("rules")
    assert status == 0
    assert "np.exp" in out
    assert "np.floor" in out


def test_cache_dir_and_clear(run, cache_folder):
    assert run("cache", "dir") == (0, f"{cache_folder}\n", "")
    run("dump", "model:loss", "-o", "-")
    assert run("cache", "clear") == (0, f"1 generated modules deleted from {cache_folder}\n", "")


def test_version(run):
    assert run("--version") == (0, f"knetsrc {__version__}\n", "")


def test_module_is_a_command(tmp_path):
    (tmp_path / "model.py").write_text(MODEL)
    out = subprocess.run(
        [sys.executable, "-m", "knetsrc", "show", "model:loss"],
        cwd=tmp_path,
        env=processes.environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert "def loss_grad" in out.stdout


def test_closed_pipe_is_no_error(tmp_path):
    code = "import sys; from knetsrc.cli import main; sys.exit(main(['rules']))"
    process = processes.start(code, cwd=tmp_path)
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait() == 0
