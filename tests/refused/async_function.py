"""UnsupportedSyntaxError: `async` in a differentiated function
  async_function.py:9, in f
   9 |     async def f(x):
     |     ^^^^^^^^^^^^^^^
  why:      a coroutine stops between steps; the backward sweep needs the whole run
  instead:  compute in a plain function and await around it
"""

async def f(x):
    return x * 2.0


ARGS = (1.0,)
