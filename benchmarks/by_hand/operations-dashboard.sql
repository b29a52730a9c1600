-- The month
WITH months AS (
  SELECT unnest([:start, (:start - INTERVAL 1 MONTH)::DATE]) AS month, (month + INTERVAL 1 MONTH)::DATE AS next
),
tickets AS (
  SELECT
    date_trunc('month', created_at)::DATE AS month,
    count(*) AS tickets,
    avg(resolution_hours) FILTER (status IN ('resolved', 'closed')) AS hours,
    avg(satisfaction_score) AS csat
  FROM support_tickets
  WHERE created_at >= :start - INTERVAL 1 MONTH AND created_at < :end AND status != 'deleted'
  GROUP BY month
),
checks AS (
  SELECT
    date_trunc('month', check_timestamp)::DATE AS month,
    100 * count(*) FILTER (status IN ('up', 'degraded')) / count(*) FILTER (status IN ('up', 'degraded', 'down')) AS uptime
  FROM infrastructure_monitoring
  WHERE check_timestamp >= :start - INTERVAL 1 MONTH AND check_timestamp < :end
  GROUP BY month
),
started AS (
  SELECT date_trunc('month', started_at)::DATE AS month, count(DISTINCT incident_id) AS incidents
  FROM incidents
  WHERE started_at >= :start - INTERVAL 1 MONTH AND started_at < :end
  GROUP BY month
),
open AS (
  SELECT month, count(*) AS active
  FROM implementations JOIN months ON kickoff_date < next AND (go_live_date IS NULL OR go_live_date >= next)
  WHERE status IN ('active', 'live')
  GROUP BY month
),
live AS (
  SELECT date_trunc('month', go_live_date)::DATE AS month, avg(days_to_complete) AS days
  FROM implementations
  WHERE go_live_date >= :start - INTERVAL 1 MONTH AND go_live_date < :end AND status != 'cancelled'
  GROUP BY month
),
spent AS (
  SELECT date_trunc('month', cost_date)::DATE AS month, sum(operational_cost) AS cost
  FROM costs
  WHERE cost_date >= :start - INTERVAL 1 MONTH AND cost_date < :end
  GROUP BY month
),
served AS (
  SELECT
    month,
    sum(least(coalesce(churned_at::DATE + 1, next), next) - greatest(contract_date, month)) / any_value(next - month)
      AS customers
  FROM customers JOIN months ON contract_date < next AND (churned_at IS NULL OR churned_at >= month)
  WHERE status != 'prospect' AND (status != 'churned' OR churned_at IS NOT NULL)
  GROUP BY month
),
months_told AS (
  SELECT
    month, coalesce(tickets, 0) AS monthly_tickets, hours AS avg_resolution_hours, csat AS customer_satisfaction,
    uptime AS infrastructure_uptime_pct, coalesce(incidents, 0) AS infrastructure_incidents,
    coalesce(active, 0) AS active_implementations, days AS avg_implementation_days, cost / 1e6 AS ops_cost_millions,
    cost / customers AS cost_per_customer
  FROM months
  LEFT JOIN tickets USING (month) LEFT JOIN checks USING (month) LEFT JOIN started USING (month)
  LEFT JOIN open USING (month) LEFT JOIN live USING (month) LEFT JOIN spent USING (month)
  LEFT JOIN served USING (month)
)
SELECT
  now.* EXCLUDE (month),
  before.monthly_tickets AS monthly_tickets_before,
  now.monthly_tickets - before.monthly_tickets AS monthly_tickets_change,
  before.avg_resolution_hours AS avg_resolution_hours_before,
  now.avg_resolution_hours - before.avg_resolution_hours AS avg_resolution_hours_change,
  before.customer_satisfaction AS customer_satisfaction_before,
  now.customer_satisfaction - before.customer_satisfaction AS customer_satisfaction_change,
  before.infrastructure_uptime_pct AS infrastructure_uptime_pct_before,
  now.infrastructure_uptime_pct - before.infrastructure_uptime_pct AS infrastructure_uptime_pct_change,
  before.infrastructure_incidents AS infrastructure_incidents_before,
  now.infrastructure_incidents - before.infrastructure_incidents AS infrastructure_incidents_change,
  before.active_implementations AS active_implementations_before,
  now.active_implementations - before.active_implementations AS active_implementations_change,
  before.avg_implementation_days AS avg_implementation_days_before,
  now.avg_implementation_days - before.avg_implementation_days AS avg_implementation_days_change,
  before.ops_cost_millions AS ops_cost_millions_before,
  now.ops_cost_millions - before.ops_cost_millions AS ops_cost_millions_change,
  before.cost_per_customer AS cost_per_customer_before,
  now.cost_per_customer - before.cost_per_customer AS cost_per_customer_change
FROM months_told AS now, months_told AS before
WHERE now.month = :start AND before.month < :start;

-- The last six months
WITH months AS (
  SELECT
    unnest(generate_series(:end - INTERVAL 6 MONTH, :end - INTERVAL 1 MONTH, INTERVAL 1 MONTH))::DATE AS month,
    (month + INTERVAL 1 MONTH)::DATE AS next
),
tickets AS (
  SELECT
    date_trunc('month', created_at)::DATE AS month,
    count(*) AS tickets,
    avg(resolution_hours) FILTER (status IN ('resolved', 'closed')) AS hours,
    avg(satisfaction_score) AS csat
  FROM support_tickets
  WHERE created_at >= :end - INTERVAL 6 MONTH AND created_at < :end AND status != 'deleted'
  GROUP BY month
),
checks AS (
  SELECT
    date_trunc('month', check_timestamp)::DATE AS month,
    100 * count(*) FILTER (status IN ('up', 'degraded')) / count(*) FILTER (status IN ('up', 'degraded', 'down')) AS uptime
  FROM infrastructure_monitoring
  WHERE check_timestamp >= :end - INTERVAL 6 MONTH AND check_timestamp < :end
  GROUP BY month
),
started AS (
  SELECT date_trunc('month', started_at)::DATE AS month, count(DISTINCT incident_id) AS incidents
  FROM incidents
  WHERE started_at >= :end - INTERVAL 6 MONTH AND started_at < :end
  GROUP BY month
),
open AS (
  SELECT month, count(*) AS active
  FROM implementations JOIN months ON kickoff_date < next AND (go_live_date IS NULL OR go_live_date >= next)
  WHERE status IN ('active', 'live')
  GROUP BY month
),
live AS (
  SELECT date_trunc('month', go_live_date)::DATE AS month, avg(days_to_complete) AS days
  FROM implementations
  WHERE go_live_date >= :end - INTERVAL 6 MONTH AND go_live_date < :end AND status != 'cancelled'
  GROUP BY month
),
spent AS (
  SELECT date_trunc('month', cost_date)::DATE AS month, sum(operational_cost) AS cost
  FROM costs
  WHERE cost_date >= :end - INTERVAL 6 MONTH AND cost_date < :end
  GROUP BY month
),
served AS (
  SELECT
    month,
    sum(least(coalesce(churned_at::DATE + 1, next), next) - greatest(contract_date, month)) / any_value(next - month)
      AS customers
  FROM customers JOIN months ON contract_date < next AND (churned_at IS NULL OR churned_at >= month)
  WHERE status != 'prospect' AND (status != 'churned' OR churned_at IS NOT NULL)
  GROUP BY month
)
SELECT
  month, coalesce(tickets, 0) AS monthly_tickets, hours AS avg_resolution_hours, csat AS customer_satisfaction,
  uptime AS infrastructure_uptime_pct, coalesce(incidents, 0) AS infrastructure_incidents,
  coalesce(active, 0) AS active_implementations, days AS avg_implementation_days, cost / 1e6 AS ops_cost_millions,
  cost / customers AS cost_per_customer
FROM months
LEFT JOIN tickets USING (month) LEFT JOIN checks USING (month) LEFT JOIN started USING (month)
LEFT JOIN open USING (month) LEFT JOIN live USING (month) LEFT JOIN spent USING (month)
LEFT JOIN served USING (month)
ORDER BY month;
