"""Outages, from checks written by hand, and against a replay of every instant."""

from __future__ import annotations

import datetime as dt
import random

from tests.derive.loaded import Loaded, day

from opstally.model.history import Histories, Outages

MINUTE = dt.timedelta(minutes=1)


def checks(loaded: Loaded, start: str, results: str, check: str = "http", service: str = "api", every: int = 1) -> None:
    """A result every so many minutes: u up, d down, s slow (degraded), m maintenance, ? unknown, space nothing."""
    words = {"u": "up", "d": "down", "s": "degraded", "m": "maintenance", "?": "unknown"}
    for i, letter in enumerate(results):
        if letter != " ":
            at = day(start) + i * every * MINUTE
            row = {"service_name": service, "check_id": check, "check_timestamp": at, "status": words[letter]}
            loaded.add("infrastructure_monitoring", row)


def outages(loaded: Loaded, service: str = "api") -> list[str]:
    found = loaded.rows(
        "SELECT started_at, ended_at, down_checks, checks_involved, coalesce(ended_by, 'going on') FROM outages "
        f"WHERE service_name = '{service}' ORDER BY started_at"
    )
    return [f"{s:%H:%M}–{f'{e:%H:%M}' if e else ''} {n}/{k} {by}" for s, e, n, k, by in found]


def test_from_the_first_result_that_shows_it_to_the_first_that_does_not(loaded: Loaded) -> None:
    checks(loaded, "2 10:00", "uudddsuuduu")
    loaded.derive()
    assert outages(loaded) == ["10:02–10:05 3/1 recovery", "10:08–10:09 1/1 recovery"]
    assert loaded.rows("SELECT duration_minutes FROM outages ORDER BY started_at") == [(3,), (1,)]


def test_unknown_results_say_nothing_and_maintenance_ends_it(loaded: Loaded) -> None:
    checks(loaded, "2 10:00", "uud?duuudd?uuudmmdu")
    loaded.derive()
    assert outages(loaded) == [
        "10:02–10:05 2/1 recovery",
        "10:08–10:11 2/1 recovery",
        "10:14–10:15 1/1 recovery",
        "10:17–10:18 1/1 recovery",
    ]


def test_a_result_holds_for_three_usual_intervals_at_most(loaded: Loaded) -> None:
    checks(loaded, "2 10:00", "uuuuuuuuuudd        uuuuuuuuuuuuuuuuuuuuuuuuu")
    loaded.derive()
    # The mean interval of the day is 52/44 minutes or so: 11:11 and a little more than three minutes.
    [(started, ended, by)] = loaded.rows("SELECT started_at, ended_at, ended_by FROM outages")
    assert (started, by) == (day("2 10:10"), "silence")
    assert ended == day("2 10:11") + 3 * (44 * MINUTE) / 36
    loaded.derive(histories=Histories(outages=Outages(stale_after=100)))
    assert outages(loaded) == ["10:10–10:20 2/1 recovery"]


def test_down_by_the_newest_results_of_all_is_still_going_on(loaded: Loaded) -> None:
    checks(loaded, "2 10:00", "uuuuuuuudd")
    checks(loaded, "2 10:00", "uuuud", service="left")
    loaded.derive()
    assert outages(loaded) == ["10:08– 2/1 going on"]
    # The checks of the other service stopped earlier than the newest result: nobody knows.
    assert outages(loaded, "left") == ["10:04–10:07 1/1 silence"]


def test_half_of_the_checks_decide(loaded: Loaded) -> None:
    checks(loaded, "2 10:00", "uddddduuuuu", "a")
    checks(loaded, "2 10:00", "uuudddduuuu", "b")
    checks(loaded, "2 10:00", "uuuuddduuuu", "c")
    loaded.derive()
    assert outages(loaded) == ["10:03–10:07 10/3 recovery"]
    loaded.derive(histories=Histories(outages=Outages(down_share=1.0)))
    assert outages(loaded) == ["10:04–10:06 6/3 recovery"]
    loaded.derive(histories=Histories(outages=Outages(down_share=0.01)))
    assert outages(loaded) == ["10:01–10:07 12/3 recovery"]


def test_checks_without_a_fresh_result_have_no_say(loaded: Loaded) -> None:
    """Of three checks, two ran the day before only."""
    for check in ("a", "b"):
        checks(loaded, "1 10:00", "uuuuuuuuuu", check)
    checks(loaded, "2 10:00", "uuduuuuuuu", "c")
    loaded.derive()
    assert outages(loaded) == ["10:02–10:03 1/1 recovery"]


def test_results_that_must_confirm_each_other(loaded: Loaded) -> None:
    checks(loaded, "2 10:00", "uuduuddduuddu")
    loaded.derive(histories=Histories(outages=Outages(confirm=3)))
    assert outages(loaded) == ["10:05–10:08 3/1 recovery"]


def test_rare_checks(loaded: Loaded) -> None:
    """One result a day: an outage lasts until the next, over midnight."""
    checks(loaded, "2 10:00", "uudduu", every=24 * 60)
    loaded.derive()
    [(started, ended)] = loaded.rows("SELECT started_at, ended_at FROM outages")
    assert (started, ended) == (day("4 10:00"), day("6 10:00"))


def test_over_midnight(loaded: Loaded) -> None:
    checks(loaded, "2 23:50", "uuuuuddddddddddddddddddddduuuuu")
    loaded.derive()
    assert outages(loaded) == ["23:55–00:16 21/1 recovery"]


def test_random_checks_agree_with_a_replay(loaded: Loaded) -> None:
    """Three checks of a service at every half minute of two days: the newest result of each that holds."""
    rng = random.Random(7)
    results: dict[str, list[tuple[dt.datetime, str]]] = {}
    for check in ("a", "b", "c"):
        at, status, results[check] = day("2 00:00"), "up", []
        while at < day("4 00:00"):
            if rng.random() < 0.05:
                status = rng.choice(["up", "up", "down", "down", "unknown", "maintenance", "degraded"])
            if rng.random() < 0.9:
                results[check].append((at, status))
            at += 10 * MINUTE
    rows = [(c, at, status) for c, found in results.items() for at, status in found]
    columns = "service_name, check_id, check_timestamp, status"
    loaded.connection.executemany(f"INSERT INTO infrastructure_monitoring ({columns}) VALUES ('api', ?, ?, ?)", rows)
    loaded.derive()
    found = loaded.rows("SELECT started_at, ended_at FROM outages")
    assert len(found) > 5
    holds = {check: 3 * interval(rows) for check, rows in results.items()}
    at = day("2 00:00")
    while at < day("3 23:00"):
        states = [state(results[check], holds[check], at) for check in results]
        fresh = [status for status in states if status in ("up", "degraded", "down")]
        expected = fresh.count("down") > 0 and fresh.count("down") >= len(fresh) / 2
        assert any(start <= at and (end is None or at < end) for start, end in found) == expected, at
        at += dt.timedelta(seconds=30)


def interval(results: list[tuple[dt.datetime, str]]) -> dt.timedelta:
    """The median over the days of the mean interval of the day, which for two days is their mean."""
    days: dict[dt.date, list[dt.datetime]] = {}
    for at, status in results:
        if status != "unknown":
            days.setdefault(at.date(), []).append(at)
    means = [(times[-1] - times[0]) / (len(times) - 1) for times in days.values()]
    return sum(means, dt.timedelta()) / len(means)


def state(results: list[tuple[dt.datetime, str]], holds: dt.timedelta, at: dt.datetime) -> str | None:
    told = [(when, status) for when, status in results if when <= at and status != "unknown"]
    return told[-1][1] if told and at < told[-1][0] + holds else None
