-- By service
WITH checks AS (
  SELECT
    service_name,
    count(*) FILTER (status IN ('up', 'degraded', 'down')) AS counted,
    count(*) FILTER (status IN ('up', 'degraded')) AS up,
    count(*) FILTER (status = 'up') AS fully_up,
    count(*) FILTER (status = 'down') AS down,
    count(*) FILTER (status IN ('unknown', 'maintenance')) AS excluded,
    avg(response_time_ms) AS avg_ms,
    quantile_cont(response_time_ms, 0.95) AS p95_ms,
    count(DISTINCT date_trunc('hour', check_timestamp)) AS hours,
    -- and behind them
    count(*) AS checks,
    count(*) FILTER (status = 'unknown') AS unknown,
    count(response_time_ms) AS timed,
    var_samp(response_time_ms) AS ms_variance
  FROM infrastructure_monitoring
  WHERE check_timestamp >= :start AND check_timestamp < :end
  GROUP BY service_name
),
started AS (
  SELECT
    service_name,
    count(DISTINCT incident_id) AS incidents,
    avg(epoch(coalesce(resolved_at, :as_of) - started_at) / 60) AS avg_minutes,
    -- and behind them
    count(*) AS incidents_told,
    var_samp(epoch(coalesce(resolved_at, :as_of) - started_at) / 60) AS minutes_variance
  FROM incidents
  WHERE started_at >= :start AND started_at < :end
  GROUP BY service_name
),
spans AS (
  SELECT
    service_name, greatest(started_at, :start) AS since, least(coalesce(resolved_at, :end), :end) AS until,
    max(until) OVER (
      PARTITION BY service_name ORDER BY since, until ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS earlier
  FROM incidents
  WHERE started_at < :end AND (resolved_at IS NULL OR resolved_at > :start)
),
downtime AS (
  SELECT
    service_name, sum(greatest(epoch(until - greatest(since, earlier)), 0)) / 60 AS minutes,
    -- and behind them
    count(*) AS overlapping
  FROM spans
  GROUP BY service_name
),
milliseconds AS (
  SELECT service_name, response_time_ms AS ms, count(*) AS checks
  FROM infrastructure_monitoring
  WHERE check_timestamp >= :start AND check_timestamp < :end AND response_time_ms IS NOT NULL
  GROUP BY ALL
),
in_order AS (
  SELECT
    service_name, ms, sum(checks) OVER (PARTITION BY service_name ORDER BY ms) AS upto, sum(checks) OVER (PARTITION BY service_name) AS n
  FROM milliseconds
),
bounds AS (
  SELECT
    service_name,
    min(ms) FILTER (upto >= floor(0.95 * n + 0.07378118 - 1.959964 * sqrt(0.0475 * n))) AS low,
    min(ms) FILTER (upto >= ceil(0.95 * n + 0.07378118 + 1.959964 * sqrt(0.0475 * n))) AS high
  FROM in_order
  GROUP BY service_name
)
SELECT
  service_name,
  100 * up / counted AS uptime_percentage,
  avg_ms AS avg_response_ms,
  p95_ms AS p95_response_ms,
  coalesce(incidents, 0) AS incidents_30d,
  coalesce(minutes, 0) AS total_downtime_minutes,
  avg_minutes AS avg_incident_minutes,
  100 * fully_up / counted AS fully_up_percentage,
  coalesce(counted, 0) AS checks_counted,
  coalesce(excluded, 0) AS checks_excluded,
  100 * coalesce(hours, 0) / date_diff('hour', :start, :end) AS monitoring_coverage_pct,
  (100 - coalesce(slo_target, 99.9)) / 100 * counted AS budget,
  100 * (1 - down / budget) AS error_budget_left_pct,
  (budget - down) / counted * date_diff('minute', :start, :end) AS error_budget_minutes_left,
  -- and behind them
  checks AS "infrastructure_monitoring rows",
  up AS "uptime_percentage part",
  unknown AS "uptime_percentage left out: unknown result",
  excluded - unknown AS "uptime_percentage left out: maintenance",
  checks - counted - excluded AS "uptime_percentage left out: no value",
  -- fully_up_percentage, error_budget_left_pct, error_budget_minutes_left: as uptime_percentage
  fully_up AS "fully_up_percentage part",
  checks - timed AS "avg_response_ms left out: no response time",
  ms_variance AS "avg_response_ms variance",
  -- p95_response_ms: as avg_response_ms
  (SELECT low FROM bounds WHERE bounds.service_name = services.service_name) AS "p95_response_ms low",
  (SELECT high FROM bounds WHERE bounds.service_name = services.service_name) AS "p95_response_ms high",
  incidents_told AS "incidents rows",
  minutes_variance AS "avg_incident_minutes variance",
  overlapping AS "total_downtime_minutes rows",
  checks - counted AS "checks_counted left out: not counted",
  checks - excluded AS "checks_excluded left out: not counted"
FROM services
LEFT JOIN checks USING (service_name)
LEFT JOIN started USING (service_name)
LEFT JOIN downtime USING (service_name)
ORDER BY uptime_percentage DESC NULLS LAST, service_name;

-- All services by day
WITH days AS (
  SELECT unnest(generate_series(:start, :end - INTERVAL 1 DAY, INTERVAL 1 DAY)) AS day
),
checks AS (
  SELECT
    check_timestamp::DATE AS day,
    100 * count(*) FILTER (status IN ('up', 'degraded')) / count(*) FILTER (status IN ('up', 'degraded', 'down')) AS uptime,
    quantile_cont(response_time_ms, 0.95) AS p95_ms,
    -- and behind them
    count(*) AS checks,
    count(*) FILTER (status IN ('up', 'degraded')) AS up,
    count(*) FILTER (status IN ('up', 'degraded', 'down')) AS counted,
    count(*) FILTER (status = 'unknown') AS unknown,
    count(*) FILTER (status = 'maintenance') AS maintained,
    count(response_time_ms) AS timed
  FROM infrastructure_monitoring
  WHERE check_timestamp >= :start AND check_timestamp < :end
  GROUP BY day
),
started AS (
  SELECT
    started_at::DATE AS day, count(DISTINCT incident_id) AS incidents,
    -- and behind them
    count(*) AS incidents_told
  FROM incidents
  WHERE started_at >= :start AND started_at < :end
  GROUP BY day
),
spans AS (
  SELECT
    day, greatest(started_at, day) AS since,
    least(coalesce(resolved_at, day + INTERVAL 1 DAY), day + INTERVAL 1 DAY) AS until,
    max(until) OVER (PARTITION BY day ORDER BY since, until ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS earlier
  FROM incidents JOIN days ON started_at < day + INTERVAL 1 DAY AND (resolved_at IS NULL OR resolved_at > day)
),
downtime AS (
  SELECT
    day, sum(greatest(epoch(until - greatest(since, earlier)), 0)) / 60 AS minutes,
    -- and behind them
    count(*) AS overlapping
  FROM spans
  GROUP BY day
),
milliseconds AS (
  SELECT check_timestamp::DATE AS day, response_time_ms AS ms, count(*) AS checks
  FROM infrastructure_monitoring
  WHERE check_timestamp >= :start AND check_timestamp < :end AND response_time_ms IS NOT NULL
  GROUP BY ALL
),
in_order AS (
  SELECT
    day, ms, sum(checks) OVER (PARTITION BY day ORDER BY ms) AS upto, sum(checks) OVER (PARTITION BY day) AS n
  FROM milliseconds
),
bounds AS (
  SELECT
    day,
    min(ms) FILTER (upto >= floor(0.95 * n + 0.07378118 - 1.959964 * sqrt(0.0475 * n))) AS low,
    min(ms) FILTER (upto >= ceil(0.95 * n + 0.07378118 + 1.959964 * sqrt(0.0475 * n))) AS high
  FROM in_order
  GROUP BY day
)
SELECT
  day::DATE AS day,
  uptime AS uptime_percentage,
  p95_ms AS p95_response_ms,
  coalesce(minutes, 0) AS total_downtime_minutes,
  coalesce(incidents, 0) AS incidents,
  -- and behind them
  checks AS "infrastructure_monitoring rows",
  up AS "uptime_percentage part",
  unknown AS "uptime_percentage left out: unknown result",
  maintained AS "uptime_percentage left out: maintenance",
  checks - counted - unknown - maintained AS "uptime_percentage left out: no value",
  (SELECT low FROM bounds WHERE bounds.day = days.day) AS "p95_response_ms low",
  (SELECT high FROM bounds WHERE bounds.day = days.day) AS "p95_response_ms high",
  checks - timed AS "p95_response_ms left out: no response time",
  incidents_told AS "incidents rows",
  overlapping AS "total_downtime_minutes rows"
FROM days
LEFT JOIN checks USING (day)
LEFT JOIN started USING (day)
LEFT JOIN downtime USING (day)
ORDER BY day;
