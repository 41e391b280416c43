"""Recursion, mutual recursion, recursion over nested containers."""

import numpy as np

from language.checking import V, check


def power(x, n):
    if n == 0:
        return 1.0
    return x * power(x, n - 1)


def is_even_product(x, n):
    if n <= 0:
        return x
    return is_odd_product(x * 1.1, n - 1) * x


def is_odd_product(x, n):
    if n <= 0:
        return x * x
    return is_even_product(np.sin(x), n - 1) + x


def tree_sum(node):
    if isinstance(node, tuple):
        left, right = node
        return tree_sum(left) * tree_sum(right) + tree_sum(left)
    return node


def fibonacci(x, n):
    if n < 2:
        return x, x * 0.5
    a, b = fibonacci(x, n - 1)
    return a * b + x, a


def pairwise(xs):
    if len(xs) == 1:
        return xs[0]
    middle = len(xs) // 2
    return np.logaddexp(pairwise(xs[:middle]), pairwise(xs[middle:]))


def walk(x, depth):
    total = 0.0
    for i in range(depth):
        total = total + walk(x * (i + 0.5), i) * x
    return total + x


def encode(tree, w):
    if tree["children"]:
        h = np.zeros(4)
        for child in tree["children"]:
            h = h + encode(child, w)
        return np.tanh(w * h + tree["value"])
    return tree["value"] * w


def test_power():
    check(power, 1.3, 4)
    check(power, V, 2)


def test_helper_is_recursive():
    def f(x):
        return np.sum(power(x, 3) + power(x, 0))

    check(f, V)


def test_mutual_recursion():
    check(is_even_product, 0.7, 5)
    check(is_odd_product, 0.7, 4)


def test_recursion_over_a_tree_of_tuples():
    check(tree_sum, ((0.5, (1.5, 2.0)), (0.3, 0.4)))


def test_recursion_that_returns_tuples():
    def f(x):
        a, b = fibonacci(x, 4)
        return a * b

    check(f, 0.7)


def test_divide_and_conquer_over_slices():
    check(pairwise, V)
    check(pairwise, [0.5, 1.5, -2.0])


def test_recursion_in_a_loop():
    check(walk, 0.7, 3)


def test_tree_of_dictionaries():
    leaf = {"value": V, "children": []}
    tree = {"value": V * 0.5, "children": [leaf, {"value": V + 1.0, "children": [leaf]}]}
    check(encode, tree, V + 0.3)


def test_inner_function_calls_itself():
    def f(x, n):
        def descend(y, k):
            if k == 0:
                return y
            return descend(y * x, k - 1) + y

        return descend(x, n)

    check(f, 0.7, 3)


def test_recursion_through_a_ternary():
    def collatz(x, n):
        return x if n == 1 else collatz(x * 0.5 if n % 2 == 0 else x * x + 1.0, n // 2)

    check(collatz, 0.7, 11)


def test_recursion_with_accumulator_in_a_list():
    def collect(x, n):
        if n == 0:
            return []
        return [x**n, *collect(x, n - 1)]

    def f(x):
        parts = collect(x, 3)
        return parts[0] * parts[1] + parts[2]

    check(f, 0.7)


def test_tree_that_ends_with_none():
    def value(tree):
        if tree is None:
            return 0.0
        label, left, right = tree
        return label * label + value(left) * value(right) + 0.5 * value(left)

    def f(tree):
        return value(tree)

    check(f, (1.5, (2.0, None, None), (3.0, (0.5, None, None), None)))


def test_tree_of_entries_that_ends_with_none():
    def value(tree):
        if tree is None:
            return 0.0
        return tree[0] ** 2 + value(tree[1]) * 2.0 + value(tree[2]) * tree[0]

    def f(tree):
        return value(tree)

    check(f, (1.5, (2.0, None, None), (3.0, (0.5, None, None), None)))


def test_number_and_count_that_a_recursive_helper_returns():
    def halve(n, x):
        if n == 0:
            return x, 1
        v, k = halve(n - 1, x * 1.1)
        return (v, k * 2) if k < 5 else (v * x, k)

    def atom(tokens, i, x):
        if tokens[i] == "(":
            v, i = product(tokens, i + 1, x)
            return v, i + 1
        return x, i + 1

    def product(tokens, i, x):
        v, i = atom(tokens, i, x)
        while i < len(tokens) and tokens[i] == "*":
            w, i = atom(tokens, i + 1, x)
            v = v * w
        return v, i

    check(lambda x: halve(4, x)[0], 0.7)
    check(lambda x: product("(x*x)*x", 0, x)[0], 0.7)
