"""UnsupportedSyntaxError: the generator `sim.steps(3)` that runs in turns with what goes through it
  generator_in_turns.py:23, in f
   23 |     for _ in sim.steps(3):
      |              ^^^^^^^^^^^^
  why:      one of the two changes what the other reads, and a list is made of all values before
  instead:  write its statements into the loop; or go through `list(...)` of it, if it may run first
"""


class Decay:
    def __init__(self, u):
        self.u = u

    def steps(self, count):
        for k in range(count):
            self.u = self.u * 0.5
            yield k


def f(x):
    sim = Decay(x)
    s = 0.0
    for _ in sim.steps(3):
        s = s + sim.u * sim.u
    return s


ARGS = (1.0,)
