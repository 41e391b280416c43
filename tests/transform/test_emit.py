"""The text that `emit` writes: how it looks, that it reads back, where its lines come from."""

import ast
import importlib
import inspect
import re
import shutil
import subprocess
import sys
import textwrap

import gast
import pytest

from knetsrc.errors import KnetsrcError
from knetsrc.transform import tree, writer
from knetsrc.transform.emit import emit, emit_with_lines, line_of
from knetsrc.transform.printer import Printer


def emitted(text):
    return emit(gast.parse(textwrap.dedent(text)))


def written(node):
    return emit(tree.module([node]))


# --- one line: astor's parentheses and spaces are gone -------------------------------------------
@pytest.mark.parametrize(
    "line",
    [
        "x[1, :] = 3",
        "x[a, b] += c[..., None]",
        "x[a,]",
        "x[()]",
        "x[1:-1, 2 * h : 3 * h, : h - 1, ::2, i:, a.b : c, :: f(x)]",
        "gates[:, :h]",
        "x[i + 1 :: 2]",
        "a, b = b, a",
        "x, (y, z) = f(x)",
        "a, *b = c",
        "x = (a, b)",
        "x = (a,)",
        "x = y = 0",
        "x += (1, 2)",
        "x: int = 3",
        "(x): int",
        "x.y: int",
        "del x, y[0]",
        "assert x, 'm'",
        "assert (x, y), (1, 2)",
        "raise ValueError('x') from e",
        "global a, b",
        "(y := 3)",
        "f(*args, k=1 if a else 2, **kw)",
        "f(x for x in y)",
        "f(*(a + b))",
        "z = [x + 1 for x in y if x > 0 if not x]",
        "z = {k: v for k, v in d.items()}",
        "z = {x * 2 for (x, y), i in w}",
        "z = [x for x in (a if b else c)]",
        "d = {**(a or b), 'k': 1, (1, 2): x + y, **c}",
        "g = lambda: 0",
        "g = lambda x, *y, k=1: (x, y)",
        "g = (lambda x: x)(1)",
        "a if b else c if d else e",
        "(a if b else c) if d else e",
        "(a < b) < c",
        "a < b < c",
        "a and (b or c) and not d",
        "x @ y.T + (a - (b - c)) * d / (e / f)",
        "-a * b",
        "-(a * b)",
        "~x[i]",
        "not a in b",
        "a[b](c)(d).e[f]",
        "(1).real",
        "(a + b).sum(axis=(0, 1))",
        "print(*a, sep='')",
        "x = [*a, b]",
        "x = ...",
    ],
)
def test_line_is_written_as_a_person_writes_it(line):
    expected = line.replace("'", '"')
    assert emitted(expected) == expected + "\n"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("y = (-2) ** x", "y = (-2) ** x"),
        ("y = -2 ** x", "y = -(2**x)"),
        ("y = (x+1)**2", "y = (x + 1) ** 2"),
        ("y = w[0]**2 + a.b**2", "y = w[0] ** 2 + a.b**2"),
        ("y = 2**-1 * 2**-x", "y = 2**-1 * 2**-x"),
        ("y = (-x)**2", "y = (-x) ** 2"),
        ("y = x**y**z", "y = x ** y**z"),
        ("y = (x**y)**z", "y = (x**y) ** z"),
        ("y = 1e-12", "y = 1e-12"),
        ("y = 0.00001", "y = 1e-5"),
        ("y = 1e16 + 1.5e300", "y = 1e16 + 1.5e300"),
        ("y = 2.0 + 2", "y = 2.0 + 2"),
        ("y = 1e400", 'y = float("inf")'),
        ("y = 3j - 1e-5j", "y = 3j - 1e-5j"),
        ("y = 'a'", 'y = "a"'),
        ('y = "it\'s"', 'y = "it\'s"'),
        ("y = 'say \"x\"'", "y = 'say \"x\"'"),
        ("y = 'a\\n\\'\\\\\"'", 'y = "a\\n\'\\\\\\""'),
        ("y = b'abc'", 'y = b"abc"'),
        ("y = f'{x:.2f} {{}}\\n'", 'y = f"{x:.2f} {{}}\\n"'),
        ("y = f'{x!r:>{w}}'", 'y = f"{x!r:>{w}}"'),
        ("y = f'{d[\"k\"]}'", "y = f\"{d['k']}\""),
        ("return (a, b)", "return a, b"),
        ("return (a,)", "return (a,)"),
        ("x[(1), (2)]", "x[1, 2]"),
    ],
)
def test_operators_numbers_and_strings(given, expected):
    assert emitted(given) == expected + "\n"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (-2, "-2"),
        (-0.5, "-0.5"),
        (-0.0, "-0.0"),
        (float("inf"), 'float("inf")'),
        (float("-inf"), 'float("-inf")'),
        (float("nan"), 'float("nan")'),
        (1 + 2j, "complex(1.0, 2.0)"),
        (-2j, "complex(-0.0, -2.0)"),
        (complex(0, float("inf")), 'complex(0.0, float("inf"))'),
        (True, "True"),
        (None, "None"),
        (b"\x00", 'b"\\x00"'),
        (10**30, "1" + "0" * 30),
    ],
)
def test_constant_without_a_literal_is_spelt_out(value, expected):
    text = written(tree.assign("y", gast.Constant(value, None)))
    assert text == f"y = {expected}\n"
    space = {}
    exec(text, space)
    assert repr(space["y"]) == repr(value)


def test_negative_constant_is_the_base_of_a_power():
    power = tree.binary(gast.Constant(-2, None), "**", tree.name("x"))
    assert written(tree.expression(power)) == "(-2) ** x\n"


# --- statements ----------------------------------------------------------------------------------
def test_compound_statements_keep_their_shape():
    text = textwrap.dedent(
        """\
        for i, x in enumerate(a):
            if x > 0:
                continue
            elif n := f(x):
                y = n
            else:
                break
        else:
            z = 1
        while (n := f(x)) > 3:
            pass
        with open(a) as f, g() as (h, i):
            pass
        try:
            x = 1
        except (A, B) as e:
            raise
        except C:
            pass
        else:
            x = 2
        finally:
            y = 3
        """
    )
    assert emitted(text) == text


def test_function_signature_and_docstring():
    text = textwrap.dedent(
        '''\
        def f(a, b: int = 2, /, c=(1, 2), *rest: float, d: "x" = 4, e, **options) -> "int":
            """First line.

            More, with a \\\\ and \\"""quotes\\""".
            """
            return a
        '''
    )
    assert emitted(text) == text


@pytest.mark.parametrize(
    ("docstring", "lines"),
    [
        ("One line.", ['"""One line."""']),
        ("A.\n\nB.\n    C.", ['"""A.', "", "    B.", "        C.", '    """']),
        ('Ends with "quotes"', ['"""Ends with "quotes\\""""']),
        ("A bell \x07", ['"A bell \\x07"']),
    ],
)
def test_docstring_is_indented_with_its_function(docstring, lines):
    body = [tree.expression(tree.constant(docstring)), tree.pass_()]
    text = written(tree.function_def("f", [], body))
    assert text.splitlines()[1:-1] == ["    " + lines[0], *lines[1:]]


def test_text_inside_a_body_is_not_a_docstring():
    assert emitted("def f():\n    x = 1\n    'text'") == 'def f():\n    x = 1\n    "text"\n'


def test_else_with_if_and_comment_is_not_elif():
    inner = tree.if_(tree.name("b"), [tree.pass_()])
    text = written(tree.if_(tree.name("a"), [tree.pass_()], [tree.comment("why"), inner]))
    assert text == "if a:\n    pass\nelse:\n    # why\n    if b:\n        pass\n"


def test_statement_that_the_writer_does_not_know_is_left_to_python():
    text = "match x:\n    case [1, *rest]:\n        y = rest\n"
    assert emitted(text) == text


# --- comments, empty lines, imports --------------------------------------------------------------
def test_comments_and_empty_lines():
    loop = tree.for_("i", tree.name("n"), [tree.comment("y = f(x)"), *tree.parse("d_x = g(d_y)")])
    body = [tree.blank(), *tree.parse("y = x"), tree.blank(), tree.blank(), loop, tree.blank()]
    text = written(tree.function_def("f", ["x"], body))
    assert (
        text
        == "def f(x):\n    y = x\n\n    for i in n:\n        # y = f(x)\n        d_x = g(d_y)\n"
    )


def test_body_of_comments_gets_a_pass():
    text = written(tree.while_(tree.name("a"), [tree.comment("nothing to do"), tree.blank()]))
    assert text == "while a:\n    # nothing to do\n    pass\n"


def test_comment_stays_with_the_function_below_it():
    body = [*tree.parse("x = 1"), tree.comment("helper"), *tree.parse("def f(): pass\ny = 2")]
    text = emit(tree.module(body))
    assert text == "x = 1\n\n\n# helper\ndef f():\n    pass\n\n\ny = 2\n"


def test_nested_function_has_one_empty_line_around_it():
    text = emitted("def f():\n    x = 1\n    def g(): return x\n    return g")
    assert text == "def f():\n    x = 1\n\n    def g():\n        return x\n\n    return g\n"


def test_imports_are_sorted_below_the_docstring():
    text = emitted(
        """
        'About.'
        def f(): pass
        from knetsrc.backends import unbroadcast
        import numpy as np
        import math
        from __future__ import annotations
        """
    )
    assert text == textwrap.dedent(
        '''\
        """About."""

        from __future__ import annotations

        import math

        import numpy as np
        from knetsrc.backends import unbroadcast


        def f():
            pass
        '''
    )


def test_imports_that_bind_one_name_twice_keep_their_order():
    text = "import z as x\n\nimport a as x\n"
    assert emitted(text).replace("\n\n", "\n") == "import z as x\nimport a as x\n"


def test_long_comment_is_wrapped():
    text = emit(tree.module([tree.comment("d = " + " + ".join(["value"] * 20)), tree.pass_()]))
    first, second, _ = text.splitlines()
    assert first.startswith("# d = value + ")
    assert second.startswith("#     ")
    assert max(map(len, text.splitlines())) < 100


def test_line_of_gives_text_for_comments():
    assert line_of(tree.parse("x=( a,b )[0]")[0]) == "x = (a, b)[0]"
    assert line_of(tree.parse("if  a :\n  x = 1")[0]) == "if a:"
    assert line_of(tree.parse_expression("-2.")) == "-2.0"


# --- long lines ----------------------------------------------------------------------------------
LONG = """\
def gradient(
    first_parameter, second_parameter, third_parameter, fourth_parameter, fifth_parameter, sixth=0
):
    d_first, d_second = (
        np.zeros_like(first_parameter),
        np.zeros_like(second_parameter, dtype=np.float64),
    )
    pred = first_parameter @ second_parameter + np.sum(
        third_parameter * fourth_parameter, axis=(0, 1)
    )
    return pred


def f(x):
    total = (
        d_prediction_of_the_model * learning_rate_of_the_step
        + momentum_of_the_step * d_before
        - weight_decay * x
    )
    gate = np.concatenate(
        [d_input_gate_of_the_cell, d_forget_gate_of_the_cell, d_output_gate_of_the_cell], axis=1
    )
    names = [
        first_name_that_is_rather_long,
        second_name_that_is_rather_long,
        third_name_that_is_rather_long,
    ]
    if (
        first_name_that_is_rather_long > second_name_that_is_rather_long
        and third_name_that_is_rather_long
    ):
        pass
    d_weights[index_of_the_layer] += unbroadcast(
        d_hidden_of_the_layer @ hidden_of_the_layer.T, weights[index_of_the_layer]
    )
    d_hidden = np.where(
        hidden_of_the_layer > 0,
        d_hidden_of_the_layer * weights_of_the_layer,
        np.zeros_like(hidden_of_the_layer),
    )
    value = [
        weights_of_the_layer[index] * hidden_of_the_layer[index]
        for index in range(len(hidden_of_the_layer))
        if hidden_of_the_layer[index] > 0
    ]
    d_all = (
        first_name_that_is_rather_long
        if condition_that_is_rather_long
        else second_name_that_is_rather_long
    )
    chain = (
        d_hidden_of_the_layer.reshape(number_of_rows, number_of_columns)
        .sum(axis=(0, 1), keepdims=True)
        .astype(np.float64)
        .transpose()
    )
    return (
        d_first_name_that_is_rather_long,
        d_second_name_that_is_rather_long,
        d_third_name_that_is_long,
    )
"""


def test_long_lines_are_broken_as_black_breaks_them():
    assert emitted(LONG) == LONG


@pytest.mark.skipif(shutil.which("ruff") is None, reason="ruff is not installed")
@pytest.mark.parametrize("module", ["heapq", "random", "fractions", "statistics"])
def test_ruff_format_changes_next_to_nothing(module):
    text = emit(gast.parse(inspect.getsource(importlib.import_module(module))))
    command = ["ruff", "format", "--isolated", "--line-length=99", "--diff", "-"]
    run = subprocess.run(command, input=text, capture_output=True, text=True)
    changed = re.findall(r"^[-+](?![-+]{2}|$).*", run.stdout, flags=re.MULTILINE)
    assert len(changed) <= 4


@pytest.mark.parametrize("width", range(101, 131, 6))
def test_every_bracket_and_operator_breaks(width):
    items = [f"name_{i}" for i in range(30)]
    for sign, ends in ((", ", "[]"), (", ", "()"), (" + ", "  "), (" and ", "  "), (" == ", "  ")):
        text = f"x = {ends[0]}{sign.join(items)}{ends[1]}".replace("  ", " ")[:width]
        text = text[: text.rfind(sign)] + ends[1]
        assert max(map(len, emitted(text).splitlines())) < 100


def test_what_cannot_be_broken_stays_long():
    line = "x = " + "y" * 120 + "\n"
    assert emitted(line) == line


# --- reading back --------------------------------------------------------------------------------
def without_pass_and_docstrings(node):
    def kept(found):
        is_idle = isinstance(found, gast.Pass) or tree.is_constant(getattr(found, "value", None))
        return [] if is_idle else found

    return tree.rewrite(node, {gast.Pass: kept, gast.Expr: kept})


@pytest.mark.parametrize(
    "module",
    [
        *(
            "argparse",
            "ast",
            "dataclasses",
            "difflib",
            "fractions",
            "functools",
            "heapq",
            "inspect",
        ),
        *("random", "statistics", "textwrap", "typing", "numpy.linalg._linalg"),
        *("numpy.lib._function_base_impl", "scipy.linalg._basic", "scipy.optimize._optimize"),
    ],
)
def test_library_source_reads_back(module):
    before = gast.parse(inspect.getsource(importlib.import_module(module)))
    after = gast.parse(emit(before))
    imports = (gast.Import, gast.ImportFrom)
    pairs = [[n for n in m.body if not isinstance(n, imports)] for m in (before, after)]
    assert len(pairs[0]) == len(pairs[1])
    for one, other in zip(*pairs, strict=True):
        assert tree.is_same(without_pass_and_docstrings(one), without_pass_and_docstrings(other))


def test_tree_is_left_alone():
    module = gast.parse("import b\nimport a\nx = [-1, 1e400]\ndef f(): 'doc'")
    before = tree.signature(module)
    emit(module)
    assert tree.signature(module) == before


@pytest.mark.parametrize("sign", ["+", "@"])
def test_chain_of_many_operations(sign):
    chain = tree.name("x")
    for _ in range(500):
        chain = tree.binary(chain, sign, tree.name("y"))
    limit = sys.getrecursionlimit()
    text = written(tree.assign("z", chain))
    assert text.count(sign) == 500
    assert sys.getrecursionlimit() == limit


def test_endless_nesting_is_refused():
    chain = tree.name("x")
    for _ in range(20_000):
        chain = tree.negative(chain)
    with pytest.raises(KnetsrcError) as caught:
        written(tree.assign("z", chain))
    assert str(caught.value) == (
        "an expression is nested too deeply\n"
        "  why:      it is thousands of operations deep\n"
        "  instead:  split it into several assignments, or loop over a list"
    )
    while isinstance(chain, gast.UnaryOp):  # taken apart in a loop: to free it whole would recurse
        chain = chain.operand


def test_wrong_text_is_replaced_by_that_of_python(monkeypatch):
    monkeypatch.setattr(Printer, "visit_Call", lambda self, node: self.write("wrong"))
    text = "@d(0)\ndef f(a):\n    if g(a):\n        x = h(a)\n    elif k(a):\n        x = a\n"
    assert emitted(text) == text


def test_text_that_cannot_be_repaired_is_refused(monkeypatch):
    monkeypatch.setattr(Printer, "visit_Call", lambda self, node: self.write("wrong"))
    monkeypatch.setattr(writer, "_unparsed", lambda node: ["wrong as well"])
    with pytest.raises(KnetsrcError) as caught:
        emitted("x = f(y)")
    assert str(caught.value) == (
        "the written source does not read back as the tree that it was written from\n"
        "  why:      neither astor nor ast.unparse writes this tree as Python reads it\n"
        "  instead:  report it, with the function"
    )


@pytest.mark.skipif(sys.version_info < (3, 12), reason="a syntax error before Python 3.12")
def test_f_string_with_backslash_and_nested_quotes():
    text = r"""y = f"{'\n'.join(x)}" + f"{x["a"]}" """
    assert ast.dump(ast.parse(emitted(text))) == ast.dump(ast.parse(text.strip()))


# --- lines of the user ---------------------------------------------------------------------------
def test_lines_point_to_the_user():
    module = gast.parse("def f(x):\n\n\n    if x:\n        y = 1\n    elif z:\n        y = (2)\n")
    module.body[0].body.insert(0, tree.at(tree.comment("why"), module.body[0].body[0]))
    module.body[0].body.append(tree.return_(tree.name("y")))
    text, lines = emit_with_lines(module)
    assert text == (
        "def f(x):\n    # why\n    if x:\n        y = 1\n    elif z:\n        y = 2\n    return y\n"
    )
    assert lines == {1: 1, 2: 4, 3: 4, 4: 5, 5: 6, 6: 7}


def test_each_part_of_a_broken_line_points_to_the_user():
    text, lines = emit_with_lines(gast.parse("\n\nx = [" + ", ".join(["element"] * 20) + "]"))
    assert lines == dict.fromkeys(range(1, len(text.splitlines()) + 1), 3)
