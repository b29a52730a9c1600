-- By kind of resource
WITH weeks AS (
  SELECT
    date_trunc('week', metric_date)::DATE AS week, resource_type,
    avg(utilization_percent) AS use,
    max(greatest(peak_utilization, utilization_percent)) AS peak,
    count(DISTINCT resource_id) AS resources,
    -- and behind them
    count(*) AS measured,
    count(utilization_percent) AS with_use,
    count(greatest(peak_utilization, utilization_percent)) AS with_peak
  FROM infrastructure_metrics
  WHERE metric_date >= :start AND metric_date < :end
  GROUP BY week, resource_type
),
lines AS (
  SELECT
    resource_type,
    arg_max(use, week) AS use,
    max(peak) AS peak,
    arg_max(resources, week) AS resources,
    count(use) AS n,
    regr_slope(use, (week - :start) / 7) AS slope,
    sqrt((1 - regr_r2(use, (week - :start) / 7)) * regr_syy(use, (week - :start) / 7)
      / (count(use) - 2) / regr_sxx(use, (week - :start) / 7)) AS error,
    -- and behind them
    sum(measured) AS measured,
    sum(with_use) AS with_use,
    sum(with_peak) AS with_peak
  FROM weeks
  GROUP BY resource_type
)
SELECT
  resource_type,
  use AS avg_utilization,
  peak AS peak_utilization,
  resources AS resource_count,
  slope AS utilization_growth_per_week,
  slope > 0 AND slope / error > 2.0638985616280205 AS grows, -- the 97.5 % point of Student's t for 26 weeks
  CASE WHEN use >= 80 THEN 0 WHEN grows THEN (80 - use) / slope END AS weeks_to_80_pct,
  CASE WHEN use >= 90 THEN 0 WHEN grows THEN (90 - use) / slope END AS weeks_to_90_pct,
  slope - 2.0638985616280205 * error AS growth_low,
  slope + 2.0638985616280205 * error AS growth_high,
  n AS weeks_measured,
  -- and behind them
  measured AS "infrastructure_metrics rows",
  measured - with_use AS "avg_utilization left out: not measured",
  measured - with_peak AS "peak_utilization left out: not measured"
FROM lines
ORDER BY weeks_to_80_pct NULLS LAST, resource_type;

-- Use by week
SELECT
  date_trunc('week', metric_date)::DATE AS week, resource_type,
  avg(utilization_percent) AS avg_utilization,
  max(greatest(peak_utilization, utilization_percent)) AS peak_utilization,
  count(DISTINCT resource_id) AS resource_count,
  -- and behind them
  count(*) AS "infrastructure_metrics rows",
  count(*) - count(utilization_percent) AS "avg_utilization left out: not measured",
  var_samp(utilization_percent) AS "avg_utilization variance",
  count(*) - count(greatest(peak_utilization, utilization_percent)) AS "peak_utilization left out: not measured"
FROM infrastructure_metrics
WHERE metric_date >= :start AND metric_date < :end
GROUP BY week, resource_type
ORDER BY week DESC, resource_type;
