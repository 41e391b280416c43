"""Runs a loop forward with few of its states kept, and backward from these.

    result, checkpoints = run_steps(f_steps, range(n), (u,), (c,), slots=3)

    0 . . . . . x . . . x . . x n       forward: three states kept, at places of a binomial schedule
                              |<        backward, block after block: the state before the last block is
                          |<            computed again from the last one that is kept; places that have
                      |<                become free are used again

The schedule is that of Griewank and Walther, "Algorithm 799: Revolve", ACM Transactions on
Mathematical Software 26, 2000. Its steps are blocks of iterations, so that a block is reversed by
one call, which keeps something of each of its iterations.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from knetsrc.backends.checks import check_distinct
from knetsrc.backends.structures import zeros_like

State = tuple[Any, ...]
Checkpoints = tuple[list[tuple[int, State]], State, "Schedule"]
_OF_A_BLOCK = 4  # what two calls for a block cost, in iterations


@dataclass(frozen=True)
class Schedule:
    """How a loop is cut into blocks, and how many states are kept.

    Attributes
    ----------
    steps
        Runs some of the iterations: ``steps(start, stop, *state, *fixed)`` gives the state after them.
    items
        What the loop counts through.
    block
        Number of iterations of a block.
    states
        How many states are kept at most.
    in_place
        The iterations write into the state, which is kept as a copy.
    """

    steps: Callable[..., Any]
    items: range
    block: int
    states: int
    in_place: bool

    @property
    def blocks(self) -> int:
        """The number of blocks."""
        return -(-len(self.items) // self.block)

    def part(self, first: int, last: int) -> range:
        """What the loop counts through from one block to another."""
        return self.items[first * self.block : last * self.block]

    def advanced(self, state: State, fixed: State, first: int, last: int, *, keep: bool) -> State:
        """The state before block `last`, from that before block `first`; `keep` it as it is."""
        if first == last:
            return state
        part = self.part(first, last)
        start = self.copied(state) if keep else state
        after = as_state(self.steps(part.start, part.stop, *start, *fixed), len(state))
        return self.checked(after, fixed) if keep else after

    def checked(self, state: State, fixed: State) -> State:
        """A state that may be copied part by part: no two of them share memory."""
        if self.in_place:
            check_distinct([*state, *fixed], "the state of a checkpointed loop")
        return state

    def copied(self, state: State) -> State:
        """A state that the iterations leave alone."""
        return tuple(map(_copied, state)) if self.in_place else state


def run_steps(
    steps: Callable[..., Any],
    items: range,
    state: State,
    fixed: State = (),
    *,
    slots: int | None = None,
    in_place: bool = False,
) -> tuple[Any, Checkpoints]:
    """The state after a loop, and what `reverse_steps` needs of it.

    Parameters
    ----------
    steps
        Runs a part of the loop: ``steps(start, stop, *state, *fixed)`` returns the state after it,
        a single value or a tuple.
    items
        What the loop counts through.
    state, fixed
        What the iterations change, and what they only read.
    slots
        How many states are kept at most, what is kept of the iterations of one block among them;
        about the square root of the number of iterations if left out.
    in_place
        The iterations write into arrays or containers of the state.

    Examples
    --------
    >>> def squares(start, stop, x):
    ...     for _ in range(start, stop):
    ...         x = x * x
    ...     return x
    >>> run_steps(squares, range(3), (2.0,))[0]
    256.0
    """
    count = len(items)
    block, states = sizes(count, math.isqrt(count) + 1 if slots is None else slots)
    schedule = Schedule(steps, items, block, states, in_place)
    kept: list[tuple[int, State]] = [] if count else [(0, state)]
    first, last = 0, schedule.blocks
    while first < last:
        kept.append((first, schedule.copied(schedule.checked(state, fixed))))
        free = states - len(kept)
        ahead = advance(last - first, free + 1) if free and last - first > 1 else last - first
        state = schedule.advanced(state, fixed, first, first + ahead, keep=False)
        first += ahead
    return state[0] if len(state) == 1 else state, (kept, fixed, schedule)


def reverse_steps(
    checkpoints: Checkpoints,
    forward: Callable[..., Any],
    backward: Callable[..., Any],
    d_state: tuple[Any, ...],
    d_fixed: tuple[Any, ...] = (),
    *,
    wrt: tuple[int, ...] | None = None,
) -> Any:
    """The adjoints of what a loop has started from, and of what it has read.

    Parameters
    ----------
    checkpoints
        What `run_steps` has returned; it is used up.
    forward, backward
        The pair of functions that reverses a part of the loop.
    d_state
        Adjoints of the state after the loop; None for zero.
    d_fixed
        Adjoints of what has one among what is only read: buffers that are added into.
    wrt
        Places of the state that have adjoints, if not all have.

    Returns
    -------
    tuple
        The adjoints of the state before the loop, then those of `fixed`; the adjoint itself if there
        is one only.
    """
    kept_states, fixed, schedule = checkpoints
    active = range(len(d_state)) if wrt is None else wrt
    if not schedule.items:
        d_state = _filled(d_state, active, kept_states[0][1])
    for part, state in _blocks_backward(checkpoints):
        after, kept = forward(part.start, part.stop, *state, *fixed)
        d_state = _filled(d_state, active, as_state(after, len(d_state)))
        adjoints = backward(kept, d_state if len(d_state) > 1 else d_state[0], *d_fixed)
        adjoints = as_state(adjoints, len(active) + len(d_fixed))
        found = dict(zip(active, adjoints, strict=False))
        d_state = tuple(found.get(i) for i in range(len(d_state)))
        d_fixed = adjoints[len(active) :]
    every = (*(d_state[i] for i in active), *d_fixed)
    return every[0] if len(every) == 1 else every


def _filled(d_state: tuple[Any, ...], active: Sequence[int], state: State) -> tuple[Any, ...]:
    """Adjoints of a state, zeros where there are none yet."""
    if all(d_state[i] is not None for i in active):
        return d_state
    return tuple(
        zeros_like(v) if d is None and i in active else d
        for i, (d, v) in enumerate(zip(d_state, state, strict=True))
    )


def _blocks_backward(checkpoints: Checkpoints) -> Iterator[tuple[range, State]]:
    """Each block from the last to the first, with the state before it."""
    kept, fixed, schedule = checkpoints
    for last in range(schedule.blocks, 0, -1):
        first, state = kept[-1]
        while last - first > 1 and len(kept) < schedule.states:
            ahead = advance(last - first, schedule.states - len(kept) + 1)
            state = schedule.advanced(state, fixed, first, first + ahead, keep=True)
            first += ahead
            kept.append((first, state))
        if first == last - 1:
            kept.pop()
        else:
            state = schedule.advanced(state, fixed, first, last - 1, keep=True)
        yield schedule.part(last - 1, last), state


def as_state(value: Any, count: int) -> tuple[Any, ...]:
    """A single value or a tuple of `count` as a tuple."""
    return (value,) if count == 1 else value


# --- the schedule -----------------------------------------------------------------------------------------------------------
def sizes(count: int, slots: int) -> tuple[int, int]:
    """How many iterations make a block, and how many states are kept: together at most ``slots + 1``.

    The one block that is reversed keeps something of each of its iterations, as if it were a state;
    a block of a single iteration needs no place. Of the sizes of a block, powers of two and half
    the slots are tried, and that with the least work is taken.

    Examples
    --------
    >>> sizes(100, 10)
    (5, 6)
    """
    most = max(1, min(slots, count))
    tried = {1 << k for k in range(most.bit_length())} | {-(-most // 2), most}
    return min(
        (_work(count, block, slots - block + 1), block, slots - block + 1)
        for block in tried
        if slots - block + 1 >= 1
    )[1:]


def _work(count: int, block: int, states: int) -> int:
    blocks = -(-count // block)
    return block * advances(blocks, states) + _OF_A_BLOCK * blocks


def repetitions(blocks: int, states: int) -> int:
    """How often a block is run forward at most: the least r with ``comb(states + r, states) >= blocks``."""
    found = 0
    while math.comb(states + found, states) < blocks:
        found += 1
    return found


def advances(blocks: int, states: int) -> int:
    """How many blocks are run forward to reverse all of them, each counted as often as it is run.

    Examples
    --------
    >>> advances(10, 3)
    15
    """
    most = repetitions(blocks, states)
    return most * blocks - math.comb(states + most, states + 1)


def advance(blocks: int, states: int) -> int:
    """After how many of `blocks` the next state is kept, where the first of `states` is that before them.

    Examples
    --------
    >>> advance(10, 3)
    4
    """
    if states == 1:
        return blocks - 1
    most = repetitions(blocks, states)

    def reach(kept: int, times: int) -> int:
        return math.comb(kept + times, kept) if kept >= 0 and times >= 0 else 0

    if blocks <= reach(states, most - 1) + reach(states - 2, most - 1):
        return max(1, reach(states, most - 2))
    if blocks >= reach(states, most) - reach(states - 3, most):
        return reach(states, most - 1)
    return blocks - reach(states - 1, most - 1) - reach(states - 2, most - 1)


# --- states in place -------------------------------------------------------------------------------------------------------
def _copied(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, list):
        return list(map(_copied, value))
    if isinstance(value, dict):
        return {key: _copied(part) for key, part in value.items()}
    if type(value) is tuple:
        return tuple(map(_copied, value))
    return value.copy() if hasattr(value, "__array_function__") else value
