"""The shipped sources as declarations: complete, and fitting the tables that they feed."""

from __future__ import annotations

import pytest

from opstally import library
from opstally.ingest.files import DataFile
from opstally.ingest.intake import recognised_by, shipped
from opstally.model.source import Field_

from .conftest import FIXTURES
from .test_fixtures import COUNTS, NEED_AN_ANSWER

LIBRARY = library.load()
SOURCES = shipped(LIBRARY)
RECOGNISED = {name: next(iter(counts))[0] for name, counts in COUNTS.items()}
RECOGNISED |= {"jira/issues.json": "jira_service_management", **NEED_AN_ANSWER}
PARQUET = "cloud_incident_archive"
"""Tested on an export that the test writes."""


@pytest.mark.parametrize("name", SOURCES)
def test_says_what_it_is_and_what_cannot_be_had(name: str) -> None:
    source = SOURCES[name]
    assert len(source.description) > 40
    assert source.match.columns
    assert source.cannot
    assert source.label


@pytest.mark.parametrize("name", SOURCES)
def test_fits_its_tables(name: str) -> None:
    for target in SOURCES[name].targets:
        table = LIBRARY.tables[target.table].declaration
        assert not table.made_from
        assert set(target.columns) <= set(table.columns)
        for column in (*table.key, *(c for c, d in table.columns.items() if d.required)):
            assert column in target.columns or table.columns[column].fill, column
        for column, how in target.columns.items():
            allowed = table.columns[column].allowed
            if isinstance(how, Field_) and how.map and allowed:
                assert {*how.map.values(), *([how.otherwise] if how.otherwise else [])} <= set(allowed), column


@pytest.mark.parametrize("fixture", RECOGNISED)
def test_an_export_is_recognised_as_one_source(fixture: str) -> None:
    file = DataFile(FIXTURES / fixture, fixture)
    known = recognised_by(file, SOURCES)
    best = [name for columns, name in known if columns == max(known)[0]]
    assert best == [RECOGNISED[fixture]]


def test_every_source_has_a_fixture() -> None:
    assert {*RECOGNISED.values(), PARQUET} == set(SOURCES)
