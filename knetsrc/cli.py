"""The command line: show, dump and check gradients, list the rules, clear the cache.

    knetsrc show model:loss --wrt w
    knetsrc dump examples/model.py:loss -o loss_grad.py
    knetsrc check model:loss --args 'np.ones(3), 2.0'

Exit status: 0 if all is well, 1 if a check failed or a function cannot be differentiated, 2 for
wrong usage.
"""

import argparse
import importlib
import importlib.util
import os
import sys
from collections.abc import Callable, Sequence
from operator import itemgetter
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from knetsrc import __version__, cache
from knetsrc.errors import KnetsrcError
from knetsrc.gradient import Gradient

KINDS = ("grad", "value_and_grad")


class CommandError(Exception):
    """A command that cannot be done, with its exit status."""

    def __init__(self, message: str, status: int = 2) -> None:
        super().__init__(message)
        self.status = status


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    argv
        Arguments, those of the process by default.

    Returns
    -------
    int
        The exit status.
    """
    options = _parser().parse_args(argv)
    try:
        status = int(options.run(options))
        sys.stdout.flush()
        return status
    except CommandError as error:
        return _failed(str(error), error.status)
    except KnetsrcError as error:
        return _failed(in_one_line(error), 1)
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        return _failed(f"{error.filename}: {error.strerror}" if error.filename else str(error), 1)
    except KeyboardInterrupt:
        return 130


def in_one_line(error: KnetsrcError) -> str:
    """The message with its place, reason and advice, without line breaks."""
    place = f"{error.place[0]}:{error.place[2]}: " if error.place else ""
    advice = f" ({error.why}; instead: {error.instead})" if error.why and error.instead else ""
    return " ".join(f"{place}{error.message}{advice}".split())


def _failed(text: str, status: int) -> int:
    print(f"knetsrc: {text}", file=sys.stderr)
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "knetsrc", description="Gradients of plain NumPy functions, as source."
    )
    parser.add_argument("--version", action="version", version=f"knetsrc {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for run, text in (
        (show, "print a function and its gradient"),
        (dump, "write the gradient to a file"),
    ):
        command = _command(commands, run, text)
        _add_function(command)
        command.add_argument(
            "--kind", choices=KINDS, default="grad", help="what it returns (default: grad)"
        )
    command.add_argument(
        "-o", "--output", metavar="FILE", required=True, help="file to write, - for standard output"
    )
    command = _command(commands, check, "compare the gradient with finite differences")
    _add_function(command)
    command.add_argument(
        "--args", required=True, metavar="EXPR", help="arguments, as in a call; `np` is NumPy"
    )
    command.add_argument(
        "--order", type=int, default=1, help="highest order of derivative (default: 1)"
    )
    _command(commands, rules, "list the functions that have a derivative rule")
    command = _command(commands, clean, "the folder of generated files", name="cache")
    command.add_argument("action", choices=("clear", "dir"))
    return parser


def _command(
    commands: Any, run: Callable[..., int], text: str, name: str = ""
) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(
        name or run.__name__, help=text, description=text
    )
    command.set_defaults(run=run)
    return command


def _add_function(command: argparse.ArgumentParser) -> None:
    command.add_argument("function", metavar="MODULE:FUNCTION", help="or FILE.py:FUNCTION")
    command.add_argument(
        "--wrt", metavar="NAME,...", help="parameters to differentiate by (default: the first)"
    )


def show(options: argparse.Namespace) -> int:
    """Print primal and gradient, highlighted on a terminal."""
    from knetsrc.notebook import primal_source

    gradient = _gradient(options)
    text = f"{primal_source(gradient)}\n\n\n{gradient.source}"
    if sys.stdout.isatty():
        from rich.syntax import Syntax

        _print(Syntax(text, "python", theme="ansi_dark", background_color="default"))
    else:
        sys.stdout.write(text)
    return 0


def dump(options: argparse.Namespace) -> int:
    """Write the generated module."""
    gradient = _gradient(options)
    if options.output == "-":
        sys.stdout.write(gradient.source)
    else:
        gradient.dump(options.output)
    return 0


def check(options: argparse.Namespace) -> int:
    """Compare with finite differences."""
    from knetsrc.testing import check_grads

    gradient = _gradient(options)
    args, kwargs = _arguments(options.args, gradient.primal)
    numbers = [i - len(gradient._first) for i in gradient._runner.request.wrt]
    try:
        check_grads(gradient.primal, args, numbers, options.order, kwargs=kwargs)
    except AssertionError as error:
        return _failed(" ".join(str(error).split()), 1)
    print(f"{options.function}: gradient and finite differences agree")
    return 0


def rules(options: argparse.Namespace) -> int:
    """Print the table of derivative rules."""
    from rich.table import Table

    from knetsrc.adjoints import TABLE

    table = Table("function", "as a method", "differentiated by", "rule", box=None, pad_edge=False)
    found = sorted(((_spelled(rule.primitives[0]), rule) for rule in TABLE), key=itemgetter(0))
    public = [rule for name, rule in found if not name.startswith("knetsrc.backends.")]
    for rule in public:
        methods = [f".{name}()" for name in rule.methods] + [f".{name}" for name in rule.attributes]
        names = ", ".join(dict.fromkeys(map(_spelled, rule.primitives)))
        home = rule.function.__module__
        table.add_row(names, ", ".join(methods), ", ".join(rule.operands), home)
    _print(table)
    constants = sorted({_spelled(function) for function in TABLE.constants})
    print(f"\n{len(public)} rules. Without derivative: {', '.join(constants)}")
    return 0


def _print(renderable: Any) -> None:
    from rich.console import Console

    console = Console(width=None if sys.stdout.isatty() else 160)
    with console.capture() as capture:
        console.print(renderable)
    sys.stdout.write(capture.get())  # by ourselves: rich ends the process when the pipe is closed


def clean(options: argparse.Namespace) -> int:
    """Print or empty the folder of generated files."""
    if options.action == "dir":
        print(cache.preferred_folder())
    else:
        print(f"{cache.clear()} generated modules deleted from {cache.preferred_folder()}")
    return 0


def _spelled(function: Any) -> str:
    home = getattr(function, "__module__", None) or "numpy"
    name = str(getattr(function, "__qualname__", None) or getattr(function, "__name__", function))
    return name if home == "builtins" else f"{home.lstrip('_').replace('numpy', 'np')}.{name}"


def _gradient(options: argparse.Namespace) -> Gradient:
    found = _resolved(options.function)
    kind = getattr(options, "kind", "grad")
    if isinstance(found, Gradient) and not options.wrt:
        return found if kind == found._runner.request.kind else found.as_kind(kind)
    primal = found.primal if isinstance(found, Gradient) else found
    names = tuple(options.wrt.split(",")) if options.wrt else None
    return Gradient(primal, wrt=names[0] if names and len(names) == 1 else names, kind=kind)


def _resolved(text: str) -> Any:
    place, _, name = text.rpartition(":")
    if not place or not name:
        raise CommandError(f"{text!r} is not of the form MODULE:FUNCTION or FILE.py:FUNCTION")
    try:
        found: Any = _from_file(Path(place)) if place.endswith(".py") else _from_path(place)
    except (KnetsrcError, CommandError):
        raise
    except Exception as error:  # whatever the user's module does when it is imported
        raise CommandError(f"cannot import {place}: {type(error).__name__}: {error}", 1) from error
    for part in name.split("."):
        if not hasattr(found, part):
            raise CommandError(f"{place} has no {name!r}")
        found = getattr(found, part)
    return found


def _from_path(name: str) -> ModuleType:
    if "" not in sys.path and os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        found = importlib.util.find_spec(name)
    except (ImportError, ValueError) as error:
        raise CommandError(f"no module named {name!r} ({error})") from None
    if found is None:
        raise CommandError(f"no module named {name!r}")
    return importlib.import_module(name)


def _from_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise CommandError(f"{path}: no such file")
    sys.path.insert(0, str(path.resolve().parent))
    spec = importlib.util.spec_from_file_location(path.stem, path.resolve())
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def _arguments(expression: str, primal: Any) -> tuple[list[Any], dict[str, Any]]:
    names = {**getattr(sys.modules.get(primal.__module__), "__dict__", {}), "np": np}
    try:
        names["_given_"] = lambda *args, **kwargs: (list(args), kwargs)
        given: tuple[list[Any], dict[str, Any]] = eval(f"_given_({expression})", names)
    except Exception as error:
        raise CommandError(f"--args {expression!r}: {type(error).__name__}: {error}") from None
    return given
