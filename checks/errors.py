"""What went wrong, in one line."""

from __future__ import annotations


def innermost(error: BaseException) -> BaseException:
    """The first error inside groups of errors, which say nothing themselves."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def describe(error: BaseException) -> str:
    """One line for an error: its own first line, or its kind when it has none."""
    cause = innermost(error)
    lines = [line.strip() for line in str(cause).splitlines() if line.strip()]
    kind = type(cause).__name__
    return f"{kind}: {lines[0]}" if lines else kind
