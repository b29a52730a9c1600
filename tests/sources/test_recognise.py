# ruff: noqa: E501  # tables of expectations are read by the row
"""Proposals for exports: every shipped source is recognised, and a strange CSV gets a source that loads."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from opstally import library, recognise
from opstally.errors import UsageError
from opstally.recognise.kinds import Kind, kind_of

from .conftest import FIXTURES, Loading
from .test_catalogue import RECOGNISED

LIBRARY = library.load()

DESK = """\
Ticket No;Created;Solved;First reply (h);State;Prio;Assigned To;Organisation;CSAT;Was escalated;Notes
T1;13.01.2026 09:00;14.01.2026 10:00;0,5;Open;High;Ada;Northwind;5;yes;x
T2;14.01.2026 09:00;;-;Parked;Low;Ben;Contoso;;no;y
T3;15.01.2026 09:00;15.01.2026 12:00;1,25;Done;Low;Ben;Contoso;3;no;y
"""


@pytest.fixture
def export(tmp_path: Path) -> Path:
    path = tmp_path / "desk tickets.csv"
    path.write_text(DESK, encoding="utf-8")
    return path


def test_every_shipped_source_is_recognised() -> None:
    proposal = recognise.propose([FIXTURES / name for name in RECOGNISED], LIBRARY)
    assert {one.name for one in proposal.sources} == set(RECOGNISED.values())
    assert all(one.shipped for one in proposal.sources)
    assert sum(len(one.files) for one in proposal.sources) == len(RECOGNISED)
    assert proposal.left == ()


def test_a_strange_csv(export: Path) -> None:
    [one] = recognise.propose([export], LIBRARY).sources
    assert not one.shipped
    [target] = yaml.safe_load(one.text)["targets"]
    assert target["table"] == "support_tickets"
    assert target["columns"] == {
        "ticket_id": "Ticket No",
        "created_at": {"from": "Created", "format": "%d.%m.%Y %H:%M"},
        "resolved_at": {"from": "Solved", "format": "%d.%m.%Y %H:%M"},
        "status": {"from": "State", "map": {"Done": "resolved", "Open": "open"}},
        "ticket_priority": "Prio",
        "customer_id": "Organisation",
        "agent_name": "Assigned To",
        "first_response_minutes": {"from": "First reply (h)", "decimal": ",", "scale": 60.0},
        "satisfaction_score": "CSAT",
        "escalated": "Was escalated",
    }
    assert yaml.safe_load(one.text)["options"] == {"delimiter": ";", "null": ["", "-"]}
    assert "timezone" not in yaml.safe_load(one.text)
    assert [question.split(" ")[0] for question in one.questions] == ["in", "what"]
    assert "'Parked'" in one.questions[1]
    [preview] = one.previews
    assert (preview.rows, preview.faulty) == (2, 1)
    assert preview.put_aside == (("status is not one of Done, Open", 1, "Parked"),)
    assert preview.first[0][:2] == ("T1", preview.first[0][1])


def test_the_reasons_stand_beside_the_columns(export: Path) -> None:
    [one] = recognise.propose([export], LIBRARY).sources
    lines = {line.split(":")[0].strip(): line.partition("  # ")[2] for line in one.text.splitlines() if "  # " in line}
    assert lines["ticket_id"] == "says the same as ticket_number"
    assert lines["created_at"] == "another name of created_at, holds times"
    assert "among open, resolved" in lines["status"]
    assert "# Not used: Notes." in one.text


def test_a_proposal_is_the_same_each_time(export: Path) -> None:
    assert recognise.propose([export], LIBRARY) == recognise.propose([export], LIBRARY)


def test_what_is_written_loads(loading: Loading, export: Path) -> None:
    proposal = recognise.propose(
        [export, FIXTURES / "zendesk/users.json"], LIBRARY, loading.folder, zone="Europe/Berlin"
    )
    written = recognise.write(proposal, loading.folder)
    assert [path.name for path in written] == ["desk_tickets.yml", "opstally.yml"]
    loading.load()
    assert loading.counts() == {("desk_tickets", "support_tickets"): (2, 1), ("zendesk_users", "agents"): (2, 0)}
    # 09:00 in Berlin's winter is 08:00 UTC; half an hour is 30 minutes.
    rows = loading.ask(
        "SELECT ticket_id, CAST(created_at AS VARCHAR), first_response_minutes FROM support_tickets ORDER BY 1"
    )
    assert rows == [("T1", "2026-01-13 08:00:00", 30.0), ("T3", "2026-01-15 08:00:00", 75.0)]


def test_nothing_that_is_there_is_replaced(loading: Loading, export: Path) -> None:
    proposal = recognise.propose([export], LIBRARY, loading.folder, zone="UTC")
    recognise.write(proposal, loading.folder)
    with pytest.raises(UsageError, match="is there already"):
        recognise.write(proposal, loading.folder)


def test_feeds_join_those_that_are_there(loading: Loading) -> None:
    project = loading.folder / "opstally.yml"
    project.write_text(
        "name: T\nsources:\n  - source: jira_csv\n    files: [data/j.csv]\n\ncurrency: EUR\n", encoding="utf-8"
    )
    recognise.write(recognise.propose([FIXTURES / "zendesk/users.json"], LIBRARY, loading.folder), loading.folder)
    found, problems = library.read_project(loading.folder)
    assert problems == ()
    assert [feed.source for feed in found.sources] == ["zendesk_users", "jira_csv"]


def test_a_moment_that_no_file_tells_is_asked_for(loading: Loading) -> None:
    recognise.write(recognise.propose([FIXTURES / "samples/outages.csv"], LIBRARY, loading.folder), loading.folder)
    text = (loading.folder / "opstally.yml").read_text(encoding="utf-8")
    assert '# epoch: "2024-01-01"' in text
    # One edited line is the answer.
    (loading.folder / "opstally.yml").write_text(text.replace("# epoch:", "epoch:"), encoding="utf-8")
    loading.load()
    assert loading.counts() == {("outage_traces", "incidents"): (2, 1)}


def test_files_alike_are_one_source(tmp_path: Path, export: Path) -> None:
    more = tmp_path / "february.csv"
    more.write_text(DESK, encoding="utf-8")
    [one] = recognise.propose([export, more], LIBRARY).sources
    assert len(one.files) == 2
    assert one.previews[0].rows == 4


LEFT = {
    "numbers": "a,b\n1,2\n3,4\n",
    "groups, which have an identifier, a name and times as everything has": (
        "id,name,created_at,updated_at,url\n1,Billing,2026-01-01 00:00:00,2026-01-01 00:00:00,x\n"
        "2,Sales,2026-01-01 00:00:00,2026-01-01 00:00:00,y\n"
    ),
    "a series that is not daily, of which a daily table would lose all but one row a day": (
        "resource_id,metric_date,cpu_utilization\nr,2026-01-01 00:00:00,1.5\nr,2026-01-01 00:05:00,1.6\n"
    ),
}


@pytest.mark.parametrize("what", LEFT)
def test_nothing_is_proposed_for(tmp_path: Path, what: str) -> None:
    path = tmp_path / "file.csv"
    path.write_text(LEFT[what], encoding="utf-8")
    proposal = recognise.propose([path], LIBRARY)
    assert proposal.sources == ()
    assert "no table fits. Its columns are" in proposal.left[0]


def test_what_is_no_data_is_left(tmp_path: Path) -> None:
    (tmp_path / "picture.png").write_bytes(b"\x89PNG")
    (tmp_path / "empty.csv").write_bytes(b"")
    (tmp_path / "broken.json").write_text("{", encoding="utf-8")
    proposal = recognise.propose(sorted(tmp_path.iterdir()), LIBRARY)
    assert proposal.sources == ()
    assert len(proposal.left) == 3


TABLES = {
    "incidents": "ref,app,begin,end,sev,clients affected\n1,API,2026-01-01T00:00:00Z,2026-01-01T01:00:00Z,P1,3\n2,Web,2026-01-02T00:00:00Z,,P2,4\n",
    "infrastructure_monitoring": "service,probe,checked_at,state,latency_ms\na,p,2026-01-01T00:00:00Z,up,12\na,p,2026-01-01T00:01:00Z,down,\n",
    "process_events": "case_id,activity,timestamp,user,workflow\n1,Open,2026-01-01T00:00:00Z,Ada,Claims\n1,Close,2026-01-01T01:00:00Z,Ada,Claims\n",
    "customers": "account_id,account_name,plan,signup_date,segment\n1,A,Pro,2026-01-01,SMB\n2,B,Basic,2026-01-02,ENT\n",
    "deployments": "deploy_id,service,deployed_at,outcome,commit_time\n1,api,2026-01-01T02:00:00Z,success,2026-01-01T00:00:00Z\n2,api,2026-01-01T03:00:00Z,failed,2026-01-01T01:00:00Z\n",
    "costs": "date,department,amount,cost_category\n2026-01-01,Ops,10,hosting\n2026-01-02,Ops,12,support\n",
}  # fmt: skip


@pytest.mark.parametrize("table", TABLES)
def test_the_table_that_fits_is_found(tmp_path: Path, table: str) -> None:
    path = tmp_path / "export.csv"
    path.write_text(TABLES[table], encoding="utf-8")
    [one] = recognise.propose([path], LIBRARY).sources
    assert [preview.table for preview in one.previews] == [table]
    assert one.previews[0].rows == 2
    assert not one.previews[0].problem


def test_nested_json(tmp_path: Path) -> None:
    path = tmp_path / "accounts.json"
    path.write_text(
        '{"total": 2, "data": [{"id": 1, "attributes": {"company_name": "X", "plan": "Pro", "signed": "01/02/2024"}}, '
        '{"id": 2, "attributes": {"company_name": "Y", "plan": "Basic", "signed": "03/04/2024"}}]}'
    )
    [one] = recognise.propose([path], LIBRARY).sources
    told = yaml.safe_load(one.text)
    assert told["options"] == {"records": "data"}
    assert told["targets"][0]["columns"] == {
        "customer_id": "id",
        "customer_name": "attributes.company_name",
        "plan": "attributes.plan",
        "contract_date": {"from": "attributes.signed", "format": "%d/%m/%Y"},
    }
    assert one.questions == ("does '01/02/2024' begin with the day, or with the month (%m/%d/%Y)?",)


KINDS = {
    ("1", "0", "1"): "integer",
    ("1.5", "2"): "number",
    ("1,5", "2,25"): "number",
    ("yes", "No"): "boolean",
    ("007", "010"): "text",
    ("2026-01-31", "2026-02-28"): "date",
    ("2026-01-31 10:00", "2026-02-28T11:00:00Z"): "timestamp",
    ("31/01/2026", "01/02/2026"): "date",
    ("1/31/2026 10:00", "2/1/2026 11:00"): "timestamp",
    ("05/Jan/26 9:00 AM",): "timestamp",
    ("20260131", "20260228"): "date",
    ("1767600000", "1767600060"): "integer",
    ("a", "b"): "text",
    ("1.5", "n/a"): "number",
    (): "empty",
    ("", None): "empty",
}


@pytest.mark.parametrize("values", KINDS, ids=str)
def test_kinds(values: tuple[str | None, ...]) -> None:
    assert kind_of(values).name == KINDS[values]


def test_how_values_are_written() -> None:
    assert kind_of(["31/01/2026"]).format == "%d/%m/%Y"
    assert kind_of(["1/31/2026"]).format == "%m/%d/%Y"
    assert kind_of(["31/01/2026"]).doubt == ""
    assert "begin with the day" in kind_of(["01/02/2026"]).doubt
    assert kind_of(["1767600000"]).format == "epoch"
    assert kind_of(["1767600000000"]).format == "epoch_ms"
    assert kind_of(["1,5"]).comma
    assert kind_of(["1.5", "n/a"]).nulls == ("n/a",)
    assert kind_of(["2026-01-31T10:00:00Z"]).offset
    assert kind_of(["2026-01-31 10:00:00"]).naive
    assert not Kind("date").naive
