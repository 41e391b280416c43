"""Lists that generated source empties are read by an index, where nothing else reads them afterwards."""

import textwrap

import pytest

from knetsrc.transform import tree
from knetsrc.transform.counted_pops import with_counts


def counted(text):
    (function,) = tree.parse(textwrap.dedent(text))
    return tree.show(with_counts(function))


def test_several_values_in_a_part_of_a_larger_expression():
    found = counted(
        """
        def f(kept, d):
            xs, ys = kept
            for _ in range(3):
                a, b = xs.pop()
                d = d * a + b * ys.pop()
            return d
        """
    )
    assert "pop" not in found
    assert found.index("left = len(xs)") < found.index("for _") < found.index("a, b = xs[left]")
    assert "d = d * a + b * ys[left_1]" in found


def test_list_that_is_bound_in_each_round_is_counted_in_each():
    found = counted(
        """
        def f(d, n):
            for _ in range(n):
                ds = owned(d)
                for _ in range(n):
                    d = d + ds.pop()
            return d
        """
    )
    assert found.index("ds = owned(d)") < found.index("left = len(ds)") < found.index("ds[left]")
    assert found.count("len(ds)") == 1


def test_list_that_each_branch_binds():
    found = counted(
        """
        def f(d, xs):
            if xs:
                ds = owned(d)
                ds[-1] += 2.0
            else:
                ds = owned(d)
            while ds:
                d = d + ds.pop()
            return d
        """
    )
    assert "while left > 0:" in found
    assert "pop" not in found


LEFT = [
    "xs = owned(d); y = xs.pop(); return xs",  # read afterwards
    "y = d.pop(); return y",  # of the caller
    "xs = owned(d); y = xs.pop() + xs.pop(); return y",
    "xs = owned(d); y = xs.pop(); xs.append(y); return y",
    "xs = owned(d); y = xs.pop(0); return y",
    "xs = owned(d)\nif n:\n  xs = owned(n)\ny = xs.pop()\nreturn xs",
    "xs = owned(d)\nfor i in n:\n  y = xs.pop()\n  xs = owned(xs)\nreturn y",
    "if n:\n  xs = owned(d)\ny = xs.pop()\nreturn y",  # bound in one branch
    "xs = owned(d)\nfor i in n:\n  z = len(xs)\n  y = xs.pop()\nreturn y",  # read between
]


@pytest.mark.parametrize("body", LEFT)
def test_list_that_is_read_in_another_way_stays(body):
    (function,) = tree.parse("def f(d, n):\n  " + body.replace("; ", "\n").replace("\n", "\n  "))
    assert tree.show(with_counts(function)) == tree.show(function)
