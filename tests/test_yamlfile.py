"""Reading one YAML file: data as people expect it, lines, and refusals in words."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opstally.errors import DefinitionError, Problem
from opstally.yamlfile import _PLAIN, LARGEST, YamlFile, read


def made(folder: Path, content: str | bytes) -> YamlFile:
    path = folder / "x.yml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read(path, "tables/x.yml")


def refused(folder: Path, content: str | bytes) -> Problem:
    with pytest.raises(DefinitionError) as error:
        made(folder, content)
    (problem,) = error.value.problems
    assert problem.file == "tables/x.yml"
    return problem


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True), ("True", True), ("false", False), ("yes", "yes"), ("no", "no"), ("on", "on"), ("off", "off"),
        ("null", None), ("~", None), ("", None), ("''", ""), ("'null'", "null"), ("'5'", "5"),
        ("5", 5), ("-5", -5), ("0", 0), ("007", "007"), ("1_000", "1_000"), ("0x1f", "0x1f"), ("12:30:00", "12:30:00"),
        ("1.5", 1.5), (".5", 0.5), ("5.", 5.0), ("1e3", 1000.0), (".inf", ".inf"), (".", "."), ("-", ["x"]),
        ("2026-11-22", "2026-11-22"), ("!!str 5", "5"), ("=", "="), ("NaN", "NaN"),
    ],
)  # fmt: skip
def test_values(tmp_path: Path, text: str, value: object) -> None:
    content = f"a: {text}\n" if text != "-" else "a:\n- x\n"
    assert made(tmp_path, content).data == {"a": value}


def test_keys_are_text(tmp_path: Path) -> None:
    assert list(made(tmp_path, "on: 1\nno: 2\n1: 3\ntrue: 4\n2026-01-01: 5\n~: 6\n").data) == [
        "on", "no", "1", "true", "2026-01-01", "~",
    ]  # fmt: skip


def test_lines(tmp_path: Path) -> None:
    file = made(tmp_path, "# comment\na: 1\nb:\n  c: [1,\n    2]\n  d:\n  - e: >\n      long\n      text\n    f: 2\n")
    lines = {(): 1, ("a",): 2, ("b",): 3, ("b", "c"): 4, ("b", "c", 1): 5, ("b", "d", 0): 7, ("b", "d", 0, "f"): 10}
    assert {steps: file.line(steps) for steps in lines} == lines


def test_the_line_of_what_is_not_there_is_that_of_what_is_around_it(tmp_path: Path) -> None:
    file = made(tmp_path, "a: 1\nb:\n  c: 2\n")
    assert file.line(("b", "missing", 3)) == 2
    assert file.line(("missing",)) == 1


def test_byte_order_mark_and_windows_line_ends(tmp_path: Path) -> None:
    file = made(tmp_path, "\ufeffa: ø\r\nb: 2\r\n")
    assert file.data == {"a": "ø", "b": 2}
    assert file.line(("b",)) == 2


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        ("a: 1\nb:\n  c: 1\n  c: 2\n", 4, "the key 'c' is given twice"),
        ("a: 1\n'a': 2\n", 2, "the key 'a' is given twice"),
        ("a:\n\t- x\n", 2, "a tab is used for indentation; use spaces"),
        ("a: @x\n", 1, "is not YAML: a text that starts with @ needs quotes"),
        ("", 1, "is empty"),
        ("# only a comment\n", 1, "is empty"),
        ("- a\n", 1, "does not hold a mapping (key: value)"),
        ("just text\n", 1, "does not hold a mapping (key: value)"),
        ("a: 1\n---\nb: 2\n", 2, "holds several documents (---); write one file for each"),
        ("a: &x [1]\nb: *x\n", 1, "an alias (*name) of a list or mapping is not supported; write it out at each place"),
        ("a: &x {b: *x}\n", 1, "an alias (*name) of a list or mapping is not supported; write it out at each place"),
        ("a: *x\n", 1, "is not YAML: found undefined alias"),
        ("a: 1\nb: !!python/object:os.system x\n", 2, "the tag !!python/object:os.system is not supported"),
        ("a: !!set {b}\n", 1, "the tag !!set is not supported"),
        ("a: !!int x\n", 1, "'x' cannot be read as !!int"),
        ("{a: 1}: b\n", 1, "a key must be text; a text that starts with { or [ needs quotes"),
        ("a: [1, 2\nb: 3\n", 2, "is not YAML: did not find expected ',' or ']' (while parsing a flow sequence)"),
        ("a: b: c\n", 1, "is not YAML: mapping values are not allowed in this context"),
        ("a: 1\nb: \x07\n", 2, "has the control character '\\x07'; remove it"),
        (b"a: 1\nb: caf\xe9\n", 2, "is not UTF-8 text (byte 0xe9); save it as UTF-8"),
        ("a: 1\n".encode("utf-16"), 1, "is not UTF-8 text (byte 0xff); save it as UTF-8"),
        ("a: " + "x" * LARGEST, 0, "is larger than 1,000,000 bytes; a definition is a short text"),
    ],
)
def test_refuses(tmp_path: Path, content: str | bytes, line: int, message: str) -> None:
    problem = refused(tmp_path, content)
    assert (problem.line, problem.message) == (line, message)


@pytest.mark.parametrize("content", ["a: " + "[" * 60 + "]" * 60, "a: " + "[" * 450_000, "- " * 450_000])
def test_refuses_nesting_before_it_takes_the_memory(tmp_path: Path, content: str) -> None:
    started = time.process_time()
    assert "nested deeper than 50 levels" in refused(tmp_path, content).message
    assert time.process_time() - started < 2


def test_refuses_a_bomb_of_aliases(tmp_path: Path) -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 60))
    assert "alias" in refused(tmp_path, bomb).message


def test_a_file_that_cannot_be_opened_says_why(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match=r"tables/x.yml: cannot be read: No such file or directory"):
        read(tmp_path / "x.yml", "tables/x.yml")


@given(st.text(max_size=60) | st.binary(max_size=60))
def test_any_content_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: str | bytes) -> None:
    raw = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    try:
        file = made(tmp_path_factory.getbasetemp(), raw)
    except DefinitionError as error:
        assert error.problems[0].message
    else:
        assert all(file.line((key,)) >= 1 for key in file.data)


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers())
def test_numbers_as_python_writes_them_are_numbers(number: float) -> None:
    match = _PLAIN.fullmatch(repr(number))
    assert match is not None
    assert match.lastgroup == ("int" if isinstance(number, int) else "float")
