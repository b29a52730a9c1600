-- By promise and month
WITH promises AS (
  SELECT *, lead(valid_from, 1, DATE '9999-12-31') OVER (PARTITION BY sla_id ORDER BY valid_from) AS valid_until
  FROM sla_definitions
),
measured AS (
  SELECT
    date_trunc('month', measurement_date)::DATE AS month, service_tier, sla_metric, sla_target, operator, actual_value,
    CASE operator WHEN 'gte' THEN actual_value >= sla_target WHEN 'lte' THEN actual_value <= sla_target END AS met,
    excluded IS TRUE AS excluded,
    excluded IS NOT TRUE AND met IS NOT NULL AS counted
  FROM sla_measurements AS m LEFT JOIN promises AS p
    ON m.sla_id = p.sla_id AND measurement_date >= valid_from AND measurement_date < valid_until
  WHERE measurement_date >= :start AND measurement_date < :end
)
SELECT
  service_tier, sla_metric, sla_target, month,
  count(*) FILTER (counted) AS measurements,
  100 * count(*) FILTER (counted AND met) / count(*) FILTER (counted) AS sla_compliance_pct,
  avg(actual_value) FILTER (counted) AS avg_performance,
  quantile_cont(actual_value, [0.05, 0.95]) FILTER (counted) AS tails,
  CASE WHEN any_value(operator) = 'gte' THEN tails[1] ELSE tails[2] END AS p95_performance,
  CASE
    WHEN sla_compliance_pct >= 99.9 THEN 'Exceeding'
    WHEN sla_compliance_pct >= 95 THEN 'Meeting'
    WHEN sla_compliance_pct IS NOT NULL THEN 'Missing'
  END AS sla_status,
  count(*) FILTER (excluded) AS excluded_measurements,
  100 * count(*) FILTER (met) / count(met) AS sla_compliance_with_excluded_pct,
  count(*) AS all_measurements,
  -- and behind them
  CASE any_value(operator) WHEN 'gte' THEN 0.05 * measurements + 0.9262188 ELSE 0.95 * measurements + 0.07378118 END AS middle,
  (list(actual_value ORDER BY actual_value) FILTER (counted))[
    floor(middle - 1.959964 * sqrt(0.0475 * measurements))::INT
  ] AS "p95_performance low",
  (list(actual_value ORDER BY actual_value) FILTER (counted))[
    ceil(middle + 1.959964 * sqrt(0.0475 * measurements))::INT
  ] AS "p95_performance high",
  count(*) AS "sla_measurements rows",
  excluded_measurements AS "measurements left out: excluded by agreement",
  count(*) - measurements - excluded_measurements AS "measurements left out: no value, or no promise in force",
  -- sla_compliance_pct: as measurements
  count(*) FILTER (counted AND met) AS "sla_compliance_pct part",
  count(*) - measurements AS "avg_performance left out: not what the metric is about",
  -- p95_performance: as avg_performance
  count(*) - excluded_measurements AS "excluded_measurements left out: not counted",
  count(*) FILTER (met) AS "sla_compliance_with_excluded_pct part",
  count(*) - count(met) AS "sla_compliance_with_excluded_pct left out: no value, or no promise in force"
FROM measured
GROUP BY service_tier, sla_metric, sla_target, month
ORDER BY month DESC, service_tier, sla_metric, sla_target;

-- By tier and month
WITH promises AS (
  SELECT *, lead(valid_from, 1, DATE '9999-12-31') OVER (PARTITION BY sla_id ORDER BY valid_from) AS valid_until
  FROM sla_definitions
),
measured AS (
  SELECT
    date_trunc('month', measurement_date)::DATE AS month, service_tier,
    CASE
      WHEN excluded THEN NULL
      WHEN operator = 'gte' THEN actual_value >= sla_target
      WHEN operator = 'lte' THEN actual_value <= sla_target
    END AS met,
    -- and behind them
    excluded
  FROM sla_measurements AS m LEFT JOIN promises AS p
    ON m.sla_id = p.sla_id AND measurement_date >= valid_from AND measurement_date < valid_until
  WHERE measurement_date >= :start AND measurement_date < :end
)
SELECT
  month, service_tier,
  count(met) AS measurements,
  100 * count(*) FILTER (met) / count(met) AS sla_compliance_pct,
  CASE
    WHEN sla_compliance_pct >= 99.9 THEN 'Exceeding'
    WHEN sla_compliance_pct >= 95 THEN 'Meeting'
    WHEN sla_compliance_pct IS NOT NULL THEN 'Missing'
  END AS sla_status,
  -- and behind them
  count(*) AS "sla_measurements rows",
  count(*) FILTER (excluded) AS "measurements left out: excluded by agreement",
  count(*) FILTER (met IS NULL AND excluded IS NOT TRUE) AS "measurements left out: no value, or no promise in force",
  -- sla_compliance_pct: as measurements
  count(*) FILTER (met) AS "sla_compliance_pct part"
FROM measured
GROUP BY month, service_tier
ORDER BY month DESC, service_tier;
