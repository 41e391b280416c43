"""What `read_source` finds behind a function, and what it refuses."""

import ast
import functools
import importlib.util
import linecache
import math
import os
import subprocess
import sys
import textwrap

import gast
import numpy as np
import pytest

from knetsrc.errors import SourceNotFoundError, UnsupportedSyntaxError
from knetsrc.transform import tree
from knetsrc.transform.source import read_source

SCALE = 3.0


def plain(x, scale=2.0, *rest, offset=1.0, **options):
    """Doc.

    More.
    """
    return SCALE * x * scale + offset


def same(function):
    return function


def twice(function):
    @functools.wraps(function)
    def wrapper(*args):
        return 2 * function(*args)

    return wrapper


@same
@functools.cache
def decorated(x):
    return x + 1


@twice
def doubled(x):
    return x


class Model:
    __w = 2.0

    @twice
    def wrapped(self, x):
        return x

    def loss(self, x):
        def inner(y):
            return y * self.__w

        return inner(x) + self.__dict__.get("b", 0)

    def __call__(self, x):
        return self.loss(x)

    @staticmethod
    def free(x):
        return x * 2

    @classmethod
    def of_class(cls, x):
        return x * 3

    def parent(self, x):
        return super().__init__() or x

    square = lambda self, x: x**2  # noqa: E731


def made_inner(k):
    def inner(x):
        return x * k + unset

    if k is None:
        unset = 0
    return inner


def module_from(folder, text, name="user_model"):
    path = folder / f"{name}.py"
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def message(kind, function):
    with pytest.raises(kind) as caught:
        read_source(function)
    return str(caught.value)


def kinds(source, name):
    return source.is_closure(name), source.is_global(name), source.is_builtin(name)


def shown(source):
    return tree.show(source.tree)


# --- what is found --------------------------------------------------------------------------------
def test_function():
    source = read_source(plain)
    assert source.function is plain
    assert source.owner == ()
    assert source.name == source.tree.name == "plain"
    assert source.module_name == __name__
    assert source.defaults == {"scale": 2.0, "offset": 1.0}
    assert source.text.startswith("def plain(x, scale=2.0, *rest, offset=1.0, **options):\n    ")
    assert source.text.endswith("    return SCALE * x * scale + offset")
    assert isinstance(source.tree, gast.FunctionDef)


def test_decorators_are_removed():
    source = read_source(decorated)
    assert source.text == "def decorated(x):\n    return x + 1"
    assert source.tree.decorator_list == []
    assert source.tree.lineno == source.function.__code__.co_firstlineno + 2


def test_wrapper_of_a_decorator_is_read_itself():
    assert read_source(doubled).tree.name == "wrapper"
    assert read_source(doubled).resolve("function")(1) == 1


def test_methods():
    model = Model()
    source = read_source(model.loss)
    assert source.function is Model.loss
    assert source.owner == (model,)
    assert source.text.startswith("def loss(self, x):\n    def inner(y):\n")
    assert read_source(model.free).owner == ()
    assert read_source(Model.of_class).owner == (Model,)
    assert read_source(Model.__dict__["free"]).name == "free"
    assert read_source(model.parent).closure_names == ("__class__",)
    assert read_source(model.square).owner == (model,)
    assert read_source(model.wrapped).owner == (model,)


def test_callable_object():
    model = Model()
    source = read_source(model)
    assert (source.function, source.owner) == (Model.__call__, (model,))


def test_private_names_are_those_outside_of_the_class():
    assert "self._Model__w" in shown(read_source(Model.loss))
    assert "self.__dict__" in shown(read_source(Model.loss))


def test_numba_function():
    numba = pytest.importorskip("numba")
    assert read_source(numba.njit(plain)).function is plain


# --- lambdas --------------------------------------------------------------------------------------
def test_lambda():
    k = 2
    source = read_source(lambda x, n=3: x**n + k)
    assert source.name == source.tree.name == "lambda_"
    assert source.text == "lambda x, n=3: x**n + k"
    assert shown(source) == "def lambda_(x, n=3):\n    return x ** n + k"
    assert source.resolve("k") == 2
    assert source.defaults == {"n": 3}


def test_lambdas_on_one_line():
    f, g, h = lambda x: x + 1, lambda x: x * 1, lambda x: (lambda y: x + y)  # fmt: skip
    assert [read_source(v).text for v in (f, g, h)] == [
        "lambda x: x + 1",
        "lambda x: x * 1",
        "lambda x: (lambda y: x + y)",
    ]
    assert read_source(h(1)).text == "lambda y: x + y"


def test_lambdas_on_one_line_that_differ_in_a_number_only():
    made = [lambda x: x * 1, lambda x: x * 1.0, lambda x: x * True, lambda x: x * 1]  # fmt: skip
    texts = ["lambda x: x * 1", "lambda x: x * 1.0", "lambda x: x * True", "lambda x: x * 1"]
    sources = [read_source(f) for f in made]
    assert [s.text for s in sources] == texts
    assert len({s.tree.col_offset for s in sources}) == 4


def test_lambdas_on_one_line_without_positions(tmp_path):
    path = tmp_path / "lambdas.py"
    path.write_text(
        "from knetsrc.transform.source import read_source\n"
        "f, g = lambda x: x + 1, lambda x: x + 1.0\n"
        "print(read_source(f).text, read_source(g).text)\n"
    )
    folder = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    command = [sys.executable, "-X", "no_debug_ranges", str(path)]
    environment = os.environ | {"PYTHONPATH": folder}
    run = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert run.stdout == "lambda x: x + 1 lambda x: x + 1.0\n"


def test_lambda_over_several_lines():
    function = same(
        lambda x: (
            x
            + 1
        ),
    )  # fmt: skip
    assert shown(read_source(function)) == "def lambda_(x):\n    return x + 1"


# --- positions ------------------------------------------------------------------------------------
def test_positions_are_those_of_the_file():
    source = read_source(Model.loss)
    call = source.tree.body[-1].value.left
    assert source.lines[call.lineno - 1][call.col_offset : call.end_col_offset] == "inner(x)"


def test_columns_count_characters(tmp_path):
    module = module_from(tmp_path, "def f(é):\n    return 'ü' + é.sum()\n")
    source = read_source(module.f)
    value = source.tree.body[0].value.right
    assert source.lines[1][value.col_offset : value.end_col_offset] == "é.sum()"
    assert source.text == "def f(é):\n    return 'ü' + é.sum()"


def test_text_in_a_string_keeps_its_margin(tmp_path):
    module = module_from(
        tmp_path,
        '''
        class A:
            def f(self):
                return """one
          two
                three"""
        ''',
    )
    source = read_source(module.A.f)
    assert source.tree.body[0].value.value == module.A().f() == "one\n  two\n        three"


def test_file_is_shown_from_the_working_directory(tmp_path, monkeypatch):
    module = module_from(tmp_path, "def f(x): return x")
    assert read_source(module.f).filename == str(tmp_path / "user_model.py")
    monkeypatch.chdir(tmp_path)
    assert read_source(module.f).filename == "user_model.py"


# --- names ----------------------------------------------------------------------------------------
def test_names_are_resolved_now(monkeypatch):
    source = read_source(plain)
    assert source.resolve("SCALE") == 3.0
    monkeypatch.setitem(globals(), "SCALE", 4.0)
    assert source.resolve("SCALE") == 4.0
    monkeypatch.setitem(globals(), "len", "mine")
    assert source.resolve("len") == "mine"


def test_closure_comes_before_globals(monkeypatch):
    monkeypatch.setitem(globals(), "k", "global")
    source = read_source(made_inner(5))
    assert source.resolve("k") == 5
    assert source.closure_names == ("k", "unset")
    assert kinds(source, "k") == (True, False, False)


def test_kinds_of_names():
    source = read_source(plain)
    assert kinds(source, "np") == (False, True, False)
    assert kinds(source, "abs") == (False, False, True)
    assert kinds(source, "nowhere") == (False, False, False)


def test_unbound_names():
    with pytest.raises(NameError) as caught:
        read_source(plain).resolve("nowhere")
    assert str(caught.value) == "name 'nowhere' is not defined"
    with pytest.raises(NameError) as caught:
        read_source(made_inner(1)).resolve("unset")
    assert str(caught.value) == "name 'unset' is not bound yet in the function around 'inner'"


def test_changed_default_is_seen():
    def f(x, n=1):
        return x * n

    source = read_source(f)
    f.__defaults__ = (2,)
    assert source.defaults == {"n": 2}


# --- where the text comes from --------------------------------------------------------------------
def test_function_of_exec_with_an_entry_in_linecache():
    text = "def f(x):\n    return x * 2\n"
    space = {"__name__": "made"}
    exec(compile(text, "<made 1>", "exec"), space)
    linecache.cache["<made 1>"] = (len(text), None, text.splitlines(keepends=True), "<made 1>")
    source = read_source(space["f"])
    assert (source.text, source.filename, source.module_name) == (text.strip(), "<made 1>", "made")


def test_function_in_a_module_with_future_annotations(tmp_path):
    text = "def f(x):\n    def g(z: int): return z\n    return g(x)"
    module = module_from(tmp_path, "from __future__ import annotations\n" + text)
    assert read_source(module.f).text == text


@pytest.mark.parametrize(
    "text",
    [
        "def f(x, n):\n    return f(x, n - 1) if n else x\n",
        "class A:\n    def f(self, x):\n        return A().f(x)\nf = A.f\n",
        "def g():\n class A:\n  def f(self, x):\n   return A().f(x)\n return A\nf = g().f\n",
        "def g():\n    def f(x):\n        return f(x - 1)\n    return f\nf = g()\n",
        "class A:\n    def __f(self, x):\n        return self.__f(x)\n    f = __f\nf = A.f\n",
        "def f(x):\n    import math\n    return math.sin(x)\n",
        "import math\ndef f(x):\n    return math.sin(x)\n",
        "def f(x, *, k=lambda y: y):\n    return (lambda y: y + 1)(x)\n",
        "f = same(lambda x, k=lambda y: y: k(x))\n",
    ],
)
def test_code_is_recognised(tmp_path, text):
    module = module_from(tmp_path, "def same(x):\n    return x\n" + text)
    assert read_source(module.f).name in ("f", "__f", "lambda_")


def test_cell_that_is_run_statement_by_statement():
    text = "import numpy as np\ndef f(x):\n    return np.sum(x) + np.max(x)\n"
    space = {}
    for node in ast.parse(text).body:
        exec(compile(ast.Module([node], []), "<cell 1>", "exec"), space)
    linecache.cache["<cell 1>"] = (len(text), None, text.splitlines(keepends=True), "<cell 1>")
    assert read_source(space["f"]).name == "f"


def test_function_with_an_assert_that_pytest_rewrites():
    def f(x):
        assert x > 0, "positive"
        return x * 0.5

    assert "assert x > 0" in read_source(f).text


@pytest.mark.skipif(sys.version_info < (3, 12), reason="a syntax error before Python 3.12")
def test_generic_function(tmp_path):
    text = "def f[T](x: T) -> list[T]:\n    y: T = x\n    return list[T]([y])\n"
    assert read_source(module_from(tmp_path, text).f).text == text.strip()


def test_edited_file_is_refused(tmp_path):
    module = module_from(tmp_path, "def f(x):\n    return x * 2\n")
    assert read_source(module.f).text == "def f(x):\n    return x * 2"
    path = tmp_path / "user_model.py"
    path.write_text("def f(x):\n    return x * 3.25\n")
    assert message(SourceNotFoundError, module.f) == (
        "the source of `f` has changed since it was imported\n"
        f"  why:      what {path} says now is not what runs\n"
        "  instead:  import the module again, or start Python again"
    )


@pytest.mark.parametrize(
    "text",
    [
        "def f(x):\n    return x + 1\n",
        "def f(x):\n    return x - 2\n",
        "def g(x):\n    return x + 2\n",
        "\ndef f(x):\n    return x + 2\n",
        "def f(y):\n    return y + 2\n",
        "def f(x):\n    return x +\n",
        "",
    ],
)
def test_every_edit_is_noticed(tmp_path, text):
    module = module_from(tmp_path, "def f(x):\n    return x + 2\n")
    path = tmp_path / "user_model.py"
    path.write_text(text + "# longer\n" * 5)
    assert "has changed since it was imported" in message(SourceNotFoundError, module.f)


def test_edit_elsewhere_is_no_matter(tmp_path):
    module = module_from(tmp_path, "def f(x):\n    return x + 2\n")
    (tmp_path / "user_model.py").write_text("def f(x):\n    return x + 2\n\n\ny = 1\n")
    assert read_source(module.f).name == "f"


def test_long_chain_of_operations(tmp_path):
    module = module_from(tmp_path, "def f(x):\n    return " + " + ".join(["x"] * 500) + "\n")
    assert read_source(module.f).tree.body[0].value.right.id == "x"


# --- what is refused ------------------------------------------------------------------------------
def test_exec_without_a_file():
    space = {}
    exec("def f(x): return x", space)
    assert message(SourceNotFoundError, space["f"]) == (
        "no source for `f`\n"
        "  why:      it was typed at a bare prompt or made by exec\n"
        "  instead:  put it in a file and import it; a notebook or IPython keeps the source as well"
    )


def test_missing_file(tmp_path):
    module = module_from(tmp_path, "def f(x): return x")
    (tmp_path / "user_model.py").unlink()
    assert message(SourceNotFoundError, module.f) == (
        "no source for `f`\n"
        f"  why:      the file {tmp_path / 'user_model.py'} is not there\n"
        "  instead:  put the file where Python found it"
    )


@pytest.mark.parametrize(
    ("function", "name"),
    [(math.sin, "sin"), (np.sin, "sin"), (len, "len"), ([].append, "list.append"), (3, "int")],
)
def test_not_python(function, name):
    assert message(SourceNotFoundError, function) == (
        f"no source for `{name}`\n"
        "  why:      it is not written in Python\n"
        "  instead:  call it in a function of your own: `lambda x: f(x)`"
    )


def test_partial():
    assert message(SourceNotFoundError, functools.partial(plain, 1)) == (
        "no source for `plain`\n"
        "  why:      it is a `functools.partial`: some of its arguments are already given\n"
        "  instead:  write a lambda that calls the function: `lambda x: f(x, a)`"
    )


def test_class():
    assert message(SourceNotFoundError, Model) == (
        "no source for `Model`\n"
        "  why:      it is a class\n"
        "  instead:  write a function that makes the object and computes with it"
    )


def test_generator(tmp_path, monkeypatch):
    module = module_from(tmp_path, "def loss(x, w):\n    for y in x:\n        yield y * w\n")
    monkeypatch.chdir(tmp_path)
    assert message(UnsupportedSyntaxError, module.loss) == (
        "`yield` in a differentiated function\n"
        "  user_model.py:3, in loss\n"
        "   3 |     yield y * w\n"
        "     |     ^^^^^^^^^^^\n"
        "  why:      a generator stops between values; the backward sweep needs the whole run\n"
        "  instead:  append the values to a list and return the list"
    )


def test_coroutine(tmp_path, monkeypatch):
    module = module_from(tmp_path, "async def loss(x):\n    return await x\n")
    monkeypatch.chdir(tmp_path)
    assert message(UnsupportedSyntaxError, module.loss) == (
        "`async` in a differentiated function\n"
        "  user_model.py:1, in loss\n"
        "   1 |     async def loss(x):\n"
        "     |     ^^^^^^^^^^^^^^^^^^\n"
        "  why:      a coroutine stops between steps; the backward sweep needs the whole run\n"
        "  instead:  compute in a plain function and await around it"
    )


# --- many functions -------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "name", ["textwrap", "argparse", "functools", "statistics", "numpy.linalg"]
)
def test_every_function_of_a_module_is_found(name):
    module = importlib.import_module(name)
    places = [module, *(v for v in vars(module).values() if isinstance(v, type))]
    for function in [v for place in places for v in vars(place).values()]:
        is_own = type(function) is type(same) and "<" not in function.__code__.co_filename
        if is_own and not function.__code__.co_flags & 0x220:  # generators and coroutines
            assert read_source(function).tree.args is not None
