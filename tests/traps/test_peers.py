"""Programs of which other libraries returned a wrong gradient, or none, without an error: each with the report it is from."""

import numpy as np

from knetsrc import grad
from language.checking import M, V, check


# --- Tangent --------------------------------------------------------------------------------------
def test_slices_of_the_last_axis_in_a_loop():  # google/tangent #56: the output could not be compiled
    def f(x):
        for k in range(np.shape(x)[2]):
            r = x[:, :, k]
        return np.sum(r**2)

    check(f, np.sin(np.arange(12.0)).reshape(2, 3, 2))


def test_augmented_assignment_after_use_in_another_value():  # google/tangent #64: a term was lost
    def f(w, out, ideal, eff, b):
        ht = w / out * (b * (1.0 - eff) + ideal * eff)
        power = w * eff * (b - ideal) * 1.4148532
        ht += b / out * (w * (1.0 - eff) + ideal * eff)
        power += b * eff * (w - ideal) * 1.4148532
        return power / 0.7 * 5252.11 + ht

    check(f, 0.4, 1.3, -0.7, 0.85, 0.6)


def test_logsumexp_by_loops_with_a_condition():  # google/tangent #66: the gradient was zero
    def f(a):
        result = 0.0
        largest = a[0]
        for i in range(1, len(a)):
            if a[i] > largest:
                largest = a[i]
        for i in range(len(a)):
            result += np.exp(a[i] - largest)
        return np.log(result) + largest

    check(f, V)


def test_element_augmented_after_another_was_set():  # google/tangent #69: a name without a value
    def f(d, n):
        s = np.zeros((n, n))
        for i in range(n):
            s[i, 2] = 1.0
            if i == 2:
                s[i, i] += d[i]
        return s

    check(f, V, 4)


# --- NVIDIA Warp ----------------------------------------------------------------------------------
def test_name_overwritten_in_a_loop():  # NVIDIA/warp #174: its last value stood for all of them
    def f(x, n):
        y = x
        for i in range(n):
            y = np.sin(y) * (y + i)
        return y

    check(f, 0.7, 3)


def test_nested_loops_of_which_the_bounds_are_read_from_arrays():  # NVIDIA/warp #1293: twice the gradient
    def f(offsets, angles, starts):
        place, turn = np.zeros(3), np.ones(3)
        for i in range(len(starts) - 1):
            place = place + offsets[i] * turn
            for j in range(starts[i], starts[i + 1]):
                half = angles[j] * 0.5
                turn = turn * np.array([np.cos(half), np.sin(half), half])
        return np.sum(place * turn)

    check(f, M, V, np.array([0, 1, 4]), argnums=(0, 1))


def test_element_read_and_written_by_one_statement():  # NVIDIA/warp #1294: the adjoint was doubled
    def f(source):
        a = source.copy()
        for i in range(len(a)):
            a[i] = a[i] + 1.0
        return np.sum(a)

    check(f, V)


def test_array_reused_by_later_steps():  # NVIDIA/warp #1294: earlier steps saw the last content
    def f(source):
        state, total = source.copy(), 0.0
        for _ in range(3):
            total += np.sum(state**2)
            state[:] = np.cos(state)
        return total

    check(f, V)


def test_argument_changed_after_it_was_read():  # NVIDIA/warp #1350: the derivative was taken at the new value
    def f(x, c):
        y = x**2 + c * x
        x[:] = 5.0
        c += 5.0
        return np.sum(y) + np.sum(x)

    check(f, V, np.cos(V))


def test_largest_by_a_loop_with_continue():  # NVIDIA/warp #1552: all rows got the gradient of one
    def f(c, x):
        total = 0.0
        for t in range(len(x)):
            largest = -1e20
            for p in range(c.shape[0]):
                for q in range(c.shape[1]):
                    if c[p, q] == 0.0:
                        continue
                    value = x[t] * c[p, q] * (p + q + 2)
                    if value > largest:
                        largest = value
            total += largest
        return total

    c = M.copy()
    c[0, 1] = 0.0
    check(f, c, V, argnums=(1,))


def test_name_from_before_a_loop_read_after_it():  # NVIDIA/warp #1694: its adjoint was zero
    def f(x, s, n):
        area, force = np.sin(x) * 2, 0.0
        for k in range(n):
            force += s[k] * 0.5
        return force * area

    check(f, 0.7, V, 3)


def test_component_accumulated_many_times():  # NVIDIA/warp #1697: the error grew with each step
    def f(v, x):
        m = np.zeros((2, 2))
        for i in range(4):
            m[0, 0] = m[0, 0] + v[i] * x
            m[0, 1] = m[0, 1] * 0.5 + m[0, 0] * v[i]
            m[1, i % 2] += m[0, 1] ** 2
        return np.sum(m * m)

    check(f, V, 0.3)


def test_function_of_what_a_loop_accumulates():  # NVIDIA/warp #1740: taken at the value before the loop
    def reciprocal(v, n):
        total = 2.0
        for i in range(n):
            total += v[i] ** 2
        return 1.0 / total

    check(lambda v, n: reciprocal(v, n) ** 2, V, 3)
    check(lambda v, n: reciprocal(v, n) ** 2, V, 0)


# --- Taichi ---------------------------------------------------------------------------------------
def test_plastic_strain_carried_from_step_to_step():  # taichi-dev/taichi #8802: 4.8 times the gradient
    def slip(strain, n, modulus=1000.0, limit=2.0):
        plastic, total = np.zeros(n + 1), 0.0
        for i in range(n):
            trial = modulus * (strain * np.sin(2.0 * np.pi * i / n) - plastic[i])
            step = 0.0
            if np.abs(trial) > limit:
                step = (np.abs(trial) - limit) / modulus
                total += step
            plastic[i + 1] = plastic[i] + (step if trial > 0 else -step)
        return total

    check(slip, 0.0045, 60)
    np.testing.assert_allclose(grad(slip)(0.0045, 60), 3.895472, rtol=1e-6)  # as reported there


def test_inner_loop_adds_to_what_the_outer_loop_chose():  # taichi-dev/taichi #8356: one turn was counted
    def f(x, y):
        x = x.copy()
        for i in range(len(x)):
            for j in range(len(y)):
                x[i] += y[j]
        return np.sum(x**2)

    check(f, V, M[0])


def test_state_that_is_scaled_by_itself():  # taichi-dev/taichi #2505
    def f(theta, x):
        state = np.array([x])
        for _ in range(2):
            state[0] = np.cos(theta) * state[0]
        return state[0]

    check(f, 0.4, 1.3)


# --- AutoGrad.jl ----------------------------------------------------------------------------------
def test_list_literal_of_elements():  # denizyuret/AutoGrad.jl #127: no gradient at all
    check(lambda b: sum([b[0]]), V)
    check(lambda b: np.sum(np.array([b[0], b[2]])), V)


def test_comprehension_added_to_an_array():  # denizyuret/AutoGrad.jl #127: one gradient replaced the other
    def f(b):
        loss = np.sum(b, axis=1)
        loss = loss + np.array([(b * 1)[i, 0] for i in range(2)])
        return np.sum(loss)

    check(f, M)
    np.testing.assert_array_equal(grad(f)(M[:, :2]), [[2.0, 1.0], [2.0, 1.0]])


# --- HIPS autograd --------------------------------------------------------------------------------
def test_product_with_zeros():  # HIPS/autograd #93, #378: NaN
    for zeros in ([1], [0, 2], [0, 1, 2, 3]):
        x = V.copy()
        x[zeros] = 0.0
        check(lambda x: np.prod(x), x)
        check(lambda x: np.array([x[0], x[1], x.prod()]), x)
    check(lambda m: np.sum(np.prod(m, axis=0)), np.array([[0.0, 1.5, 0.0], [2.0, 0.0, 0.0]]))


def test_norm_at_zero():  # HIPS/autograd #268: NaN
    np.testing.assert_array_equal(grad(lambda x: np.linalg.norm(x))(np.zeros(3)), np.zeros(3))
    np.testing.assert_array_equal(grad(lambda x: np.linalg.norm(x) ** 2)(np.zeros(3)), np.zeros(3))
    rows = grad(lambda m: np.sum(np.linalg.norm(m, axis=1)))(np.array([[0.0, 0.0], [3.0, 4.0]]))
    np.testing.assert_allclose(rows, [[0.0, 0.0], [0.6, 0.8]])


def test_tile_of_a_matrix_with_one_number():  # HIPS/autograd: the gradient had another shape, or was wrong
    check(lambda m: np.sum(np.tile(m, 2) ** 2 * np.arange(6.0)), M)
    check(lambda m: np.sum(np.sin(np.tile(m, 3) * np.tile(m[0], 3))), M)
