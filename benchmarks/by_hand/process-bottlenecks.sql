-- By process
WITH cases AS (
  SELECT process_name, count(DISTINCT execution_id) AS cases
  FROM process_executions
  WHERE execution_date >= :start AND execution_date < :end
  GROUP BY process_name
),
steps AS (
  SELECT
    process_name, step_name,
    sum(coalesce(step_duration_minutes, 0) + coalesce(wait_time_minutes, 0)) / any_value(cases) AS minutes,
    sum(wait_time_minutes) AS waited,
    count(*) FILTER (error_occurred) AS errors,
    count(*) FILTER (rework_required) AS reworks,
    count(rework_required) AS rework_known,
    any_value(cases) AS cases
  FROM process_executions JOIN cases USING (process_name)
  WHERE execution_date >= :start AND execution_date < :end
  GROUP BY process_name, step_name
)
SELECT
  process_name,
  sum(minutes) AS total_time_minutes,
  max(minutes) AS bottleneck_minutes,
  100 * max(minutes) / sum(minutes) AS bottleneck_pct_of_total,
  arg_max(step_name, minutes) AS bottleneck_steps,
  sum(errors)::BIGINT AS total_errors,
  100 * sum(reworks) / sum(rework_known) AS rework_rate_pct,
  sum(minutes) * 0.3 AS potential_time_savings,
  any_value(cases) AS cases,
  sum(waited) AS delay_minutes
FROM steps
GROUP BY process_name
HAVING sum(minutes) > 30
ORDER BY total_time_minutes DESC, process_name;

-- By step
SELECT
  process_name, step_name,
  count(*) AS executions,
  sum(coalesce(step_duration_minutes, 0) + coalesce(wait_time_minutes, 0)) AS total_minutes,
  avg(coalesce(step_duration_minutes, 0) + coalesce(wait_time_minutes, 0)) AS minutes_per_execution,
  100 * sum(wait_time_minutes) FILTER (step_duration_minutes IS NOT NULL)
    / sum(step_duration_minutes + wait_time_minutes) AS waiting_share,
  count(*) FILTER (error_occurred) AS errors,
  100 * count(*) FILTER (rework_required) / count(rework_required) AS rework_rate_pct
FROM process_executions
WHERE execution_date >= :start AND execution_date < :end
GROUP BY process_name, step_name
ORDER BY process_name, total_minutes DESC, step_name;
