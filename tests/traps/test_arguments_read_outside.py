"""Arguments that are written into, and that the function reads under another name as well: a global, an attribute, a default."""

import copy

import numpy as np
import pytest

from knetsrc import UnsupportedAliasError, grad, value_and_grad, vjp
from language.checking import check

V = np.array([-2.4, -1.2, 2.0])
G = np.array([0.3, -0.7, 1.2])
ROWS = [G, 2.0]
TABLE = {"w": G}
NUMBERS = [0.4, 1.3]
SCALE = 1.7


class Net:
    def __init__(self, w, x=None, t=0.5):
        self.w = w
        self.x = x
        self.t = t

    def loss(self, a):
        a[0] = a[1] * 2.0
        return np.sum(a * self.w)

    def step(self):
        self.w[0] = self.w[1] * self.t

    @property
    def weights(self):
        return self.w


NET = Net(G)


def _weighted(y, w=G):
    return np.sum(y * w)


def _outside():
    return G


def of_global(a):
    a[0] = a[1] * 2.0
    return np.sum(a * G)


def of_list(a):
    a[0] = a[1] * 2.0
    return np.sum(a * ROWS[0])


def of_dict(a):
    a *= 2.0
    return np.sum(a * TABLE["w"])


def of_object(a):
    a[0] = a[1] * 2.0
    return np.sum(a * NET.w)


def of_property(a):
    a[0] = a[1] * 2.0
    return np.sum(a * NET.weights)


def of_default(a):
    a[0] = a[1] * 2.0
    return _weighted(a)


def of_call(a):
    a[0] = a[1] * 2.0
    return np.sum(a * _outside())


def of_inner(a):
    def inner():
        return np.sum(G * G)

    a.fill(a[1])
    return a[0] * inner()


def of_loop(a):
    np.multiply(a, 2.0, out=a)
    return sum(x * y for x, y in zip(a, G, strict=True))


def of_captured():
    g = G

    def f(a):
        a[0] = a[1] * 2.0
        return np.sum(a * g)

    return f


@pytest.mark.parametrize(
    ("f", "name"),
    [
        (of_global, "G"),
        (of_list, "ROWS"),
        (of_dict, "TABLE"),
        (of_object, "NET.w"),
        (of_property, "NET"),
        (of_default, "weighted_w"),
        (of_call, "G"),
        (of_inner, "G"),
        (of_loop, "G"),
        (of_captured(), "g"),
        (NET.loss, "self.w"),
    ],
)
def test_argument_that_is_read_outside(f, name):
    check(f, V)
    gradient = grad(f)
    for _ in range(2):
        with pytest.raises(UnsupportedAliasError, match=f"`a` is written into, and `{name}` is"):
            gradient(G)
        gradient(G.copy())
    with pytest.raises(UnsupportedAliasError, match=f"and `{name}` is"):
        value_and_grad(f)(G[::-1])
    with pytest.raises(UnsupportedAliasError, match=f"and `{name}` is"):
        vjp(f, G)


def test_message_names_the_line_of_the_write():
    with pytest.raises(UnsupportedAliasError) as caught:
        grad(of_global)(G)
    assert "in of_global" in str(caught.value)
    assert "a[0] = a[1] * 2.0" in str(caught.value)
    assert "a.copy()" in str(caught.value)


def of_object_argument(a, net):
    a[0] = a[1] * 2.0
    return np.sum(a * net.w)


def test_argument_that_an_object_beside_it_holds():
    check(lambda a: of_object_argument(a, NET), V)
    with pytest.raises(UnsupportedAliasError, match=r"`a` is written into, and `net.w`"):
        grad(of_object_argument)(G, NET)
    beside = Net(V.copy(), x=G)  # `net.x` is not read
    np.testing.assert_allclose(grad(of_object_argument)(G, beside), [0.0, V[1] + 2.0 * V[0], V[2]])


def list_grows(xs):
    xs.append(xs[0] * 2.0)
    return sum(x * x for x in NUMBERS) * xs[-1]


def dict_changes(d):
    d["w"] = d["w"] * 2.0
    return np.sum(d["w"] * TABLE["w"])


@pytest.mark.parametrize(("f", "value"), [(list_grows, NUMBERS), (dict_changes, TABLE)])
def test_container_that_is_read_outside(f, value):
    with pytest.raises(UnsupportedAliasError, match="is written into, and"):
        grad(f)(value)
    check(f, copy.deepcopy(value))


def only_its_form(a):
    a[0] = a[1] * 2.0
    return np.sum(a) * G.shape[0] * SCALE


def only_read(a):
    return np.sum(a * G)


def test_what_is_only_asked_for_its_shape_or_not_written_into_is_let_pass():
    np.testing.assert_allclose(grad(only_its_form)(G), 3.0 * SCALE * np.array([0.0, 3.0, 1.0]))
    np.testing.assert_array_equal(grad(only_read)(G), G)


def attribute_is_assigned(net):
    net.t = net.t * 2.0
    return net.t * NET.t * np.sum(net.w)


def attribute_changes(net):
    net.w[0] = net.w[1] * 2.0
    return np.sum(net.w * G)


def attribute_changes_in_method(net):
    net.step()
    net.step()
    return np.sum(net.w * G) * net.t


def test_object_that_is_read_outside():
    with pytest.raises(UnsupportedAliasError, match="has one object at two places"):
        grad(attribute_is_assigned)(NET)
    d = grad(attribute_is_assigned)(Net(G))
    assert d["t"] == pytest.approx(2.0 * NET.t * np.sum(G))


@pytest.mark.parametrize("f", [attribute_changes, attribute_changes_in_method])
def test_attribute_that_changes_and_is_read_outside(f):
    with pytest.raises(UnsupportedAliasError, match=r"`net.w` is written into, and `G` is"):
        grad(f)(Net(G))
    d = grad(f)(Net(G.copy(), x=G))  # `x` does not change
    assert np.all(np.isfinite(d["w"]))


def test_gradient_of_a_gradient_whose_argument_is_read_outside():
    def slope(a):
        return np.sum(grad(of_squares)(a) ** 2)

    check(slope, V)
    with pytest.raises(UnsupportedAliasError, match="`G` is"):
        grad(slope)(G)


def of_squares(a):
    a[0] = a[1] ** 2
    return np.sum(a * a * G)


class Weights:
    def __init__(self, w):
        self.w = w

    def __mul__(self, other):
        return self.w * other


def of_operator(a, weights):
    a[0] = a[1] * 2.0
    return np.sum(weights * a)


def of_objects(a, weights):
    a[0] = a[1] * 2.0
    return sum(np.sum(one.w * a) for one in weights)


@pytest.mark.parametrize(("f", "around"), [(of_operator, lambda o: o), (of_objects, lambda o: [o])])
def test_argument_that_objects_beside_it_hold(f, around):
    check(lambda a: f(a, around(Weights(G))), V)
    with pytest.raises(UnsupportedAliasError, match="`weights` is or holds"):
        grad(f)(V, around(Weights(V)))


def object_made_of_it(w):
    net = Net(w)
    net.w[0] = 5.0
    return np.sum(net.w * G)


def object_made_of_it_changes_in_method(w):
    net = Net(w)
    net.step()
    return np.sum(net.w * G)


@pytest.mark.parametrize("f", [object_made_of_it, object_made_of_it_changes_in_method])
def test_argument_that_is_read_outside_and_changes_in_an_object_that_holds_it(f):
    check(f, V)
    with pytest.raises(UnsupportedAliasError, match=r"the attribute `w` that `\w+\.G` sees"):
        grad(f)(G)


def part_of_object_changes(net, a):
    u = net.w
    u[0] = 2.0
    return np.sum(u * a)


def part_of_object_in_list_changes(nets, a):
    u = nets[0].w
    u[0] = 2.0
    return np.sum(u * a)


def array_in_list_changes(rows, a):
    u = rows[0]
    u[0] = 2.0
    return np.sum(u * a)


@pytest.mark.parametrize(
    ("f", "around"),
    [
        (part_of_object_changes, Net),
        (part_of_object_in_list_changes, lambda a: [Net(a)]),
        (part_of_object_in_list_changes, lambda a: [Net(np.ones(3)), Net(a)]),
    ],
)
def test_object_that_changes_and_holds_an_array_beside_it(f, around):
    first = around(V)
    gradient = grad(f, argnums=1)
    u = (first[0] if isinstance(first, list) else first).w
    np.testing.assert_allclose(gradient(first, G), [2.0, *u[1:]])
    with pytest.raises(UnsupportedAliasError, match="is written into, and `a` is") as caught:
        gradient(around(G), G)
    assert "copy.deepcopy(" in str(caught.value)


def test_list_of_arrays_needs_one_check():
    gradient = grad(array_in_list_changes)
    np.testing.assert_allclose(gradient([V], G)[0], [0.0, *G[1:]])
    assert "check_unseen" not in gradient.source
    with pytest.raises(UnsupportedAliasError, match="one array or list at two places"):
        gradient([G], G)


def test_number_outside_that_becomes_the_argument(monkeypatch):
    monkeypatch.setitem(globals(), "G", 2.0)
    gradient = grad(of_global)
    np.testing.assert_array_equal(gradient(V), [0.0, 6.0, 2.0])
    first = gradient.source
    monkeypatch.setitem(globals(), "G", 3)
    np.testing.assert_array_equal(gradient(V), [0.0, 9.0, 3.0])
    assert gradient.source is first
    monkeypatch.setitem(globals(), "G", V)
    with pytest.raises(UnsupportedAliasError, match="`a` is written into, and `G` is"):
        gradient(V)


def test_captured_number_that_becomes_the_argument():
    g = 2.0

    def f(a):
        a[0] = a[1] * 2.0
        return np.sum(a * _weight())

    def _weight():
        return g

    gradient = grad(f)
    np.testing.assert_array_equal(gradient(V), [0.0, 6.0, 2.0])
    g = V
    with pytest.raises(UnsupportedAliasError, match="`a` is written into, and `g` is"):
        gradient(V)
