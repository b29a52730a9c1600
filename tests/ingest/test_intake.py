"""Which files are loaded, and by which source."""

from __future__ import annotations

import glob
import gzip
import os
import tempfile
from pathlib import Path

import duckdb
import pytest
from tests.ingest.desk import Desk

SOURCE = (
    "source: {name}\nlabel: X\nfiles: [{files}]\ntargets:\n  - table: services\n    columns: {{service_name: Name}}\n"
)
FOCUS = "BilledCost,EffectiveCost,ChargeCategory,ChargePeriodStart,ChargePeriodEnd,BillingCurrency\n"
LINE = "1,1,Usage,2026-01-01 00:00:00,2026-01-01 01:00:00,USD\n"


def told(desk: Desk) -> list[tuple[str, str]]:
    """(source, file) of everything that was read."""
    return [(f.source, f.path) for f in desk.load().files]


def test_a_known_export_is_recognised_by_its_header_wherever_it_lies_in_data(desk: Desk) -> None:
    desk.write("data/2026/some-name.csv", FOCUS + LINE)
    desk.write("data/2026/other.csv", "a,b\n1,2\n")
    assert told(desk) == [("focus_billing", "data/2026/some-name.csv")]


def test_each_file_goes_to_the_first_that_takes_it(desk: Desk) -> None:
    """A feed, then the project's own sources, then known exports, then files named after tables."""
    desk.write("sources/mine.yml", SOURCE.format(name="mine", files="data/m*.csv"))
    desk.write("sources/fed.yml", SOURCE.format(name="fed", files="data/never*.csv"))
    desk.write("opstally.yml", "name: T\nsources: [{source: fed, files: [data/f.csv]}]\n")
    for name in ("f", "m"):
        desk.write(f"data/{name}.csv", f"Name\n{name}\n")
    desk.write("data/cloud_costs.csv", FOCUS + LINE)
    desk.write("data/services.csv", "service_name\napi\n")
    assert told(desk) == [
        ("fed", "data/f.csv"),
        ("mine", "data/m.csv"),
        ("focus_billing", "data/cloud_costs.csv"),
        ("services", "data/services.csv"),
    ]


def test_a_file_wanted_twice_is_an_error_that_names_both(desk: Desk) -> None:
    desk.write("sources/one.yml", SOURCE.format(name="one", files="data/*.csv"))
    desk.write("sources/two.yml", SOURCE.format(name="two", files="data/a*.csv"))
    desk.write("data/a.csv", "Name\nx\n")
    summary = desk.load()
    assert summary.errors == ("data/a.csv is read by one and by two: leave it to one of them, by the `files` of each.",)
    assert desk.column("SELECT service_name FROM services") == ["x"]


def test_a_feed_of_an_unknown_source_names_the_nearest(desk: Desk) -> None:
    desk.write("opstally.yml", "name: T\nsources: [{source: focus_biling, files: [data/*.csv]}]\n")
    assert desk.error() == "opstally.yml: There is no source 'focus_biling'. Did you mean 'focus_billing'?"


def test_a_feed_whose_files_are_not_there_says_so(desk: Desk) -> None:
    desk.write("opstally.yml", "name: T\nsources: [{source: focus_billing, files: [bills/*.csv]}]\n")
    told = desk.error()
    assert told.startswith("opstally.yml: no file matches bills/*.csv of source focus_billing in ")
    assert told.endswith(". Put the export there, or mend the source's `files`.")
    desk.write("opstally.yml", "name: T\nsources: [{source: focus_billing}]\n")
    assert desk.error() == "opstally.yml: source focus_billing says no files. Give it `files`, such as data/*.csv."


@pytest.mark.skipif(os.name != "posix", reason="needs file names that are bytes")
def test_a_file_whose_name_is_no_text_is_told(desk: Desk) -> None:
    desk.write("sources/mine.yml", SOURCE.format(name="mine", files="data/m*.csv"))
    desk.write("data/m1.csv", "Name\napi\n")
    desk.write(os.fsdecode(b"data/m\xff.csv"), "Name\nweb\n")
    desk.write("data/teams.csv", "service_name\napi\n")
    [error] = desk.load().errors
    assert error == "data/m\ufffd.csv: the file's name is not UTF-8 text. Rename it, then load again."


@pytest.mark.parametrize("suffix", ["csv", "csv.gz", "jsonl", "json", "parquet"])
@pytest.mark.parametrize("name", ["tickets[1]", "tickets*", "tickets?", "[old] tickets"])
def test_a_name_that_looks_like_a_pattern_is_that_file_alone(desk: Desk, name: str, suffix: str) -> None:
    """DuckDB reads tickets1.csv when it is asked for tickets[1].csv, as browsers call a second download."""
    desk.write("sources/mine.yml", SOURCE.format(name="mine", files=f"'data/{glob.escape(name)}.{suffix}'"))
    for stem, service in ((name, "right"), ("tickets1", "wrong"), ("o tickets", "wrong")):
        desk.write(f"data/{stem}.{suffix}", content(suffix, service))
    summary = desk.load()
    if "?" in name and suffix.endswith("gz"):
        told = "a zipped file's name must not have a question mark. Rename it, then load again."
        assert summary.errors == (f"data/{name}.{suffix}: {told}",)
        return
    assert summary.errors == ()
    assert desk.column("SELECT service_name FROM services") == ["right"]


def content(suffix: str, name: str) -> bytes:
    """An export with one service."""
    if suffix == "parquet":
        with tempfile.TemporaryDirectory() as folder:
            duckdb.sql(f"COPY (SELECT '{name}' AS \"Name\") TO '{folder}/x.parquet'")
            return Path(folder, "x.parquet").read_bytes()
    text = f"Name\n{name}\n" if "csv" in suffix else f'{{"Name": "{name}"}}\n'
    return gzip.compress(text.encode()) if suffix.endswith("gz") else text.encode()
