-- By day
WITH days AS (
  SELECT unnest(generate_series(:start, :end - INTERVAL 1 DAY, INTERVAL 1 DAY))::DATE AS day, day + 1 AS next
),
spans AS (
  SELECT
    day, greatest(started_at, day) AS since, least(coalesce(resolved_at, next), next) AS until,
    max(until) OVER (PARTITION BY day ORDER BY since, until ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS earlier
  FROM incidents JOIN days ON started_at < next AND (resolved_at IS NULL OR resolved_at > day)
),
downtime AS (
  SELECT
    day, sum(greatest(epoch(until - greatest(since, earlier)), 0)) / 60 AS minutes,
    -- and behind them
    count(*) AS incidents
  FROM spans
  GROUP BY day
),
exposed AS (
  SELECT
    customer_id,
    unnest(generate_series(
      greatest(exposure_started_at::DATE, :start),
      least((exposure_ended_at - INTERVAL 1 MICROSECOND)::DATE, :end - 1),
      INTERVAL 1 DAY
    ))::DATE AS day
  FROM incident_customers
  WHERE exposure_started_at < :end AND (exposure_ended_at IS NULL OR exposure_ended_at > :start)
),
affected AS (
  SELECT
    day, count(DISTINCT customer_id) AS customers,
    -- and behind them
    count(*) AS exposures
  FROM exposed
  GROUP BY day
),
told AS (
  SELECT
    metric_date AS day,
    100 * (count(*) FILTER (nps_score >= 9) - count(*) FILTER (nps_score < 7)) / count(nps_score) AS nps,
    avg(nps_score) AS nps_mean,
    count(nps_score) AS responses,
    avg(usage_minutes) AS usage,
    count(DISTINCT customer_id) FILTER (churned) AS churned,
    -- and behind them
    count(*) AS days_told,
    var_samp(nps_score) AS nps_variance,
    count(usage_minutes) AS uses,
    var_samp(usage_minutes) AS usage_variance,
    count(*) FILTER (churned) AS churns
  FROM customer_daily_metrics
  WHERE metric_date >= :start AND metric_date < :end
  GROUP BY metric_date
)
SELECT
  day AS metric_day,
  coalesce(minutes, 0) AS total_incident_minutes,
  coalesce(customers, 0) AS customers_affected,
  nps AS daily_nps,
  usage AS daily_usage,
  coalesce(churned, 0) AS churned_customers,
  CASE WHEN minutes > 60 THEN 'Major Incident' WHEN minutes > 0 THEN 'Minor Incident' ELSE 'No Incidents' END
    AS incident_severity,
  nps_mean,
  coalesce(responses, 0) AS nps_responses,
  -- and behind them
  incidents AS "incidents rows",
  exposures AS "incident_customers rows",
  days_told AS "customer_daily_metrics rows",
  days_told - responses AS "daily_nps left out: no answer",
  -- nps_mean, nps_responses: as daily_nps
  nps_variance AS "nps_mean variance",
  days_told - uses AS "daily_usage left out: not reported",
  usage_variance AS "daily_usage variance",
  days_told - churns AS "churned_customers left out: not counted"
FROM days
LEFT JOIN downtime USING (day)
LEFT JOIN affected USING (day)
LEFT JOIN told USING (day)
ORDER BY day DESC;

-- By week
WITH weeks AS (
  SELECT unnest(generate_series(:start, :end - INTERVAL 7 DAY, INTERVAL 7 DAY))::DATE AS week, week + 7 AS next
),
spans AS (
  SELECT
    week, greatest(started_at, week) AS since, least(coalesce(resolved_at, next), next) AS until,
    max(until) OVER (PARTITION BY week ORDER BY since, until ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS earlier
  FROM incidents JOIN weeks ON started_at < next AND (resolved_at IS NULL OR resolved_at > week)
),
downtime AS (
  SELECT
    week, sum(greatest(epoch(until - greatest(since, earlier)), 0)) / 60 AS minutes,
    -- and behind them
    count(*) AS incidents
  FROM spans
  GROUP BY week
),
exposed AS (
  SELECT
    customer_id,
    unnest(generate_series(
      date_trunc('week', greatest(exposure_started_at::DATE, :start)),
      least((exposure_ended_at - INTERVAL 1 MICROSECOND)::DATE, :end - 1),
      INTERVAL 7 DAY
    ))::DATE AS week
  FROM incident_customers
  WHERE exposure_started_at < :end AND (exposure_ended_at IS NULL OR exposure_ended_at > :start)
),
affected AS (
  SELECT
    week, count(DISTINCT customer_id) AS customers,
    -- and behind them
    count(*) AS exposures
  FROM exposed
  GROUP BY week
),
told AS (
  SELECT
    date_trunc('week', metric_date)::DATE AS week,
    100 * (count(*) FILTER (nps_score >= 9) - count(*) FILTER (nps_score < 7)) / count(nps_score) AS nps,
    avg(usage_minutes) AS usage,
    count(DISTINCT customer_id) FILTER (churned) AS churned,
    -- and behind them
    count(*) AS days_told,
    count(nps_score) AS responses,
    count(usage_minutes) AS uses,
    var_samp(usage_minutes) AS usage_variance,
    count(*) FILTER (churned) AS churns
  FROM customer_daily_metrics
  WHERE metric_date >= :start AND metric_date < :end
  GROUP BY week
)
SELECT
  week,
  coalesce(minutes, 0) AS total_incident_minutes,
  coalesce(customers, 0) AS customers_affected,
  nps AS weekly_nps,
  usage AS daily_usage,
  coalesce(churned, 0) AS churned_customers,
  -- and behind them
  incidents AS "incidents rows",
  exposures AS "incident_customers rows",
  days_told AS "customer_daily_metrics rows",
  days_told - responses AS "weekly_nps left out: no answer",
  days_told - uses AS "daily_usage left out: not reported",
  usage_variance AS "daily_usage variance",
  days_told - churns AS "churned_customers left out: not counted"
FROM weeks
LEFT JOIN downtime USING (week)
LEFT JOIN affected USING (week)
LEFT JOIN told USING (week)
ORDER BY week DESC;
