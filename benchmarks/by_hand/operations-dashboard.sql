-- The month
WITH months AS (
  SELECT unnest([:start, (:start - INTERVAL 1 MONTH)::DATE]) AS month, (month + INTERVAL 1 MONTH)::DATE AS next
),
tickets AS (
  SELECT
    date_trunc('month', created_at)::DATE AS month,
    count(*) FILTER (status != 'deleted') AS tickets,
    avg(resolution_hours) FILTER (status IN ('resolved', 'closed')) AS hours,
    avg(satisfaction_score) FILTER (status != 'deleted') AS csat,
    -- and behind them
    count(*) AS tickets_told,
    count(*) FILTER (status IN ('resolved', 'closed')) AS resolved,
    count(resolution_hours) FILTER (status IN ('resolved', 'closed')) AS timed,
    var_samp(resolution_hours) FILTER (status IN ('resolved', 'closed')) AS hours_variance,
    count(satisfaction_score) FILTER (status != 'deleted') AS rated,
    var_samp(satisfaction_score) FILTER (status != 'deleted') AS csat_variance
  FROM support_tickets
  WHERE created_at >= :start - INTERVAL 1 MONTH AND created_at < :end
  GROUP BY month
),
checks AS (
  SELECT
    date_trunc('month', check_timestamp)::DATE AS month,
    100 * count(*) FILTER (status IN ('up', 'degraded')) / count(*) FILTER (status IN ('up', 'degraded', 'down')) AS uptime,
    -- and behind them
    count(*) AS checks,
    count(*) FILTER (status IN ('up', 'degraded')) AS up,
    count(*) FILTER (status IN ('up', 'degraded', 'down')) AS counted,
    count(*) FILTER (status = 'unknown') AS unknown,
    count(*) FILTER (status = 'maintenance') AS maintained
  FROM infrastructure_monitoring
  WHERE check_timestamp >= :start - INTERVAL 1 MONTH AND check_timestamp < :end
  GROUP BY month
),
started AS (
  SELECT
    date_trunc('month', started_at)::DATE AS month, count(DISTINCT incident_id) AS incidents,
    -- and behind them
    count(*) AS incidents_told
  FROM incidents
  WHERE started_at >= :start - INTERVAL 1 MONTH AND started_at < :end
  GROUP BY month
),
open AS (
  SELECT
    month, count(*) FILTER (status IN ('active', 'live')) AS active,
    -- and behind them
    count(*) AS open
  FROM implementations JOIN months ON kickoff_date < next AND (go_live_date IS NULL OR go_live_date >= next)
  GROUP BY month
),
live AS (
  SELECT
    date_trunc('month', go_live_date)::DATE AS month, avg(days_to_complete) FILTER (status != 'cancelled') AS days,
    -- and behind them
    count(*) AS live,
    count(*) FILTER (status = 'cancelled') AS cancelled,
    count(days_to_complete) FILTER (status != 'cancelled') AS days_known,
    var_samp(days_to_complete) FILTER (status != 'cancelled') AS days_variance
  FROM implementations
  WHERE go_live_date >= :start - INTERVAL 1 MONTH AND go_live_date < :end
  GROUP BY month
),
spent AS (
  SELECT
    date_trunc('month', cost_date)::DATE AS month, sum(operational_cost) AS cost,
    -- and behind them
    count(*) AS costs,
    count(operational_cost) AS costs_known
  FROM costs
  WHERE cost_date >= :start - INTERVAL 1 MONTH AND cost_date < :end
  GROUP BY month
),
served AS (
  SELECT
    month,
    sum(least(coalesce(churned_at::DATE + 1, next), next) - greatest(contract_date, month)) FILTER (is_dated)
      / any_value(next - month) AS customers,
    -- and behind them
    count(*) AS signed,
    count(*) FILTER (is_dated) AS dated
  FROM (
    SELECT contract_date, churned_at, status != 'prospect' AND (status != 'churned' OR churned_at IS NOT NULL) AS is_dated
    FROM customers
  )
  JOIN months ON contract_date < next AND (churned_at IS NULL OR churned_at >= month)
  GROUP BY month
),
months_told AS (
  SELECT
    month, coalesce(tickets, 0) AS monthly_tickets, hours AS avg_resolution_hours, csat AS customer_satisfaction,
    uptime AS infrastructure_uptime_pct, coalesce(incidents, 0) AS infrastructure_incidents,
    coalesce(active, 0) AS active_implementations, days AS avg_implementation_days, cost / 1e6 AS ops_cost_millions,
    cost / customers AS cost_per_customer,
    -- and behind them
    tickets_told AS "support_tickets rows",
    tickets_told - tickets AS "monthly_tickets left out: not what the metric is about",
    tickets_told - tickets AS "avg_resolution_hours left out: not what the metric is about",
    tickets - resolved AS "avg_resolution_hours left out: not resolved",
    resolved - timed AS "avg_resolution_hours left out: no value",
    hours_variance AS "avg_resolution_hours variance",
    tickets_told - tickets AS "customer_satisfaction left out: not what the metric is about",
    tickets - rated AS "customer_satisfaction left out: not rated",
    csat_variance AS "customer_satisfaction variance",
    checks AS "infrastructure_monitoring rows",
    up AS "infrastructure_uptime_pct part",
    unknown AS "infrastructure_uptime_pct left out: unknown result",
    maintained AS "infrastructure_uptime_pct left out: maintenance",
    checks - counted - unknown - maintained AS "infrastructure_uptime_pct left out: no value",
    incidents_told AS "incidents rows",
    open AS "active_implementations rows",
    open - active AS "active_implementations left out: not what the metric is about",
    live AS "avg_implementation_days rows",
    cancelled AS "avg_implementation_days left out: not what the metric is about",
    live - cancelled - days_known AS "avg_implementation_days left out: no kickoff date",
    days_variance AS "avg_implementation_days variance",
    costs AS "costs rows",
    costs - costs_known AS "operating_cost left out: no value",
    signed AS "customers rows",
    signed - dated AS "active_customers_mean left out: not what the metric is about"
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
    count(*) FILTER (status != 'deleted') AS tickets,
    avg(resolution_hours) FILTER (status IN ('resolved', 'closed')) AS hours,
    avg(satisfaction_score) FILTER (status != 'deleted') AS csat,
    -- and behind them
    count(*) AS tickets_told,
    count(*) FILTER (status IN ('resolved', 'closed')) AS resolved,
    count(resolution_hours) FILTER (status IN ('resolved', 'closed')) AS timed,
    var_samp(resolution_hours) FILTER (status IN ('resolved', 'closed')) AS hours_variance,
    count(satisfaction_score) FILTER (status != 'deleted') AS rated,
    var_samp(satisfaction_score) FILTER (status != 'deleted') AS csat_variance
  FROM support_tickets
  WHERE created_at >= :end - INTERVAL 6 MONTH AND created_at < :end
  GROUP BY month
),
checks AS (
  SELECT
    date_trunc('month', check_timestamp)::DATE AS month,
    100 * count(*) FILTER (status IN ('up', 'degraded')) / count(*) FILTER (status IN ('up', 'degraded', 'down')) AS uptime,
    -- and behind them
    count(*) AS checks,
    count(*) FILTER (status IN ('up', 'degraded')) AS up,
    count(*) FILTER (status IN ('up', 'degraded', 'down')) AS counted,
    count(*) FILTER (status = 'unknown') AS unknown,
    count(*) FILTER (status = 'maintenance') AS maintained
  FROM infrastructure_monitoring
  WHERE check_timestamp >= :end - INTERVAL 6 MONTH AND check_timestamp < :end
  GROUP BY month
),
started AS (
  SELECT
    date_trunc('month', started_at)::DATE AS month, count(DISTINCT incident_id) AS incidents,
    -- and behind them
    count(*) AS incidents_told
  FROM incidents
  WHERE started_at >= :end - INTERVAL 6 MONTH AND started_at < :end
  GROUP BY month
),
open AS (
  SELECT
    month, count(*) FILTER (status IN ('active', 'live')) AS active,
    -- and behind them
    count(*) AS open
  FROM implementations JOIN months ON kickoff_date < next AND (go_live_date IS NULL OR go_live_date >= next)
  GROUP BY month
),
live AS (
  SELECT
    date_trunc('month', go_live_date)::DATE AS month, avg(days_to_complete) FILTER (status != 'cancelled') AS days,
    -- and behind them
    count(*) AS live,
    count(*) FILTER (status = 'cancelled') AS cancelled,
    count(days_to_complete) FILTER (status != 'cancelled') AS days_known,
    var_samp(days_to_complete) FILTER (status != 'cancelled') AS days_variance
  FROM implementations
  WHERE go_live_date >= :end - INTERVAL 6 MONTH AND go_live_date < :end
  GROUP BY month
),
spent AS (
  SELECT
    date_trunc('month', cost_date)::DATE AS month, sum(operational_cost) AS cost,
    -- and behind them
    count(*) AS costs,
    count(operational_cost) AS costs_known
  FROM costs
  WHERE cost_date >= :end - INTERVAL 6 MONTH AND cost_date < :end
  GROUP BY month
),
served AS (
  SELECT
    month,
    sum(least(coalesce(churned_at::DATE + 1, next), next) - greatest(contract_date, month)) FILTER (is_dated)
      / any_value(next - month) AS customers,
    -- and behind them
    count(*) AS signed,
    count(*) FILTER (is_dated) AS dated
  FROM (
    SELECT contract_date, churned_at, status != 'prospect' AND (status != 'churned' OR churned_at IS NOT NULL) AS is_dated
    FROM customers
  )
  JOIN months ON contract_date < next AND (churned_at IS NULL OR churned_at >= month)
  GROUP BY month
)
SELECT
  month, coalesce(tickets, 0) AS monthly_tickets, hours AS avg_resolution_hours, csat AS customer_satisfaction,
  uptime AS infrastructure_uptime_pct, coalesce(incidents, 0) AS infrastructure_incidents,
  coalesce(active, 0) AS active_implementations, days AS avg_implementation_days, cost / 1e6 AS ops_cost_millions,
  cost / customers AS cost_per_customer,
  -- and behind them
  tickets_told AS "support_tickets rows",
  tickets_told - tickets AS "monthly_tickets left out: not what the metric is about",
  tickets_told - tickets AS "avg_resolution_hours left out: not what the metric is about",
  tickets - resolved AS "avg_resolution_hours left out: not resolved",
  resolved - timed AS "avg_resolution_hours left out: no value",
  hours_variance AS "avg_resolution_hours variance",
  tickets_told - tickets AS "customer_satisfaction left out: not what the metric is about",
  tickets - rated AS "customer_satisfaction left out: not rated",
  csat_variance AS "customer_satisfaction variance",
  checks AS "infrastructure_monitoring rows",
  up AS "infrastructure_uptime_pct part",
  unknown AS "infrastructure_uptime_pct left out: unknown result",
  maintained AS "infrastructure_uptime_pct left out: maintenance",
  checks - counted - unknown - maintained AS "infrastructure_uptime_pct left out: no value",
  incidents_told AS "incidents rows",
  open AS "active_implementations rows",
  open - active AS "active_implementations left out: not what the metric is about",
  live AS "avg_implementation_days rows",
  cancelled AS "avg_implementation_days left out: not what the metric is about",
  live - cancelled - days_known AS "avg_implementation_days left out: no kickoff date",
  days_variance AS "avg_implementation_days variance",
  costs AS "costs rows",
  costs - costs_known AS "operating_cost left out: no value",
  signed AS "customers rows",
  signed - dated AS "active_customers_mean left out: not what the metric is about"
FROM months
LEFT JOIN tickets USING (month) LEFT JOIN checks USING (month) LEFT JOIN started USING (month)
LEFT JOIN open USING (month) LEFT JOIN live USING (month) LEFT JOIN spent USING (month)
LEFT JOIN served USING (month)
ORDER BY month;
