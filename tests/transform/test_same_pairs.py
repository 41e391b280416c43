"""Generated functions that came out alike."""

from knetsrc.transform import tree
from knetsrc.transform.same_pairs import without_doubles


def merged(text, *keep):
    return [tree.show(f) for f in without_doubles(tree.parse(text), keep)]


def test_functions_that_call_each_other():
    text = "def f(x):\n return g(x)\ndef g(x):\n return f_1(x)\ndef f_1(x):\n return g_1(x)\n"
    text += "def g_1(x):\n return f(x)\ndef h(x):\n return g_1(x) + f_1(x)"
    assert merged(text, "h") == [
        "def f(x):\n    return g(x)",
        "def g(x):\n    return f(x)",
        "def h(x):\n    return g(x) + f(x)",
    ]


def test_functions_that_call_others():
    text = "def f(x):\n return g(x)\ndef f_1(x):\n return g_1(x)\n"
    text += "def g(x):\n return x\ndef g_1(x):\n return 2 * x"
    assert len(merged(text)) == 4


def test_other_parameters_other_names_and_entries():
    assert len(merged("def f(x, y):\n return x\ndef f_1(y, x):\n return x")) == 2
    assert len(merged("def f(x):\n return x\ndef g(x):\n return x")) == 2
    assert len(merged("def f(x):\n return x\ndef f_1(x):\n return x", "f_1")) == 2
    assert len(merged("def f(x):\n return 1\ndef f_1(x):\n return 1.0")) == 2
    assert len(merged("def f(x=1):\n return x\ndef f_1(x=2):\n return x")) == 2
