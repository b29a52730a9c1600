"""The second half of the operations module's own SQL: its standard reports. See `module_sql`."""

from __future__ import annotations

OPERATIONS_DASHBOARD = """
WITH ops_summary AS (
  SELECT
    COUNT(DISTINCT st.ticket_id) as support_tickets,
    AVG(st.resolution_hours) as avg_resolution_time,
    AVG(st.satisfaction_score) as avg_csat,
    AVG(i.uptime_percentage) as avg_uptime,
    SUM(i.incident_count) as total_incidents,
    COUNT(DISTINCT impl.project_id) as active_implementations,
    AVG(impl.days_to_complete) as avg_implementation_days,
    SUM(c.operational_cost) as total_ops_cost,
    SUM(c.operational_cost) / COUNT(DISTINCT cust.customer_id) as cost_per_customer
  FROM support_tickets st
  CROSS JOIN infrastructure_metrics i
  CROSS JOIN implementations impl
  CROSS JOIN costs c
  CROSS JOIN customers cust
  WHERE st.created_date >= CURRENT_DATE - INTERVAL 1 MONTH
    AND i.metric_date >= CURRENT_DATE - INTERVAL 1 MONTH
    AND impl.status = 'active'
    AND c.cost_date >= CURRENT_DATE - INTERVAL 1 MONTH
    AND cust.status = 'active'
)
SELECT
  support_tickets as monthly_tickets,
  ROUND(avg_resolution_time, 1) as avg_resolution_hours,
  ROUND(avg_csat, 2) as customer_satisfaction,
  ROUND(avg_uptime, 2) as infrastructure_uptime_pct,
  total_incidents as infrastructure_incidents,
  active_implementations,
  ROUND(avg_implementation_days, 1) as avg_implementation_days,
  ROUND(total_ops_cost / 1000000, 1) as ops_cost_millions,
  ROUND(cost_per_customer, 0) as cost_per_customer
FROM ops_summary
"""

SUPPORT_EFFICIENCY = """
WITH ticket_categories AS (
  SELECT
    DATE_TRUNC('week', created_date) as week,
    ticket_category,
    ticket_subcategory,
    COUNT(*) as ticket_count,
    AVG(resolution_hours) as avg_resolution,
    COUNT(CASE WHEN escalated = 1 THEN 1 END) as escalations,
    AVG(agent_touches) as avg_touches,
    COUNT(CASE WHEN self_service_deflected = 1 THEN 1 END) as self_service_resolved
  FROM support_tickets
  WHERE created_date >= CURRENT_DATE - INTERVAL 3 MONTH
  GROUP BY week, ticket_category, ticket_subcategory
),
deflection_analysis AS (
  SELECT
    ticket_category,
    SUM(ticket_count) as total_tickets,
    SUM(self_service_resolved) as deflected_tickets,
    AVG(avg_resolution) as category_avg_resolution,
    SUM(escalations) as total_escalations
  FROM ticket_categories
  GROUP BY ticket_category
)
SELECT
  ticket_category,
  total_tickets,
  ROUND(100.0 * deflected_tickets / total_tickets, 1) as self_service_rate,
  ROUND(category_avg_resolution, 1) as avg_resolution_hours,
  total_escalations,
  ROUND(100.0 * total_escalations / total_tickets, 1) as escalation_rate,
  ROUND(total_tickets * category_avg_resolution * 50, 0) as estimated_cost
FROM deflection_analysis
ORDER BY total_tickets DESC
"""

CAPACITY = """
WITH utilization_trends AS (
  SELECT
    resource_type,
    DATE_TRUNC('week', metric_date) as week,
    AVG(utilization_percent) as avg_utilization,
    MAX(peak_utilization) as peak_utilization,
    COUNT(DISTINCT resource_id) as resource_count
  FROM infrastructure_metrics
  WHERE metric_date >= CURRENT_DATE - INTERVAL 6 MONTH
  GROUP BY resource_type, week
),
growth_projection AS (
  SELECT
    resource_type,
    REGR_SLOPE(avg_utilization, EXTRACT(EPOCH FROM week)) as utilization_growth_rate,
    AVG(avg_utilization) as current_avg_utilization,
    MAX(peak_utilization) as max_peak_utilization
  FROM utilization_trends
  GROUP BY resource_type
)
SELECT
  resource_type,
  current_avg_utilization as avg_utilization,
  max_peak_utilization as peak_utilization,
  utilization_growth_rate as utilization_growth_per_week,
  (80 - current_avg_utilization) / utilization_growth_rate as weeks_to_80_pct
FROM growth_projection
"""

COMPONENT_HEALTH = """
WITH component_health AS (
  SELECT
    component_type,
    error_rate_7d,
    performance_degradation_30d,
    last_maintenance_days_ago,
    CASE WHEN error_rate_7d > 5 THEN 20 WHEN error_rate_7d > 1 THEN 10 ELSE 0 END as error_risk_score,
    CASE WHEN performance_degradation_30d > 20 THEN 20 WHEN performance_degradation_30d > 10 THEN 10 ELSE 0
    END as performance_risk_score,
    CASE
      WHEN last_maintenance_days_ago > recommended_maintenance_interval * 1.5 THEN 20
      WHEN last_maintenance_days_ago > recommended_maintenance_interval THEN 10
      ELSE 0
    END as maintenance_risk_score
  FROM infrastructure_components
  WHERE status = 'active'
)
SELECT
  component_type,
  COUNT(*) as total_components,
  COUNT(CASE WHEN error_risk_score + performance_risk_score + maintenance_risk_score >= 40 THEN 1 END) as high_risk,
  COUNT(CASE WHEN error_risk_score + performance_risk_score + maintenance_risk_score >= 20 THEN 1 END) as medium_risk,
  AVG(error_rate_7d) as avg_error_rate,
  AVG(performance_degradation_30d) as avg_performance_degradation,
  AVG(last_maintenance_days_ago) as avg_days_since_maintenance
FROM component_health
GROUP BY component_type
ORDER BY high_risk DESC
"""

CUSTOMER_IMPACT = """
WITH operational_events AS (
  SELECT
    DATE_TRUNC('day', event_timestamp) as event_day,
    affected_service,
    severity,
    duration_minutes,
    customers_impacted
  FROM incidents
  WHERE event_timestamp >= CURRENT_DATE - INTERVAL 3 MONTH
),
customer_metrics AS (
  SELECT
    DATE_TRUNC('day', metric_date) as metric_day,
    AVG(nps_score) as daily_nps,
    AVG(usage_minutes) as daily_usage,
    COUNT(DISTINCT CASE WHEN churned = 1 THEN customer_id END) as churned_customers,
    COUNT(DISTINCT customer_id) as active_customers
  FROM customer_daily_metrics
  WHERE metric_date >= CURRENT_DATE - INTERVAL 3 MONTH
  GROUP BY metric_day
)
SELECT
  cm.metric_day,
  COALESCE(SUM(oe.duration_minutes), 0) as total_incident_minutes,
  COALESCE(SUM(oe.customers_impacted), 0) as customers_affected,
  cm.daily_nps,
  cm.daily_usage,
  cm.churned_customers,
  CASE
    WHEN SUM(oe.duration_minutes) > 60 THEN 'Major Incident'
    WHEN SUM(oe.duration_minutes) > 0 THEN 'Minor Incident'
    ELSE 'No Incidents'
  END as incident_severity
FROM customer_metrics cm
LEFT JOIN operational_events oe ON cm.metric_day = oe.event_day
GROUP BY cm.metric_day, cm.daily_nps, cm.daily_usage, cm.churned_customers
ORDER BY cm.metric_day DESC
"""

PROCESS_BOTTLENECKS = """
WITH process_flow AS (
  SELECT
    process_name,
    step_name,
    step_sequence,
    AVG(step_duration_minutes) as avg_duration,
    AVG(wait_time_minutes) as avg_wait_time,
    COUNT(*) as executions,
    COUNT(CASE WHEN error_occurred = 1 THEN 1 END) as errors,
    AVG(rework_required) as rework_rate
  FROM process_executions
  WHERE execution_date >= CURRENT_DATE - INTERVAL 1 MONTH
  GROUP BY process_name, step_name, step_sequence
),
bottleneck_analysis AS (
  SELECT
    process_name,
    SUM(avg_duration + avg_wait_time) as total_process_time,
    MAX(avg_duration + avg_wait_time) as bottleneck_time,
    SUM(errors) as total_errors,
    AVG(rework_rate) as avg_rework_rate,
    STRING_AGG(
      CASE
        WHEN (avg_duration + avg_wait_time) = MAX(avg_duration + avg_wait_time) OVER (PARTITION BY process_name)
        THEN step_name
      END, ', '
    ) as bottleneck_steps
  FROM process_flow
  GROUP BY process_name
)
SELECT
  process_name,
  ROUND(total_process_time, 1) as total_time_minutes,
  ROUND(bottleneck_time, 1) as bottleneck_minutes,
  ROUND(100.0 * bottleneck_time / total_process_time, 1) as bottleneck_pct_of_total,
  bottleneck_steps,
  total_errors,
  ROUND(avg_rework_rate * 100, 1) as rework_rate_pct,
  ROUND(total_process_time * 0.3, 1) as potential_time_savings
FROM bottleneck_analysis
WHERE total_process_time > 30
ORDER BY total_process_time DESC
"""

_WINDOW = "MAX(avg_duration + avg_wait_time) OVER (PARTITION BY process_name)"
PROCESS_BOTTLENECKS_THAT_RUNS = PROCESS_BOTTLENECKS.replace(_WINDOW, "avg_duration + avg_wait_time")
"""With the window function taken out, so that the rest can be looked at; `bottleneck_steps` says nothing then."""
