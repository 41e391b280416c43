"""What is removed because nobody reads it, and what stays."""

import pytest

from knetsrc.transform.simplify import remove_dead_code
from transform.simplify_programs import EFFECTS, check


def dead(function):
    return remove_dead_code(function, EFFECTS)


REMOVED = {
    "a value": ("t = np.exp(x)\nreturn x", "return x"),
    "a chain": ("a = x + 1\nb = a * 2\nreturn x", "return x"),
    "a counter": (
        ("trips = 0\nfor i in range(n):\n    trips += 1\n    x = x * w\nreturn x"),
        "for i in range(n):\n    x = x * w\nreturn x",
    ),
    "a buffer": (
        (
            "d_x = np.zeros_like(x)\nfor i in range(n):\n    d_x[i] += w\n"
            "    add_at(d_x, i, w)\nreturn w"
        ),
        "return w",
    ),
    "a list": (
        ("y_saved = []\nfor i in range(n):\n    y_saved.append(x)\n    x = x * w\nreturn x"),
        "for i in range(n):\n    x = x * w\nreturn x",
    ),
    "pops": ("y_saved = []\ny_saved.append(x)\ny = y_saved.pop()\nreturn x", "return x"),
    "a while loop": (
        ("k = 0\nwhile k < n:\n    k = k + 1\n    if c:\n        break\nreturn x"),
        "return x",
    ),
    "a branch": (
        "if c:\n    t = 1\nelse:\n    w = x\nreturn w",
        "if c:\n    pass\nelse:\n    w = x\nreturn w",
    ),
    "an if": ("if c:\n    t = 1\nelse:\n    # t = 2\n    t = 2\nreturn w", "return w"),
    "a nested function": ("def g(a):\n    return a\nreturn w", "return w"),
    "an overwritten value": ("y = x + 1\ny = x + 2\nreturn y", "y = x + 2\nreturn y"),
}
STAYS = {
    "what the next iteration reads": (
        "for i in range(n):\n    y = x * w\n    x = w\n    w = y\nreturn x"
    ),
    "a loop variable read afterwards": "for i in range(n):\n    pass\nreturn i",
    "a break of a loop that is needed": (
        "for i in range(n):\n    if c:\n        break\n    x = x * w\nreturn x"
    ),
    "a value that leaves by a break": (
        "y = 0\nfor i in range(n):\n    y = i\n    if y > 3:\n        break\n    y = 0\nreturn y"
    ),
    "printing": "for i in range(n):\n    print(x)\nreturn w",
    "an assertion": "y = x + 1\nassert c, y\nreturn w",
    "an error": "while c:\n    raise ValueError(x)\nreturn w",
    "a write into an argument": "v = x[1:]\nv[0] = 1\nreturn w",
    "a write through a view": "d_x = np.zeros_like(x)\nv = d_x[1:]\nv[0] += 1\nreturn d_x",
    "a write into what is kept in a list": (
        "d_x = np.zeros_like(x)\nys = [d_x]\nd_x[0] += 1\nreturn ys"
    ),
    "a list that is returned": "y_saved = []\ny_saved.append(x)\nreturn y_saved",
    "a list that is tested": (
        "y_saved = []\ny_saved.append(x)\nwhile y_saved:\n    y_saved.pop()\n"
        "    w = w * 2\nreturn w"
    ),
    "a name that a nested function sees": "y = x + 1\ndef g():\n    return y\nreturn g()",
    "code in a try": "try:\n    y = x + 1\nexcept ValueError:\n    y = x + 2\nreturn w",
    "the body of a with": "with quiet():\n    y = x + 1\nreturn y",
}


@pytest.mark.parametrize("what", REMOVED)
def test_removed(what):
    check(dead, *REMOVED[what])


@pytest.mark.parametrize("what", STAYS)
def test_stays(what):
    check(dead, STAYS[what], STAYS[what])


def test_pop_stays_in_step_with_one_that_is_read():
    check(
        dead,
        (
            "y_saved = []\ny_saved.append(x)\ny_saved.append(w)\n"
            "a = y_saved.pop()\nb = y_saved.pop()\nreturn b"
        ),
        (
            "y_saved = []\ny_saved.append(x)\ny_saved.append(w)\ny_saved.pop()\n"
            "b = y_saved.pop()\nreturn b"
        ),
    )


def test_later_pop_stays_where_an_earlier_one_is_read():
    text = (
        "y_saved = []\ny_saved.append(x)\ny_saved.append(w)\n"
        "a = y_saved.pop()\ny_saved.pop()\nreturn a"
    )
    check(dead, text, text)


def test_one_list_goes_while_another_stays():
    check(
        dead,
        (
            "a_saved = []\nb_saved = []\na_saved.append(x)\nb_saved.append(w)\n"
            "a = a_saved.pop()\nb = b_saved.pop()\nreturn b"
        ),
        "b_saved = []\nb_saved.append(w)\nb = b_saved.pop()\nreturn b",
    )
