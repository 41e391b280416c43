"""UnsupportedSyntaxError: `match` in a differentiated function
  match_statement.py:10, in f
   10 |     match kind:
      |     ^^^^^^^^^^^
  why:      its patterns bind names in ways that are not followed
  instead:  write `if` and `elif` with comparisons and isinstance
"""

def f(x, kind):
    match kind:
        case "square":
            return x * x
        case _:
            return x


ARGS = (1.0, "square")
