"""Makes a program that fails as short as it gets while it fails in the same way."""

import ast
import copy
import time
from collections.abc import Iterator
from dataclasses import replace

from .judge import Verdict, judged
from .programs import Program


def shrunk(verdict: Verdict, seconds: float = 120.0) -> Verdict:
    """The verdict of the shortest program found that fails like this one, within a time.

    Statements are taken out, blocks put in place of what they stand in, and expressions replaced by parts of theirs; what fails
    for the same reason is kept, as long as there is something that does.
    """
    end = time.monotonic() + seconds
    source = ast.unparse(ast.parse(verdict.program.source))
    first = _verdict(replace(verdict.program, source=source))
    if first is None or not _is_like(first, verdict):
        return verdict
    best, tried = first, {source}
    shorter: Verdict | None = best
    while shorter is not None:
        best = shorter
        shorter = next(
            (
                found
                for each in _variants(best.program, tried)
                if time.monotonic() < end
                and (found := _verdict(each)) is not None
                and _is_like(found, verdict)
            ),
            None,
        )
    return best


def _is_like(one: Verdict, other: Verdict) -> bool:
    return (one.kind, one.reason) == (other.kind, other.reason)


def _verdict(program: Program) -> Verdict | None:
    """The verdict; None for a text that is no program."""
    try:
        return next(judged([program]))
    except (SyntaxError, AttributeError, StopIteration, RecursionError):
        return None


def _variants(program: Program, tried: set[str]) -> Iterator[Program]:
    """Shorter programs that were not tried before."""
    tree = ast.parse(program.source)
    for name in program.kinds:
        if len(program.kinds) > 1 and not _reads(tree, name):
            kinds = {other: kind for other, kind in program.kinds.items() if other != name}
            yield replace(program, source=_without_parameter(tree, name), kinds=kinds)
    for variant in (*_with_less(tree), *_with_parts(tree)):
        try:
            source = ast.unparse(ast.fix_missing_locations(variant))
        except ValueError:  # an f-string or a constant that cannot be written
            continue
        if len(source) < len(program.source) and source not in tried:
            tried.add(source)
            yield replace(program, source=source)


def _reads(tree: ast.Module, name: str) -> bool:
    last = tree.body[-1]
    return any(isinstance(node, ast.Name) and node.id == name for node in ast.walk(last))


def _without_parameter(tree: ast.Module, name: str) -> str:
    tree = copy.deepcopy(tree)
    main = tree.body[-1]
    assert isinstance(main, ast.FunctionDef)
    main.args.args = [each for each in main.args.args if each.arg != name]
    return ast.unparse(tree)


def _with_less(tree: ast.Module) -> Iterator[ast.Module]:
    """Without a run of statements, the longest first; with a block in place of the statement that it stands in."""
    blocks = [
        (place, field, len(held))
        for place, node in enumerate(ast.walk(tree))
        for field in ("body", "orelse")
        if isinstance(held := getattr(node, field, None), list)
    ]
    for place, field, length in blocks:
        for width in sorted({max(1, length // 2), max(1, length // 4), 1}, reverse=True):
            for start in range(length - width, -1, -1):
                variant, block = _copied(tree, place, field)
                del block[start : start + width]
                if block or field == "orelse":
                    yield variant
        for start in range(length):
            _, block = _copied(tree, place, field)
            for inner in ("body", "orelse"):
                if isinstance(block[start], ast.If | ast.For | ast.While | ast.With):
                    variant, changed = _copied(tree, place, field)
                    changed[start : start + 1] = getattr(changed[start], inner, None) or [
                        ast.Pass()
                    ]
                    yield variant


def _copied(tree: ast.Module, place: int, field: str) -> tuple[ast.Module, list[ast.stmt]]:
    variant = copy.deepcopy(tree)
    return variant, getattr(_nth(variant, place), field)


def _nth(tree: ast.AST, place: int) -> ast.AST:
    return next(node for number, node in enumerate(ast.walk(tree)) if number == place)


def _with_parts(tree: ast.Module) -> Iterator[ast.Module]:
    """With a part of an expression, or a plain number, in place of the whole."""
    for place, node in enumerate(ast.walk(tree)):
        for field, value in ast.iter_fields(node):
            held = value if isinstance(value, list) else [value]
            for number, each in enumerate(held):
                if field == "func" or not _can_shrink(each):
                    continue
                for part in _parts(each):
                    variant = copy.deepcopy(tree)
                    owner = _nth(variant, place)
                    if isinstance(value, list):
                        getattr(owner, field)[number] = part
                    else:
                        setattr(owner, field, part)
                    yield variant


def _can_shrink(node: object) -> bool:
    stored = isinstance(getattr(node, "ctx", None), ast.Store)
    return (
        isinstance(node, ast.expr) and not stored and not isinstance(node, ast.Name | ast.Constant)
    )


def _parts(node: ast.AST) -> list[ast.expr]:
    """Smaller expressions to stand for one, at most a dozen of its own."""
    inside = [
        part
        for part in ast.walk(node)
        if isinstance(part, ast.expr)
        and part is not node
        and not isinstance(getattr(part, "ctx", None), ast.Store)
        and not (isinstance(part, ast.Name) and part.id == "np")
    ]
    plain: list[ast.expr] = [ast.Constant(0.5), ast.Constant(1)]
    return [copy.deepcopy(part) for part in inside[:12]] + plain
