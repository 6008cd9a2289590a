"""Keyword options that are declared once, and seen wherever a method takes them."""

from __future__ import annotations

import difflib
import inspect
import os
from collections.abc import Callable, Iterable, Mapping
from numbers import Integral
from typing import Any, TypeVar

from salesforce_bulk.errors import InvalidInput, UnknownOption
from salesforce_bulk.secret import Secret

_Method = TypeVar("_Method", bound=Callable[..., Any])


def takes_options(options: type, defaults: Mapping[str, Any]) -> Callable[[_Method], _Method]:
    """Let a method's signature show its keyword options one by one.

    Args:
        options: a TypedDict, the type of the method's ``**options``.
        defaults: of each of its keys.

    `help`, IPython and Sphinx see them then as if they stood in the method's definition; type
    checkers see them by the TypedDict.
    """

    def with_signature(method: _Method) -> _Method:
        given = inspect.signature(method)
        ours = [p for p in given.parameters.values() if p.kind is not p.VAR_KEYWORD]
        spelled = [
            inspect.Parameter(
                name, inspect.Parameter.KEYWORD_ONLY, default=defaults[name], annotation=annotation
            )
            for name, annotation in _annotations(options).items()
        ]
        method.__signature__ = given.replace(parameters=[*ours, *spelled])  # type: ignore[attr-defined]
        return method

    return with_signature


def _annotations(options: type) -> dict[str, str]:
    # As they are written: of "Api" the reader knows more than of the choices behind it.
    return {
        name: getattr(hint, "__forward_arg__", str(hint))
        for name, hint in options.__annotations__.items()
    }


def refuse_unknown(verb: str, given: Iterable[str], known: Iterable[str]) -> None:
    """Refuse options that a verb does not have.

    Raises:
        UnknownOption: names the verb, the option and the nearest that it has.
    """
    known = list(known)
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            raise UnknownOption(
                f"{verb}() has no option {name!r}"
                + (f"; did you mean {near[0]!r}?" if near else f"; it has {', '.join(known)}.")
            )


def refuse_no_text(name: str, value: object) -> None:
    """Raise `InvalidInput` for what is no text."""
    if not isinstance(value, str):
        raise InvalidInput(f"{name} is a text, not {value!r}.")


def secret_option(name: str, value: object) -> Secret | None:
    """A password or token that a caller gave; None stays None.

    Raises:
        InvalidInput: it is no text; the message has its type alone.
    """
    if value is None or isinstance(value, Secret):
        return value
    if not isinstance(value, str):
        raise InvalidInput(f"{name} is a text, not of type {type(value).__name__}.")
    return Secret(value)


def refuse_no_switch(name: str, value: object) -> None:
    """Raise `InvalidInput` for what is neither yes, no nor left open."""
    if value is not None and not isinstance(value, bool):
        raise InvalidInput(f"{name} is True, False or None, not {value!r}.")


def refuse_no_path(name: str, value: object) -> None:
    """Raise `InvalidInput` for what names no file."""
    if not isinstance(value, (str, os.PathLike)):
        raise InvalidInput(f"{name} is the path of a file, not {value!r}.")


def refuse_no_progress(value: object) -> None:
    """Raise `InvalidInput` for what nothing can be told to."""
    if value is not None and not isinstance(value, bool) and not callable(value):
        raise InvalidInput(
            f"progress is True, or a function that is given each Progress, not {value!r}."
        )


def refuse_no_count(name: str, value: object) -> None:
    """Raise `InvalidInput` for what is no whole number; those of numpy are some."""
    if not isinstance(value, Integral):
        raise InvalidInput(f"{name} is a whole number, not {value!r}.")
