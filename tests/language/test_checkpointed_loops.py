"""`checkpointed`: a loop of which few states are kept, by a binomial schedule."""

import functools
import tracemalloc

import numpy as np
import pytest

from knetsrc import KnetsrcError, UnsupportedAliasError, checkpoint, checkpointed, grad, vjp
from knetsrc.backends.checkpoints import advance, advances, sizes
from language.checking import M, V, check


def refused(f, *args):
    with pytest.raises(KnetsrcError) as caught:
        grad(f)(*args)
    return str(caught.value).splitlines()


def recurrence(u, c, n, slots):
    for i in checkpointed(range(n), slots=slots):
        u = np.tanh(u * c) * (i + 1) + u
    return np.sum(u)


def plain_recurrence(u, c, n, slots):
    for i in range(n):
        u = np.tanh(u * c) * (i + 1) + u
    return np.sum(u)


def stencil(u, c, n, slots):
    for _ in checkpointed(range(n), slots=slots):
        u[1:-1] += c * (u[2:] - 2.0 * u[1:-1] ** 2 + u[:-2])
        u[0] = u[1]
    return np.sum(u**2)


def plain_stencil(u, c, n, slots):
    for _ in range(n):
        u[1:-1] += c * (u[2:] - 2.0 * u[1:-1] ** 2 + u[:-2])
        u[0] = u[1]
    return np.sum(u**2)


@pytest.mark.parametrize("slots", [None, 1, 2, 3, 5, 50])
@pytest.mark.parametrize("n", [0, 1, 2, 7, 20])
@pytest.mark.parametrize("pair", [(recurrence, plain_recurrence), (stencil, plain_stencil)])
def test_gradient_is_that_of_the_plain_loop_to_the_last_bit(pair, n, slots):
    one, other = (grad(f, (0, 1))(V, 0.01, n, slots) for f in pair)
    for d, expected in zip(one, other, strict=True):
        np.testing.assert_array_equal(d, expected)


def test_names_of_the_user_may_be_those_of_the_new_function():
    def f(u, start, stop, slots):
        for step in checkpointed(range(start, stop), slots=slots):
            u = np.sin(u) * slots + start * step
        return np.sum(u * stop)

    check(f, V, 1, 5, 2)


def test_state_of_arrays():
    check(recurrence, V, 0.3, 6, 2)


def test_state_in_place_leaves_the_argument_alone():
    x = V.copy()
    check(stencil, x, 0.1, 5, 2)
    np.testing.assert_array_equal(x, V)


def test_outside_of_differentiation_it_is_what_it_was_given():
    steps = range(3)
    assert checkpointed(steps) is steps
    assert recurrence(V, 0.3, 4, 2) == plain_recurrence(V, 0.3, 4, 2)


def test_several_names_of_state_that_change_places():
    def f(u, v):
        for i in checkpointed(range(5), slots=2):
            u, v = v * np.sin(u), u + i * v
        return np.sum(u * v)

    check(f, V, V[::-1].copy())


def test_state_that_starts_without_derivative():
    def f(x):
        u, k = np.zeros(x.shape), 0
        for _ in checkpointed(range(4)):
            u = np.sin(u + x) * x
            k += 1
        return np.sum(u) * k

    check(f, V)


def test_state_of_which_only_other_iterations_read():
    def f(x):
        velocity, total = x * 2.0, 0.0
        for _ in checkpointed(range(5), slots=2):
            velocity = velocity * np.cos(x)
            total = total + np.sum(velocity)
        return total

    check(f, V)


def test_name_bound_in_the_loop_and_read_after_it():
    def f(x):
        for i in checkpointed(range(4), slots=2):
            y = np.sin(x) * i
            x = x + y
        return np.sum(x * y) * i

    check(f, V)


@pytest.mark.parametrize("steps", [range(2, 9, 3), range(5, 0, -1), range(7, 1, -2), range(3, 3)])
def test_range_with_a_step(steps):
    def f(x, start, stop, step):
        for i in checkpointed(range(start, stop, step), slots=2):
            x = np.sin(x) * i
        return np.sum(x)

    check(f, V, steps.start, steps.stop, steps.step)


def test_reversed_range():
    def f(x):
        for i in checkpointed(reversed(range(2, 8)), slots=2):
            x = np.sin(x) * i * 0.3
        return np.sum(x)

    check(f, V)


def test_rows_of_an_array():
    def f(a, h):
        for row in checkpointed(a, slots=2):
            h = np.tanh(h * row) + row
        return np.sum(h)

    check(f, M, M[0] * 0.5)


def test_zip_and_enumerate():
    def f(xs, ys):
        h = 0.5
        for i, (x, y) in checkpointed(enumerate(zip(xs, ys, strict=True)), slots=2):
            h = h * x + y * i
        return h

    check(f, V, V[::-1].copy())


def test_elements_that_are_read():
    def f(x, a):
        y, total = 0.0, 0.0
        for i in checkpointed(range(len(x)), slots=2):
            y = a * y + (1.0 - a) * x[i] * x[i]
            total += y * y
        return total

    check(f, V, 0.3)


def test_list_that_grows():
    def f(x):
        ys = []
        for i in checkpointed(range(5), slots=2):
            x = np.sin(x) * (i + 1)
            ys.append(x * x)
        return np.sum(sum(ys))

    check(f, V)


def test_container_of_parameters():
    def f(ws, x):
        for i in checkpointed(range(4), slots=2):
            x = np.tanh(ws["w"] @ x) + ws["b"][i % 2]
        return np.sum(x)

    check(f, {"w": M[:2, :2], "b": [0.3, 0.7]}, M[:2, 0])


def test_branch_and_continue():
    def f(x):
        for i in checkpointed(range(6), slots=2):
            if i % 3 == 1:
                continue
            if np.sum(x) > 1.0:
                x = x * 0.7
            else:
                x = np.exp(x) * 0.5
        return np.sum(x)

    check(f, V)


def test_loops_inside():
    def f(x):
        total = 0.0
        for i in checkpointed(range(4), slots=2):
            for j in range(i):
                x = np.sin(x) + j
            k = 0
            while k < 2:
                x = x * 0.9
                k += 1
            total += np.sum(x * x)
        return total

    check(f, V)


def test_both_of_two_nested_loops():
    def f(x, n):
        for i in checkpointed(range(n), slots=2):
            y = x
            for j in checkpointed(range(i + 1), slots=1):
                y = np.sin(y) * x + j
            x = x + y * 0.1
        return np.sum(x)

    check(f, V, 5)


def test_inner_loop_only():
    def f(x):
        total = 0.0
        for i in range(3):
            u = x * i
            for _ in checkpointed(range(4), slots=2):
                u[0] = np.sum(u * x)
            total += np.sum(u)
        return total

    check(f, V)


def test_two_loops():
    def f(x):
        for _ in checkpointed(range(3)):
            x = np.sin(x) * 2.0
        for i in checkpointed(range(4), slots=1):
            x = np.cos(x) * i
        return np.sum(x)

    check(f, V)


def test_in_a_helper_and_in_a_nested_function():
    def smooth(u, c):
        for _ in checkpointed(range(3), slots=1):
            u = np.sin(u * c)
        return u

    def f(x):
        def rough(u):
            for _ in checkpointed(range(3), slots=1):
                u = np.cos(u * x)
            return u

        for _ in range(2):
            x = smooth(x, 0.7) + rough(x * 0.5)
        return np.sum(x)

    check(f, V)


@checkpoint
def again(u, c):
    v = np.sin(u * c)
    return v * v


def test_helpers_and_nested_functions_inside():
    def f(x):
        def g(z):
            return z * x

        for i in checkpointed(range(4), slots=2):
            x = again(g(x), 0.5) + x * i
        return np.sum(x)

    check(f, V)


class State:
    def __init__(self, u):
        self.u = u


class Net:
    def __init__(self, w):
        self.w = w

    def layer(self, x):
        return np.tanh(self.w * x)

    def run(self, x, n):
        for _ in checkpointed(range(n), slots=2):
            x = self.layer(x) + self.w
        return np.sum(x)


def test_methods():
    def f(w, x):
        return Net(w).run(x, 4)

    check(f, 0.7, V)
    check(Net(0.7).run, V, 4)


def test_function_that_is_an_argument():
    def run(step, x):
        for _ in checkpointed(range(4), slots=2):
            x = step(x) * x
        return x

    def f(x):
        return np.sum(run(np.sin, x) * run(lambda z: z * z * x, x))

    check(f, V * 0.5)


def test_what_is_read_may_be_overwritten_after_the_loop():
    def f(x):
        c, u = x * 2.0, x * 1.0
        for _ in checkpointed(range(4), slots=2):
            u = np.sin(u * c)
        c[0] = u[1]
        u[1] = 3.0
        return np.sum(u * c)

    check(f, V)


def test_state_may_be_written_before_and_after_the_loop():
    def f(x):
        u = np.zeros(3)
        u[0] = x[0] * x[1]
        y = u * u
        for i in checkpointed(range(4), slots=2):
            u[i % 3] = np.sin(u[0]) + x[1]
        z = u * u
        u[2] = z[0]
        return np.sum(u * y + z)

    check(f, V[:3].copy())


def test_loop_without_derivative():
    def f(x, n):
        k = 0
        for i in checkpointed(range(n), slots=2):
            k += i
        return np.sum(x) * k

    check(f, V, 4)


def test_pulled_back_twice():
    _, pullback = vjp(stencil, V.copy(), 0.1, 6, 2)
    first, second = pullback(1.0)[0], pullback(1.0)[0]
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(first, grad(stencil)(V, 0.1, 6, 2))


@pytest.mark.parametrize("slots", [3, 10, None])
def test_no_more_states_are_kept_than_asked_for(slots):
    def f(u, n):
        for _ in checkpointed(range(n), slots=slots):
            u = u * np.cos(u)
        return np.sum(u)

    u, n = np.linspace(0.5, 1.0, 2000), 400
    gradient = grad(f)
    gradient(u, 3)
    tracemalloc.start()
    gradient(u, n)
    peak = tracemalloc.get_traced_memory()[1] / u.nbytes
    tracemalloc.stop()
    per_state = 2  # what is kept of an iteration: u and cos(u)
    assert peak < per_state * (slots or 21) + 8


@functools.cache
def least_work(blocks, states):
    """Blocks run forward at least, by trying every place for the next state."""
    if blocks <= 1 or states == 1:
        return blocks * (blocks - 1) // 2
    return min(
        m + least_work(blocks - m, states - 1) + least_work(m, states) for m in range(1, blocks)
    )


@pytest.mark.parametrize("states", range(1, 8))
def test_schedule_does_the_least_work(states):
    for blocks in range(1, 60):
        assert advances(blocks, states) == least_work(blocks, states)
        if blocks > 1:
            m = advance(blocks, states)
            rest = least_work(blocks - m, states - 1) if states > 1 else 0
            assert 0 < m < blocks
            assert m + rest + least_work(m, states) == least_work(blocks, states)


def test_sizes_keep_to_the_slots():
    for count in (1, 5, 100, 12345):
        for slots in (1, 2, 3, 17, 400):
            block, states = sizes(count, slots)
            assert block >= 1 <= states and block + states <= slots + 1


def test_writes_by_calls():
    def f(x):
        u, v = x * 1.0, np.zeros(x.shape)
        for _ in checkpointed(range(4), slots=2):
            np.multiply(u, x, out=v)
            np.add.at(u, [0, 0, 1], np.sin(v[1]) * x[0])
            np.copyto(u, u + v)
        return np.sum(u * v)

    check(f, V * 0.5)


def test_entries_of_containers_that_are_written():
    def f(x):
        state = {"u": x * 1.0, "t": 0.0}
        for _ in checkpointed(range(4), slots=2):
            state["u"] = np.sin(state["u"] * x)
            state["t"] = state["t"] + np.sum(state["u"])
        return np.sum(state["u"]) * state["t"]

    check(f, V)


def test_in_a_branch_and_in_a_while_loop():
    def f(x, flag):
        k = 0
        while k < 3:
            if flag:
                for i in checkpointed(range(k + 1), slots=1):
                    x = np.sin(x) * (i + 1)
            else:
                x = x * 2.0
            k += 1
        return np.sum(x)

    check(f, V, True)
    check(f, V, False)


def test_comprehension():
    def f(x):
        return np.sum(sum([np.sin(x) * i for i in checkpointed(range(4))]))

    check(f, V)


def test_arrays_that_change_places_and_are_written():
    def f(x):
        a, b = x * 1.0, np.zeros(x.shape)
        for _ in checkpointed(range(5), slots=2):
            b[:] = np.sin(a) * x
            a, b = b, a
        return np.sum(a * b)

    check(f, V)


def test_helper_whose_argument_is_written_in_its_loop():
    def relaxed(u):
        for _ in checkpointed(range(3), slots=1):
            u[1:] = np.sin(u[:-1]) + u[1:] ** 2 * 0.1
        return u

    def energy(u):
        return np.sum(relaxed(u) ** 2)

    def f(x):
        u = x * 1.0
        y = u * u  # its derivative reads u as it was
        return np.sum(relaxed(u) * y)

    def g(x):
        u = x * 1.0
        y = u * u
        return energy(u) * np.sum(y)

    check(f, V)
    check(g, V)


def test_attributes_lists_and_dictionaries_of_the_state():
    def f(x):
        state = State(x * 1.0)
        history, table = [x * 0.5], {}
        for i in checkpointed(range(3), slots=1):
            state.u = np.sin(state.u) * history[-1]
            history.append(state.u + i)
            history.pop(0)
            table.update(a=state.u * x)
        return np.sum(state.u * history[0] + table["a"])

    check(f, V)


def test_known_numbers_need_no_broadcasting():
    def f(x, a):
        y, total = 0.5, 0.0
        for i in checkpointed(range(len(x)), slots=2):
            y = a * x[i] + (1.0 - a) * np.sin(y)
            total += y * y
        return total

    source = grad(f, (0, 1)).source
    assert "unbroadcast" not in source and "_saved.append(total" not in source
    check(f, V, 0.3)


def test_array_of_which_the_loop_reads_elements_is_known_as_one():
    def f(u):
        for _ in checkpointed(range(4), slots=2):
            for i in range(1, 3):
                u[i] = 0.5 * (u[i - 1] + u[i + 1] + 0.1 * np.sin(u[i]))
        return np.sum(u**2)

    assert "put_back" not in grad(f).source
    check(f, V)


def test_number_that_becomes_an_array():
    def f(x):
        u = 1.0
        for i in checkpointed(range(4), slots=2):
            u = u * np.cos(x) + i
        return np.sum(u)

    check(f, V)


def test_array_that_becomes_a_number():
    def f(x):
        for i in checkpointed(range(3), slots=1):
            x = np.sin(np.sum(x * x) * 0.1) + i
        return x

    check(f, V)


# --- refused ----------------------------------------------------------------------------------------------------------------
def test_break_and_return_are_refused():
    def f(x):
        for _ in checkpointed(range(5)):
            x = x * 2.0
            if np.sum(x) > 3.0:
                break
        return np.sum(x)

    def g(x):
        for _ in checkpointed(range(5)):
            x = x * 2.0
            if np.sum(x) > 3.0:
                return np.sum(x)
        return np.sum(x)

    for function in (f, g):
        lines = refused(function, V)
        assert lines[0] == "a checkpointed loop that is left by `break` or `return`"
        assert "for _ in checkpointed(range(5)):" in lines[2]


def test_default_that_is_computed_in_the_loop_is_refused():
    def f(x):
        s = x
        for i in checkpointed(range(3)):

            def g(y, i=i):
                return np.sin(y) * i

            s = s + g(x)
        return np.sum(s)

    lines = refused(f, V)
    assert lines[0] == "a default argument that is computed in a checkpointed loop"
    assert "def g(y, i=i):" in lines[2]


def test_part_of_what_a_loop_goes_through_is_refused():
    def f(xs):
        h = 0.5
        for i, x in enumerate(checkpointed(xs)):
            h = h * x + i
        return h

    assert refused(f, V)[0] == "`checkpointed` outside of the head of a `for` statement"


def test_what_has_no_places_is_refused():
    def f(x, table):
        for key in checkpointed(table.keys()):
            x = x * table[key]
        return np.sum(x)

    assert refused(f, V, {"a": 2.0})[0] == "a checkpointed loop over `table.keys()`"


def test_random_numbers_are_refused():
    def f(x, rng):
        for _ in checkpointed(range(3)):
            x = x * rng.normal()
        return np.sum(x)

    lines = refused(f, V, np.random.default_rng(0))
    assert lines[0] == "`rng.normal` in a function that is computed again"


def test_state_that_shares_memory_is_refused():
    def f(x):
        u, v = x * 1.0, x * 2.0
        for _ in checkpointed(range(4), slots=2):
            u[0] = v[1]
            v = u
        return np.sum(u * v)

    with pytest.raises(UnsupportedAliasError):
        grad(f)(V)


def test_second_derivatives_are_refused():
    def f(x):
        for i in checkpointed(range(4)):
            x = np.sin(x) * i
        return x

    lines = refused(grad(f), 0.3)
    assert lines[0] == "a gradient of the gradient of a checkpointed loop"


def test_slots_have_to_be_positive():
    for slots in (0, -1, 2.5):
        with pytest.raises(ValueError, match="it is the number of states that are kept"):
            checkpointed(range(3), slots=slots)
        with pytest.raises(ValueError, match="it is the number of states that are kept"):
            grad(recurrence)(V, 0.3, 4, slots)


def test_other_arguments_are_refused():
    def f(x):
        for _ in checkpointed(range(3), 2, 5):
            x = x * 2.0
        return np.sum(x)

    assert refused(f, V)[0] == "`checkpointed` with arguments that it does not have"
