"""Literals and names put in the place of names, and values where they are read."""

from knetsrc.transform.simplify import inline_single_use
from knetsrc.transform.simplify import propagate as propagate_names
from transform.simplify_programs import EFFECTS, candidates, check


def propagate(function):
    return propagate_names(function, candidates(function), EFFECTS)


def inline(function):
    return inline_single_use(function, candidates(function), EFFECTS)


def unchanged(rewriting, text):
    check(rewriting, text, text)


# --- propagate ----------------------------------------------------------------------------------
def test_literal_and_copy_reach_their_readers():
    check(propagate, "d_s = 1.0\nd_e = d_s\nd_x = d_e * w", "d_s = 1.0\nd_e = 1.0\nd_x = 1.0 * w")


def test_name_of_the_user_keeps_its_assignment():
    unchanged(propagate, "s = 1.0\nd_x = s * w")


def test_reader_in_a_nested_block_is_reached_one_after_it_is_not():
    check(
        propagate,
        "for i in range(n):\n    d_s = 1.0\n    if c:\n        d_x = d_s * w\nreturn d_s",
        "for i in range(n):\n    d_s = 1.0\n    if c:\n        d_x = 1.0 * w\nreturn d_s",
    )


def test_copy_of_a_name_that_is_bound_again_stays():
    unchanged(propagate, "d_a = 2 * x\nd_b = d_a\nd_a = 3 * x\nreturn [d_a, d_b]")


def test_copy_made_before_its_source_in_a_loop_stays():
    unchanged(propagate, "for i in range(n):\n    d_b = d_a\n    d_a = 3 * x\n    y = d_b")


def test_name_that_is_augmented_stays():
    unchanged(propagate, "d_s = 0.0\nd_s += x\nreturn d_s")


def test_name_seen_by_a_nested_function_stays():
    unchanged(propagate, "d_s = 1.0\ndef g():\n    return d_s\nreturn g() * d_s")


# --- inline -------------------------------------------------------------------------------------
def test_value_read_once_moves_to_its_reader():
    check(inline, "t = np.exp(x)\nd_x = y * t", "d_x = y * np.exp(x)")


def test_chain_collapses():
    check(inline, "t1 = x * y\nt2 = t1 + w\nreturn -t2", "return -(x * y + w)")


def test_value_read_twice_stays():
    unchanged(inline, "t = np.exp(x)\nd_x = t * t")


def test_value_does_not_move_past_a_write_to_a_name_it_reads():
    unchanged(inline, "t = np.exp(x)\nx = y\nd_x = x * t")


def test_value_does_not_move_past_a_write_into_a_buffer_it_reads():
    unchanged(inline, "t = d_a[1:] / 3\nd_a[1:] = 0\nd_b = t + x")


def test_value_does_not_move_past_a_write_through_a_view():
    unchanged(inline, "v = d_a[1:]\nt = d_a / 3\nv[0] += 1\nd_b = t + x")


def test_value_moves_past_a_write_into_another_buffer():
    check(
        inline,
        "d_b = np.zeros_like(x)\nt = x / 3\nd_b[0] += 1\nd_c = t",
        "d_b = np.zeros_like(x)\nd_b[0] += 1\nd_c = x / 3",
    )


def test_length_of_a_list_is_taken_before_an_append():
    unchanged(inline, "y_saved = []\nt = len(y_saved)\ny_saved.append(x)\nreturn t + 1")


def test_value_does_not_move_into_a_loop():
    unchanged(inline, "t = np.exp(x)\nfor i in range(n):\n    w = w * t")
    unchanged(inline, "t = np.sum(x)\nwhile t:\n    w = w * 2")
    unchanged(inline, "t = np.exp(x)\nw = [t for i in y]")


def test_value_moves_into_the_header_of_a_loop():
    check(inline, "t = range(n)\nfor i in t:\n    w = w * 2", "for i in range(n):\n    w = w * 2")


def test_pop_becomes_an_argument():
    check(
        inline,
        "y_saved = [x]\nt = y_saved.pop()\n# y = g(w)\nd_w = g_backward(w, t)",
        "y_saved = [x]\n# y = g(w)\nd_w = g_backward(w, y_saved.pop())",
    )


def test_call_with_effects_stays_before_another():
    unchanged(inline, "t = draw(x)\ny = draw(w)\nreturn y - t")
    unchanged(inline, "t = draw(x)\nreturn draw(w) - t")
    unchanged(inline, "t = draw(x)\nreturn x[0] - t")


def test_call_with_effects_is_made_whatever_the_condition():
    unchanged(inline, "t = draw(x)\nreturn t if c else x")


def test_value_bound_again_by_its_reader_moves():
    check(
        inline,
        "d_x = x * y\nd_x = d_x * w\nreturn [d_x, d_x]",
        "d_x = x * y * w\nreturn [d_x, d_x]",
    )


def test_value_that_a_break_carries_out_of_the_loop_stays():
    unchanged(
        inline,
        (
            "for i in range(n):\n    d_x = x * y\n    if c:\n        break\n"
            "    d_x = d_x * w\nreturn d_x + d_x"
        ),
    )


def test_line_does_not_grow_beyond_99_columns():
    long = " + ".join(["x"] * 22)
    unchanged(inline, f"t = {long}\nreturn {long} * t")


def test_operations_stay_under_the_comment_of_their_statement():
    unchanged(inline, "# loss = s / n\nd_diff = 2 * x / n\n# diff = y - pred\nreturn -d_diff")
    check(inline, "# a = b\nd_a = w[0]\n# c = d\nreturn -d_a", "# a = b\n# c = d\nreturn -w[0]")


def test_forward_value_that_only_the_backward_part_reads_moves_there():
    check(
        inline,
        "t = np.exp(x)\n#\n# y = np.exp(x)\nreturn y * t",
        "#\n# y = np.exp(x)\nreturn y * np.exp(x)",
    )
