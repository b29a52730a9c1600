"""Stages of incidents, from updates written by hand."""

from __future__ import annotations

from typing import Any

from tests.derive.loaded import Loaded, day

from opstally.model.history import Histories


def update(number: int, when: str, stage: str, service: str = "*", incident: str = "I1") -> dict[str, Any]:
    return {
        "update_id": f"U{number}",
        "incident_id": incident,
        "service_name": service,
        "at": day(when),
        "stage": stage,
    }


def incident(service: str = "api", started: str = "2 09:00", number: str = "I1", **more: Any) -> dict[str, Any]:
    return {"incident_id": number, "service_name": service, "started_at": day(started)} | more


def stages(loaded: Loaded, service: str = "api", number: str = "I1") -> list[str]:
    its = f"incident_id = '{number}' AND service_name = '{service}'"
    found = loaded.rows(f"SELECT from_at, to_at, stage FROM incident_stages WHERE {its} ORDER BY from_at")
    return [f"{start:%H:%M}–{end:%H:%M} {stage}" if end else f"{start:%H:%M}– {stage}" for start, end, stage in found]


def ends(loaded: Loaded, service: str = "api") -> tuple[Any, ...]:
    columns = "mitigated_at, resolved_at, duration_minutes"
    [found] = loaded.rows(f"SELECT {columns} FROM incidents WHERE service_name = '{service}'")
    return found


def test_updates_say_the_stage_from_then_on(loaded: Loaded) -> None:
    loaded.add("incidents", incident())
    loaded.add(
        "incident_updates",
        update(1, "2 09:10", "Investigating"), update(2, "2 09:20", "Update"), update(3, "2 09:30", "identified"),
        update(4, "2 10:00", "Monitoring"), update(5, "2 11:00", "RESOLVED"), update(6, "3 11:00", "Postmortem"),
    )  # fmt: skip
    loaded.derive()
    assert stages(loaded) == [
        "09:00–09:10 started", "09:10–09:30 investigating", "09:30–10:00 identified", "10:00–11:00 monitoring",
    ]  # fmt: skip
    assert ends(loaded) == (day("2 10:00"), day("2 11:00"), 120)


def test_services_go_through_the_stages_each_for_itself(loaded: Loaded) -> None:
    loaded.add("incidents", incident("api"), incident("web", "2 09:05"))
    loaded.add(
        "incident_updates",
        update(1, "2 09:10", "investigating"), update(2, "2 09:30", "resolved", "api"),
        update(3, "2 10:00", "identified", "web"), update(4, "2 10:30", "monitoring", "jobs"),
    )  # fmt: skip
    loaded.derive()
    assert stages(loaded) == ["09:00–09:10 started", "09:10–09:30 investigating"]
    assert stages(loaded, "web") == ["09:05–09:10 started", "09:10–10:00 investigating", "10:00– identified"]
    assert stages(loaded, "jobs") == ["09:10–10:30 investigating", "10:30– monitoring"]
    assert ends(loaded) == (None, day("2 09:30"), 30)
    assert ends(loaded, "web") == (None, None, None)


def test_an_incident_that_comes_back_is_not_over(loaded: Loaded) -> None:
    loaded.add("incidents", incident())
    loaded.add(
        "incident_updates",
        update(1, "2 09:00", "investigating"), update(2, "2 09:30", "monitoring"), update(3, "2 10:00", "resolved"),
        update(4, "2 12:00", "investigating"),
    )  # fmt: skip
    loaded.derive()
    assert stages(loaded) == ["09:00–09:30 investigating", "09:30–10:00 monitoring", "12:00– investigating"]
    assert ends(loaded) == (None, None, None)


def test_updates_at_one_instant_go_on_as_incidents_do(loaded: Loaded) -> None:
    loaded.add("incidents", incident())
    loaded.add("incident_updates", update(1, "2 10:00", "resolved"), update(2, "2 10:00", "investigating"))
    loaded.derive()
    assert stages(loaded) == ["09:00–10:00 started"]
    assert ends(loaded)[1] == day("2 10:00")


def test_an_end_that_the_export_tells_ends_the_last_stage_and_stays(loaded: Loaded) -> None:
    loaded.add("incidents", incident(resolved_at=day("2 10:00"), duration_minutes=60.0))
    loaded.add("incidents", incident("web", "2 08:00", "I2", resolved_at=day("2 08:59"), mitigated_at=day("2 08:58")))
    loaded.add(
        "incident_updates", update(1, "2 09:30", "monitoring"), update(2, "2 12:00", "monitoring", incident="I2")
    )
    loaded.derive()
    assert stages(loaded) == ["09:00–09:30 started", "09:30–10:00 monitoring"]
    assert ends(loaded) == (day("2 09:30"), day("2 10:00"), 60)
    # Over before it was first spoken of.
    assert stages(loaded, "web", "I2") == ["08:00–08:59 started"]
    assert ends(loaded, "web") == (day("2 08:58"), day("2 08:59"), None)


def test_incidents_that_only_updates_know(loaded: Loaded) -> None:
    loaded.add("incident_updates", update(1, "2 09:00", "investigating"), update(2, "2 09:30", "resolved"))
    loaded.derive()
    assert stages(loaded, "*") == ["09:00–09:30 investigating"]


def test_stages_that_nobody_has_explained_are_unknown_and_told(loaded: Loaded) -> None:
    loaded.add("incidents", incident())
    loaded.add("incident_updates", update(1, "2 09:10", "Paging the wizard"))
    [made, *_] = loaded.derive()
    assert stages(loaded) == ["09:00–09:10 started", "09:10– unknown"]
    assert made.notes == (
        "Unknown incident stages: 'Paging the wizard'. Say what they mean in opstally.yml, under histories: stages.",
    )
    loaded.derive(histories=Histories(stages={"paging *": "identified"}))
    assert stages(loaded) == ["09:00–09:10 started", "09:10– identified"]
