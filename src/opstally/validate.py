"""A YAML file against the model that it declares: the declaration, or Problems with line and words for people."""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from opstally.errors import DefinitionError, Problem, did_you_mean
from opstally.model.declaration import NAME, SLUG, Declaration
from opstally.yamlfile import Steps, YamlFile

D = TypeVar("D", bound=Declaration)

_WANTED: Final = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "dict_type": "a mapping (key: value)",
    "dataclass_type": "a mapping (key: value)",
    "tuple_type": "a list",
    "list_type": "a list",
}
"""pydantic's error for a value of the wrong type → what is wanted instead."""


def declaration(file: YamlFile, model: type[D]) -> D:
    """What the file declares.

    Raises:
        DefinitionError: it does not fit the model; with every Problem.
    """
    try:
        declared: D = _adapter(model).validate_python(file.data)
    except ValidationError as error:
        raise DefinitionError(_problems(file, model, error.errors(include_url=False))) from None
    return declared


_ADAPTERS: Final[dict[type[Declaration], TypeAdapter[Any]]] = {}


def _adapter(model: type[Declaration]) -> TypeAdapter[Any]:
    if model not in _ADAPTERS:
        _ADAPTERS[model] = TypeAdapter(model)
    return _ADAPTERS[model]


def schema(model: type[Declaration]) -> dict[str, Any]:
    """The JSON Schema of a kind of file, for editors."""
    return _adapter(model).json_schema()


def plain(declared: Declaration) -> dict[str, Any]:
    """A declaration as plain data, with the keys that YAML has."""
    found: dict[str, Any] = _adapter(type(declared)).dump_python(declared, mode="json", by_alias=True)
    return found


def _problems(file: YamlFile, model: type[Declaration], errors: Iterable[ErrorDetails]) -> list[Problem]:
    placed: dict[Steps, list[ErrorDetails]] = {}
    for error in errors:
        placed.setdefault(_place(error, file.data), []).append(error)
    found = []
    for steps, here in placed.items():
        if all(error["type"] in _WANTED for error in here):
            # Each branch of a union complains; where one got further, only that one is about what was written.
            if not any(len(other) > len(steps) and other[: len(steps)] == steps for other in placed):
                found.append(Problem(file.shown, file.line(steps), _dotted(steps) + _wrong_type(here)))
            continue
        telling = [error for error in here if error["type"] not in _WANTED and not _counts_only_valid_items(error)]
        found += [Problem(file.shown, file.line(steps), _sentence(error, steps, model)) for error in telling]
    return sorted(set(found))


def _counts_only_valid_items(error: ErrorDetails) -> bool:
    """A list counts as empty too when none of its items is valid; then the items' own errors say all."""
    return error["type"] == "too_short" and bool(error["input"])


def _place(error: ErrorDetails, data: object) -> Steps:
    """Where in the file the error is: pydantic's location without its names for branches of unions."""
    steps: list[str | int] = []
    for part in error["loc"]:
        known = part in data if isinstance(data, dict) else isinstance(data, list) and part in range(len(data))
        if known:
            data = data[part]  # type: ignore[index]
            steps.append(part)
    return tuple(steps)


def _sentence(error: ErrorDetails, steps: Steps, model: type[Declaration]) -> str:
    kind, given, context = error["type"], error["input"], error.get("ctx", {})
    if kind == "unexpected_keyword_argument":
        *around, key = steps
        return f"{_dotted(around)}unknown key {str(key)!r}.{did_you_mean(str(key), _keys(model, around))}"
    if kind == "missing":
        key = error["loc"][-1]
        missing = f"the key {key!r}" if isinstance(key, str) else f"item {key + 1} of the list"
        return f"{_dotted(steps)}{missing} is missing."
    if kind == "literal_error":
        near = did_you_mean(str(given), re.findall(r"'([^']*)'", context["expected"]))
        if "Did you mean" not in near:
            near = f" It is one of {context['expected']}."
        return f"{_dotted(steps)}{_shown(given)} is not known here.{near}"
    if kind == "value_error":
        return f"{_dotted(steps)}{context['error']}."
    return f"{_dotted(steps)}{_limit(kind, given, context) or error['msg'] + '.'}"


def _limit(kind: str, given: object, context: Mapping[str, Any]) -> str | None:
    match kind:
        case "string_pattern_mismatch":
            return f"{_shown(given)} is not a name: {_pattern_words(context['pattern'])}."
        case "string_too_short" | "too_short":
            return "must not be empty."
        case "greater_than":
            return f"{_shown(given)} is too small, it must be above {context['gt']}."
        case "greater_than_equal":
            return f"{_shown(given)} is too small, the least is {context['ge']}."
        case "less_than_equal":
            return f"{_shown(given)} is too large, the most is {context['le']}."
        case _ if kind.startswith("date_"):
            return f"{_shown(given)} is no day; write it as year-month-day, such as 2026-10-26."
        case _:
            return None


def _pattern_words(pattern: str) -> str:
    return next((kind.words for kind in (NAME, SLUG) if kind.pattern == pattern), f"it must match {pattern}")


def _wrong_type(errors: list[ErrorDetails]) -> str:
    given = errors[0]["input"]
    wanted = " or ".join(dict.fromkeys(_WANTED[error["type"]] for error in errors))
    if given is None:
        return f"is empty, and must be {wanted}."
    quote = "; put it in quotes" if "text" in wanted and isinstance(given, bool | int | float) else ""
    return f"must be {wanted}, not {_shown(given)}{quote}."


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value) if len(repr(value)) <= 60 else repr(value)[:57] + "…"


def _dotted(steps: Iterable[str | int]) -> str:
    """`columns.ticket_id.type: `, with positions in lists counted from 1."""
    path = "".join(f"[{step + 1}]" if isinstance(step, int) else f".{step}" for step in steps)
    return f"{path.removeprefix('.')}: " if path else ""


def _keys(model: type[Declaration], steps: Iterable[str | int]) -> set[str]:
    """The keys that may stand in the mapping at `steps`."""
    here: set[Any] = {model}
    for step in steps:
        here = {inner for annotation in here for inner in _inside(annotation, step)}
    return {key for annotation in here if _is_declaration(annotation) for key in annotation.keys().values()}


def _inside(annotation: Any, step: str | int) -> set[Any]:
    """The types that a key or position of a value may have."""
    if _is_declaration(annotation):
        hints = typing.get_type_hints(annotation)
        return {
            branch
            for name, key in annotation.keys().items()
            if step in (name, key)
            for branch in _branches(hints[name])
        }
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is dict:
        return _branches(arguments[1])
    return _branches(arguments[0]) if origin is tuple else set()


def _branches(annotation: Any) -> set[Any]:
    if typing.get_origin(annotation) in (types.UnionType, typing.Union):
        return {branch for inner in typing.get_args(annotation) for branch in _branches(inner)}
    return {annotation}


def _is_declaration(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, Declaration)
