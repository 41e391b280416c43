"""`check_repeats`: statements after which a container may hold one thing twice."""

from knetsrc.transform import tree
from knetsrc.transform.repeats import check_repeats


def checked(text):
    (function,) = tree.parse(text)
    return tree.show(
        check_repeats(function, {"ys"}, frozenset(), lambda text, value: tree.name(text))
    )


def test_conditional_expressions_and_lambdas_are_no_blocks():
    text = (
        "def f(x, n):\n    ys = []\n    y = x if n else np.sin(x)\n    ys.append(y)\n"
        "    g = lambda z: z\n    ys.append(np.cos(x))\n    return ys"
    )
    assert checked(text).count("check_distinct(ys") == 1


def test_what_is_computed_just_before_is_put_once():
    text = "def f(x):\n    ys = [x]\n    y = x / 2\n    ys[0] = y\n    return ys"
    assert "check_distinct" not in checked(text)
