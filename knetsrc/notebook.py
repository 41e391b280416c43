"""How a gradient shows itself in a notebook: primal and adjoint side by side, highlighted."""

import inspect
import textwrap
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from knetsrc.gradient import Gradient

STYLE = "vertical-align: top; text-align: left; padding: 0 1.5em 0 0"


def side_by_side(gradient: "Gradient") -> str:
    """An HTML table of the primal's source and the generated source."""
    columns = [("primal", primal_source(gradient)), (repr(gradient)[1:-1], gradient.source)]
    cells = "".join(
        f'<td style="{STYLE}"><b>{escape(title)}</b>{_highlighted(text)}</td>'
        for title, text in columns
    )
    return f"<table><tr>{cells}</tr></table>"


def primal_source(gradient: "Gradient") -> str:
    """The text of the function that is differentiated; a comment where it has none."""
    try:
        return textwrap.dedent(inspect.getsource(gradient._callee.function)).rstrip()
    except (OSError, TypeError):
        return f"# {gradient.primal!r} has no Python source"


def _highlighted(text: str) -> str:
    from io import StringIO

    from rich.console import Console
    from rich.syntax import Syntax

    console = Console(
        file=StringIO(), record=True, width=max(map(len, text.splitlines()), default=1)
    )
    console.print(Syntax(text, "python", theme="ansi_light", background_color="default"))
    return console.export_html(inline_styles=True, code_format="<pre>{code}</pre>")
