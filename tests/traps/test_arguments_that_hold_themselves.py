"""Arguments that hold themselves: their gradient would be endless, and that with respect to something else is not."""

import numpy as np
import pytest

from knetsrc import NotDifferentiableError, grad, value_and_grad, vjp

W = np.array([1.0, 2.0, 3.0])


class Node:
    def __init__(self, w, parent=None):
        self.w = w
        self.parent = parent
        self.children = []

    def times(self, x):
        return np.sum(self.w * x)


def _alone():
    node = Node(W)
    node.parent = node
    return node


def _family():
    node = Node(W)
    node.children.append(Node(2.0 * W, node))
    return node


def _list():
    values = [1.0, W]
    values.append(values)
    return values


def _dict():
    values = {"w": W}
    values["all"] = [values]
    return values


def of_node(node, x):
    return node.times(x)


def of_attribute(node, x):
    return node.w @ x


def of_children(node, x):
    return sum(child.parent.w @ x for child in node.children)


def of_list(values, x):
    return np.sum(values[1] * x)


def of_dict(values, x):
    return np.sum(values["w"] * x)


CASES = [
    (of_node, _alone, r"\.parent"),
    (of_attribute, _alone, r"\.parent"),
    (of_children, _family, r"\.children\[0\]\.parent"),
    (of_list, _list, r"\[2\]"),
    (of_dict, _dict, r"\['all'\]\[0\]"),
]


@pytest.mark.parametrize(("f", "made", "way"), CASES)
def test_argument_that_holds_itself_is_refused(f, made, way):
    for gradient in (grad(f), value_and_grad(f)):
        with pytest.raises(NotDifferentiableError, match=f"holds itself, as its own `{way}`"):
            gradient(made(), W)


@pytest.mark.parametrize(("f", "made", "way"), CASES)
def test_gradient_with_respect_to_what_is_beside_it(f, made, way):
    np.testing.assert_array_equal(grad(f, 1)(made(), W), W)


def test_pullback_of_a_list_that_holds_itself_is_refused():
    with pytest.raises(NotDifferentiableError, match="holds itself"):
        vjp(of_list, _list(), W)[1](1.0)


def test_recursion_without_an_end_is_that_of_the_function():
    def endless(x):
        return endless(x)

    with pytest.raises(RecursionError):
        grad(endless)(1.0)
