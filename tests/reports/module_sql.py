"""The operations module's own SQL, as it was given, in DuckDB's words; the tests show which numbers it gets wrong.

Changed are only DATEADD, DATEDIFF (date_diff counts the same boundaries), CURRENT_DATE, and what the text had lost:
the beginning of COMPONENT_HEALTH and the end of CAPACITY are put back as the columns that were left suggest.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import duckdb
from tests.reports.tables import Row

_NAMES: dict[str, str] = {
    "support_tickets": """created_at AS created_date, assigned_at AS assigned_date, resolved_at AS resolved_date,
        first_response_minutes AS first_response_time, sla_target_minutes AS sla_target""",
    "incidents": "started_at AS incident_date, started_at AS event_timestamp, service_name AS affected_service",
}
"""Table → the names that the module has for columns of it."""

_FLAGS = {
    "support_tickets": ("escalated", "reopened", "self_service_deflected"),
    "customer_daily_metrics": ("churned",),
    "process_executions": ("error_occurred", "rework_required"),
}
"""Table → columns that are 0 or 1 there."""

_SAME = (
    "infrastructure_monitoring", "cloud_resources", "implementations", "customers", "sla_measurements",
    "business_processes", "infrastructure_metrics", "costs", "infrastructure_components",
)  # fmt: skip


def run(connection: duckdb.DuckDBPyConnection, sql: str, today: dt.date) -> list[Row]:
    """The rows of one of the queries below on `today`, over the tables as the module names and types them."""
    _make_views(connection)
    text = sql.replace("CURRENT_DATE", f"DATE '{today}'")
    connection.execute("SET search_path = 'module'")
    try:
        found = connection.execute(text)
        names = [column[0] for column in found.description or []]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    finally:
        connection.execute("SET search_path = 'main'")


def one(connection: duckdb.DuckDBPyConnection, sql: str, today: dt.date) -> dict[str, Any]:
    """The only row."""
    [row] = run(connection, sql, today)
    return row


def _make_views(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("CREATE SCHEMA IF NOT EXISTS module")
    for table in (*_SAME, *_NAMES, *_FLAGS):
        flags = ", ".join(f"CAST({flag} AS INTEGER) AS {flag}" for flag in _FLAGS.get(table, ()))
        replaced = f" REPLACE ({flags})" if flags else ""
        more = f", {_NAMES[table]}" if table in _NAMES else ""
        connection.execute(f"CREATE OR REPLACE VIEW module.{table} AS SELECT *{replaced}{more} FROM main.{table}")
    # The module knows no versions of a promise: its table holds today's.
    newest = "QUALIFY row_number() OVER (PARTITION BY sla_id ORDER BY valid_from DESC) = 1"
    connection.execute(f"CREATE OR REPLACE VIEW module.sla_definitions AS SELECT * FROM main.sla_definitions {newest}")


SUPPORT_TICKETS = """
WITH ticket_metrics AS (
  SELECT
    DATE_TRUNC('week', created_date) as week,
    ticket_priority,
    ticket_category,
    COUNT(*) as tickets_created,
    COUNT(CASE WHEN status = 'resolved' THEN 1 END) as tickets_resolved,
    AVG(CASE WHEN status = 'resolved' THEN
        date_diff('hour', created_date, resolved_date) END) as avg_resolution_hours,
    AVG(satisfaction_score) as avg_csat,
    COUNT(CASE WHEN first_response_time <= sla_target THEN 1 END) as sla_met,
    COUNT(CASE WHEN escalated = 1 THEN 1 END) as escalated_tickets
  FROM support_tickets
  WHERE created_date >= CURRENT_DATE - INTERVAL 3 MONTH
  GROUP BY week, ticket_priority, ticket_category
)
SELECT
  week,
  ticket_priority,
  SUM(tickets_created) as total_tickets,
  SUM(tickets_resolved) as resolved_tickets,
  ROUND(100.0 * SUM(tickets_resolved) / NULLIF(SUM(tickets_created), 0), 1) as resolution_rate,
  ROUND(AVG(avg_resolution_hours), 1) as avg_resolution_hours,
  ROUND(AVG(avg_csat), 2) as avg_satisfaction,
  ROUND(100.0 * SUM(sla_met) / NULLIF(SUM(tickets_created), 0), 1) as sla_compliance,
  ROUND(100.0 * SUM(escalated_tickets) / NULLIF(SUM(tickets_created), 0), 1) as escalation_rate
FROM ticket_metrics
GROUP BY week, ticket_priority
ORDER BY week DESC, ticket_priority
"""

SUPPORT_TEAMS = """
WITH agent_metrics AS (
  SELECT
    agent_id,
    agent_name,
    team,
    DATE_TRUNC('month', resolved_date) as month,
    COUNT(*) as tickets_handled,
    AVG(date_diff('hour', assigned_date, resolved_date)) as avg_handle_time,
    AVG(satisfaction_score) as avg_csat,
    COUNT(CASE WHEN satisfaction_score >= 4 THEN 1 END) as satisfied_customers,
    COUNT(CASE WHEN reopened = 1 THEN 1 END) as reopened_tickets
  FROM support_tickets
  WHERE resolved_date >= CURRENT_DATE - INTERVAL 3 MONTH
  GROUP BY agent_id, agent_name, team, month
)
SELECT
  team,
  COUNT(DISTINCT agent_id) as agent_count,
  SUM(tickets_handled) as total_tickets,
  ROUND(AVG(tickets_handled), 0) as avg_tickets_per_agent,
  ROUND(AVG(avg_handle_time), 1) as avg_handle_hours,
  ROUND(AVG(avg_csat), 2) as team_avg_csat,
  ROUND(100.0 * SUM(satisfied_customers) / NULLIF(SUM(tickets_handled), 0), 1) as satisfaction_rate,
  ROUND(100.0 * SUM(reopened_tickets) / NULLIF(SUM(tickets_handled), 0), 1) as reopen_rate
FROM agent_metrics
WHERE month = DATE_TRUNC('month', CURRENT_DATE)
GROUP BY team
ORDER BY team_avg_csat DESC
"""

SERVICE_RELIABILITY = """
WITH uptime_metrics AS (
  SELECT
    service_name,
    DATE_TRUNC('day', check_timestamp) as day,
    COUNT(*) as total_checks,
    COUNT(CASE WHEN status = 'up' THEN 1 END) as successful_checks,
    AVG(response_time_ms) as avg_response_time,
    PERCENTILE_CONT(0.95) WITHIN GROUP (ORDER BY response_time_ms) as p95_response_time,
    MAX(response_time_ms) as max_response_time
  FROM infrastructure_monitoring
  WHERE check_timestamp >= CURRENT_DATE - INTERVAL 30 DAY
  GROUP BY service_name, day
),
incident_data AS (
  SELECT
    service_name,
    COUNT(*) as incident_count,
    SUM(duration_minutes) as total_downtime_minutes,
    AVG(duration_minutes) as avg_incident_duration
  FROM incidents
  WHERE incident_date >= CURRENT_DATE - INTERVAL 30 DAY
  GROUP BY service_name
)
SELECT
  u.service_name,
  ROUND(100.0 * SUM(u.successful_checks) / NULLIF(SUM(u.total_checks), 0), 3) as uptime_percentage,
  ROUND(AVG(u.avg_response_time), 0) as avg_response_ms,
  ROUND(AVG(u.p95_response_time), 0) as p95_response_ms,
  COALESCE(i.incident_count, 0) as incidents_30d,
  COALESCE(i.total_downtime_minutes, 0) as total_downtime_minutes,
  ROUND(COALESCE(i.avg_incident_duration, 0), 1) as avg_incident_minutes
FROM uptime_metrics u
LEFT JOIN incident_data i ON u.service_name = i.service_name
GROUP BY u.service_name, i.incident_count, i.total_downtime_minutes, i.avg_incident_duration
ORDER BY uptime_percentage DESC
"""

COST_EFFICIENCY = """
WITH resource_metrics AS (
  SELECT
    resource_type,
    resource_name,
    DATE_TRUNC('week', metric_date) as week,
    AVG(utilization_percent) as avg_utilization,
    AVG(daily_cost) as avg_daily_cost,
    MAX(peak_utilization) as peak_utilization,
    SUM(daily_cost) as total_cost
  FROM cloud_resources
  WHERE metric_date >= CURRENT_DATE - INTERVAL 3 MONTH
  GROUP BY resource_type, resource_name, week
),
optimization_opportunities AS (
  SELECT
    resource_type,
    resource_name,
    AVG(avg_utilization) as overall_avg_utilization,
    AVG(avg_daily_cost) as avg_daily_cost,
    CASE
      WHEN AVG(avg_utilization) < 20 THEN 'Severely Underutilized'
      WHEN AVG(avg_utilization) < 50 THEN 'Underutilized'
      WHEN AVG(avg_utilization) > 90 THEN 'Near Capacity'
      ELSE 'Optimal'
    END as utilization_status,
    AVG(avg_daily_cost) * 30 as monthly_cost
  FROM resource_metrics
  GROUP BY resource_type, resource_name
)
SELECT
  resource_type,
  utilization_status,
  COUNT(*) as resource_count,
  ROUND(AVG(overall_avg_utilization), 1) as avg_utilization_pct,
  ROUND(SUM(monthly_cost), 0) as total_monthly_cost,
  ROUND(AVG(monthly_cost), 0) as avg_monthly_cost_per_resource,
  ROUND(SUM(CASE WHEN utilization_status IN ('Severely Underutilized', 'Underutilized')
        THEN monthly_cost * 0.3 ELSE 0 END), 0) as potential_monthly_savings
FROM optimization_opportunities
GROUP BY resource_type, utilization_status
ORDER BY resource_type, utilization_status
"""

ONBOARDING = """
WITH implementation_metrics AS (
  SELECT
    i.project_id,
    i.customer_segment,
    i.implementation_type,
    i.project_value,
    date_diff('day', i.kickoff_date, i.go_live_date) as implementation_days,
    date_diff('day', c.contract_date, i.go_live_date) as total_time_to_value,
    i.implementation_score,
    i.issues_encountered,
    c.first_year_acv
  FROM implementations i
  JOIN customers c ON i.customer_id = c.customer_id
  WHERE i.go_live_date >= CURRENT_DATE - INTERVAL 6 MONTH
),
segment_benchmarks AS (
  SELECT
    customer_segment,
    implementation_type,
    COUNT(*) as implementations,
    AVG(implementation_days) as avg_implementation_days,
    PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY implementation_days) as median_days,
    AVG(total_time_to_value) as avg_time_to_value,
    AVG(implementation_score) as avg_satisfaction,
    AVG(issues_encountered) as avg_issues,
    SUM(CASE WHEN implementation_days <= 30 THEN 1 ELSE 0 END) as on_time_implementations
  FROM implementation_metrics
  GROUP BY customer_segment, implementation_type
)
SELECT
  customer_segment,
  implementation_type,
  implementations,
  ROUND(avg_implementation_days, 1) as avg_days,
  ROUND(median_days, 1) as median_days,
  ROUND(avg_time_to_value, 1) as avg_ttv_days,
  ROUND(avg_satisfaction, 2) as avg_satisfaction_score,
  ROUND(avg_issues, 1) as avg_issues_per_project,
  ROUND(100.0 * on_time_implementations / implementations, 1) as on_time_pct
FROM segment_benchmarks
ORDER BY customer_segment, implementation_type
"""

SLA_PERFORMANCE = """
WITH sla_performance AS (
  SELECT
    s.service_tier,
    s.sla_metric,
    s.sla_target,
    DATE_TRUNC('month', m.measurement_date) as month,
    COUNT(*) as measurements,
    COUNT(CASE WHEN m.actual_value <= s.sla_target THEN 1 END) as sla_met,
    AVG(m.actual_value) as avg_actual,
    PERCENTILE_CONT(0.95) WITHIN GROUP (ORDER BY m.actual_value) as p95_actual
  FROM sla_definitions s
  JOIN sla_measurements m ON s.sla_id = m.sla_id
  WHERE m.measurement_date >= CURRENT_DATE - INTERVAL 3 MONTH
  GROUP BY s.service_tier, s.sla_metric, s.sla_target, month
)
SELECT
  service_tier,
  sla_metric,
  sla_target,
  month,
  measurements,
  ROUND(100.0 * sla_met / measurements, 2) as sla_compliance_pct,
  ROUND(avg_actual, 2) as avg_performance,
  ROUND(p95_actual, 2) as p95_performance,
  CASE
    WHEN 100.0 * sla_met / measurements >= 99.9 THEN 'Exceeding'
    WHEN 100.0 * sla_met / measurements >= 95 THEN 'Meeting'
    ELSE 'Missing'
  END as sla_status
FROM sla_performance
ORDER BY month DESC, service_tier, sla_metric
"""

AUTOMATION_IMPACT = """
WITH process_metrics AS (
  SELECT
    process_name,
    process_category,
    automation_status,
    DATE_TRUNC('month', execution_date) as month,
    COUNT(*) as executions,
    AVG(execution_time_minutes) as avg_execution_time,
    AVG(error_count) as avg_errors,
    AVG(manual_interventions) as avg_interventions,
    SUM(cost_per_execution) as total_cost
  FROM business_processes
  WHERE execution_date >= CURRENT_DATE - INTERVAL 6 MONTH
  GROUP BY process_name, process_category, automation_status, month
),
automation_comparison AS (
  SELECT
    process_category,
    month,
    SUM(CASE WHEN automation_status = 'automated' THEN executions ELSE 0 END) as automated_executions,
    SUM(CASE WHEN automation_status = 'manual' THEN executions ELSE 0 END) as manual_executions,
    AVG(CASE WHEN automation_status = 'automated' THEN avg_execution_time END) as automated_avg_time,
    AVG(CASE WHEN automation_status = 'manual' THEN avg_execution_time END) as manual_avg_time,
    SUM(CASE WHEN automation_status = 'automated' THEN total_cost END) as automated_cost,
    SUM(CASE WHEN automation_status = 'manual' THEN total_cost END) as manual_cost
  FROM process_metrics
  GROUP BY process_category, month
)
SELECT
  process_category,
  month,
  automated_executions + manual_executions as total_executions,
  ROUND(100.0 * automated_executions / NULLIF(automated_executions + manual_executions, 0), 1) as automation_rate,
  ROUND(manual_avg_time - automated_avg_time, 1) as time_saved_per_execution,
  ROUND((manual_avg_time - automated_avg_time) * automated_executions, 0) as total_time_saved,
  ROUND(manual_cost - automated_cost, 0) as cost_savings,
  ROUND((manual_avg_time / NULLIF(automated_avg_time, 0) - 1) * 100, 0) as efficiency_improvement_pct
FROM automation_comparison
WHERE automated_executions > 0 AND manual_executions > 0
ORDER BY month DESC, cost_savings DESC
"""
