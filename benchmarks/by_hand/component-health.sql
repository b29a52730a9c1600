-- By kind of component
WITH newest AS (
  SELECT * FROM infrastructure_components
  WHERE observed_at < :end
  QUALIFY row_number() OVER (PARTITION BY component_id ORDER BY observed_at DESC) = 1
),
scored AS (
  SELECT
    component_type, error_rate_7d, performance_degradation_30d, last_maintenance_days_ago,
    CASE WHEN error_rate_7d > 5 THEN 20 WHEN error_rate_7d > 1 THEN 10 WHEN error_rate_7d IS NOT NULL THEN 0 END
    + CASE
        WHEN performance_degradation_30d > 20 THEN 20
        WHEN performance_degradation_30d > 10 THEN 10
        WHEN performance_degradation_30d IS NOT NULL THEN 0
      END
    + CASE
        WHEN last_maintenance_days_ago > recommended_maintenance_interval * 1.5 THEN 20
        WHEN last_maintenance_days_ago > recommended_maintenance_interval THEN 10
        WHEN last_maintenance_days_ago <= recommended_maintenance_interval THEN 0
      END AS points
  FROM newest
  WHERE status = 'active'
)
SELECT
  component_type,
  count(*) AS total_components,
  count(*) FILTER (points >= 40) AS high_risk,
  count(*) FILTER (points >= 20 AND points < 40) AS medium_risk,
  avg(error_rate_7d) AS avg_error_rate,
  avg(performance_degradation_30d) AS avg_performance_degradation,
  avg(last_maintenance_days_ago) AS avg_days_since_maintenance,
  count(*) FILTER (points < 20) AS low_risk,
  count(*) FILTER (points IS NULL) AS unknown_risk,
  -- and behind them
  count(*) AS "infrastructure_components rows",
  total_components - high_risk AS "high_risk left out: not counted",
  total_components - medium_risk AS "medium_risk left out: not counted",
  total_components - low_risk AS "low_risk left out: not counted",
  total_components - unknown_risk AS "unknown_risk left out: not counted",
  var_samp(error_rate_7d) AS "avg_error_rate variance",
  count(*) - count(error_rate_7d) AS "avg_error_rate left out: error rate not known",
  var_samp(performance_degradation_30d) AS "avg_performance_degradation variance",
  count(*) - count(performance_degradation_30d) AS "avg_performance_degradation left out: degradation not known",
  var_samp(last_maintenance_days_ago) AS "avg_days_since_maintenance variance",
  count(*) - count(last_maintenance_days_ago) AS "avg_days_since_maintenance left out: last maintenance not known"
FROM scored
GROUP BY component_type
ORDER BY high_risk DESC, component_type;

-- Components to look at
WITH newest AS (
  SELECT * FROM infrastructure_components
  WHERE observed_at < :end
  QUALIFY row_number() OVER (PARTITION BY component_id ORDER BY observed_at DESC) = 1
),
scored AS (
  SELECT
    *,
    CASE WHEN error_rate_7d > 5 THEN 20 WHEN error_rate_7d > 1 THEN 10 WHEN error_rate_7d IS NOT NULL THEN 0 END
    + CASE
        WHEN performance_degradation_30d > 20 THEN 20
        WHEN performance_degradation_30d > 10 THEN 10
        WHEN performance_degradation_30d IS NOT NULL THEN 0
      END
    + CASE
        WHEN last_maintenance_days_ago > recommended_maintenance_interval * 1.5 THEN 20
        WHEN last_maintenance_days_ago > recommended_maintenance_interval THEN 10
        WHEN last_maintenance_days_ago <= recommended_maintenance_interval THEN 0
      END AS points
  FROM newest
  WHERE status = 'active'
)
SELECT
  CASE WHEN points >= 40 THEN 'high' WHEN points >= 20 THEN 'medium' ELSE 'unknown' END AS risk_band,
  component_type, component_id,
  error_rate_7d AS error_rate,
  performance_degradation_30d AS performance_degradation,
  last_maintenance_days_ago AS days_since_maintenance,
  -- and behind them
  1 AS "infrastructure_components rows",
  (error_rate_7d IS NULL)::INTEGER AS "error_rate left out: error rate not known",
  (performance_degradation_30d IS NULL)::INTEGER AS "performance_degradation left out: degradation not known",
  (last_maintenance_days_ago IS NULL)::INTEGER AS "days_since_maintenance left out: last maintenance not known"
FROM scored
WHERE points >= 20 OR points IS NULL
ORDER BY risk_band, component_type, component_id;

-- Failures in the period
SELECT
  component_type, count(failed_at) AS failures,
  -- and behind them
  failures AS "component_failures rows"
FROM (SELECT DISTINCT component_type FROM infrastructure_components)
LEFT JOIN (
  SELECT component_type, failed_at FROM component_failures WHERE failed_at >= :start AND failed_at < :end
) USING (component_type)
GROUP BY component_type
ORDER BY failures DESC, component_type;
