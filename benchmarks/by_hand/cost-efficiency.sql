-- By kind and use
WITH resources AS (
  SELECT
    resource_id,
    arg_max(resource_type, metric_date) AS resource_type,
    avg(utilization_percent) AS utilization,
    count(utilization_percent) AS days,
    sum(utilization_percent) AS total,
    max(greatest(peak_utilization, utilization_percent)) AS peak,
    avg(daily_cost) * 30 AS monthly_cost
  FROM cloud_resources
  WHERE metric_date >= :start AND metric_date < :end
  GROUP BY resource_id
  HAVING max(greatest(metric_date, last_seen)) >= :end - INTERVAL 7 DAY
)
SELECT
  resource_type,
  CASE
    WHEN utilization < 20 THEN 'Severely Underutilized'
    WHEN utilization < 50 THEN 'Underutilized'
    WHEN utilization > 90 THEN 'Near Capacity'
    WHEN utilization IS NOT NULL THEN 'Optimal'
    ELSE 'Not Measured'
  END AS utilization_status,
  count(*) AS resource_count,
  sum(total) / sum(days) AS avg_utilization_pct,
  sum(monthly_cost) AS total_monthly_cost,
  avg(monthly_cost) AS avg_monthly_cost_per_resource,
  coalesce(sum(monthly_cost * 0.3) FILTER (utilization < 50), 0) AS potential_monthly_savings,
  max(peak) AS peak_utilization_pct,
  -- and behind them
  count(*) AS "resource_periods rows",
  count(*) - count(utilization) AS "avg_utilization_pct left out: never measured",
  count(*) - count(monthly_cost) AS "total_monthly_cost left out: cost not known",
  -- avg_monthly_cost_per_resource: as total_monthly_cost
  count(*) - count(utilization) AS "potential_monthly_savings left out: never measured",
  count(*) FILTER (utilization >= 50) AS "potential_monthly_savings left out: not underutilized",
  count(*) FILTER (utilization < 50 AND monthly_cost IS NULL) AS "potential_monthly_savings left out: no value",
  count(*) - count(peak) AS "peak_utilization_pct left out: no value"
FROM resources
GROUP BY ALL
ORDER BY resource_type, utilization_status;

-- No longer seen
WITH resources AS (
  SELECT resource_id, arg_max(resource_type, metric_date) AS resource_type, sum(daily_cost) AS cost
  FROM cloud_resources
  WHERE metric_date >= :start AND metric_date < :end
  GROUP BY resource_id
  HAVING max(greatest(metric_date, last_seen)) < :end - INTERVAL 7 DAY
)
SELECT
  resource_type, count(*) AS dead_resources, coalesce(sum(cost), 0) AS cost_in_period,
  -- and behind them
  count(*) AS "resource_periods rows",
  count(*) - count(cost) AS "cost_in_period left out: no value"
FROM resources
GROUP BY resource_type
ORDER BY cost_in_period DESC, resource_type;
