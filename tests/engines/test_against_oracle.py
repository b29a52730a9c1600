"""The random companies and questions of the planner's tests, on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.planner.company import LARGE, filled, measuring
from tests.planner.questions import Question, worlds_with_questions
from tests.planner.read_once import worlds_read_once
from tests.planner.test_against_oracle import compare, unhurried
from tests.planner.test_listing import reproduces
from tests.planner.worlds import SETTINGS, World

from opstally.engines.postgres import Postgres
from opstally.publish import publish


@pytest.fixture(scope="module")
def target(postgres_server: str) -> Iterator[Postgres]:
    """A schema whose tables each example fills anew."""
    engine = Postgres.connect(postgres_server, "worlds")
    yield engine
    engine.close()


@settings(unhurried, max_examples=40)
@given(made=worlds_with_questions() | worlds_read_once(), told=st.sampled_from([0, LARGE]))
def test_every_number_is_the_oracle_s(target: Postgres, made: tuple[World, list[Question]], told: int) -> None:
    world, questions = made
    source = filled(world.tables, world.rows)
    publish(source.connection, world.tables, target)
    source.close()
    measured = measuring(world.tables, world.metrics, target, world.calendar, SETTINGS, told)
    for question in questions:
        compare(world, question, measured)
        reproduces(world, question, measured)
