"""Projects that slip."""

from __future__ import annotations

import pytest

from .conftest import Ask, Written


def test_one_kind_of_project_slips(ask: Ask, company: Written) -> None:
    told = company.size("slipping_onboarding")
    ((before, lately, others_before, others_lately, unfinished),) = ask(f"""
        WITH project AS (SELECT DISTINCT ON ("Project #") "Account segment" = 'MM'
            AND "Template" = '{told["type"]}' AS mine, "State" AS state,
            try_strptime("Kick-off", '%m/%d/%Y')::DATE AS kickoff, try_strptime("Actual go-live",
                '%m/%d/%Y')::DATE AS live,
            try_strptime("Planned go-live", '%m/%d/%Y')::DATE AS planned FROM projects WHERE "State" <> 'Stuck'
            ORDER BY "Project #", strptime("Last modified", '%m/%d/%Y %H:%M') DESC),
        late AS (SELECT *, (live - kickoff) / (planned - kickoff) AS of_plan,
            kickoff >= '{told["since"]}'::DATE + 120 AS lately,
            kickoff < '{told["since"]}' AS early FROM project)
        SELECT median(of_plan) FILTER (mine AND early), median(of_plan) FILTER (mine AND lately),
            median(of_plan) FILTER (NOT mine AND early), median(of_plan) FILTER (NOT mine AND lately),
            count(*) FILTER (state IN ('Planned', 'In progress', 'On hold')) FROM late""")
    assert lately / before > 1.2
    assert others_lately / others_before == pytest.approx(1.0, abs=0.15)
    assert unfinished == told["unfinished"] > 10


def test_the_slip_waits_for_the_customer(ask: Ask, company: Written) -> None:
    told = company.size("slipping_onboarding")
    rows = ask(f"""
        WITH slipping AS (SELECT DISTINCT "Project #" AS id FROM projects WHERE "Account segment" = 'MM'
            AND "Template" = 'migration'
            AND try_strptime("Kick-off", '%m/%d/%Y') >= TIMESTAMP '{told["since"]}' + INTERVAL 60 DAY)
        SELECT stage, avg((actual_end_date - actual_start_date) / greatest(planned_end_date - planned_start_date, 1)),
            avg((waiting_on = 'customer')::INTEGER)
        FROM implementation_stages WHERE project_id IN (FROM slipping) AND actual_end_date IS NOT NULL GROUP BY 1""")
    overrun = {stage: ratio for stage, ratio, _ in rows}
    waits = {stage: share for stage, _, share in rows}
    assert max(overrun, key=lambda stage: overrun[stage]) == told["stage"]
    assert waits[told["stage"]] > 0.6 > max(share for stage, share in waits.items() if stage != told["stage"])
