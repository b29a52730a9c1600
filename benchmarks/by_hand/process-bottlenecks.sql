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
    any_value(cases) AS cases,
    -- and behind them
    count(*) AS executions,
    count(wait_time_minutes) AS waits_known,
    count(error_occurred) AS errors_known
  FROM process_executions JOIN cases USING (process_name)
  WHERE execution_date >= :start AND execution_date < :end
  GROUP BY process_name, step_name
),
processes AS (
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
    sum(waited) AS delay_minutes,
    -- and behind them
    -- the processes that are not shown are in the period, too
    sum(sum(executions)) OVER () AS "process_executions rows in all",
    sum(sum(executions - waits_known)) OVER () AS "process_wait_minutes left out: waiting not recorded in all",
    sum(sum(executions - errors_known)) OVER () AS "step_errors left out: errors not recorded in all",
    sum(sum(errors_known - errors)) OVER () AS "step_errors left out: not counted in all",
    sum(sum(executions - rework_known)) OVER () AS "step_reworks left out: rework not recorded in all",
    sum(sum(rework_known - reworks)) OVER () AS "step_reworks left out: not counted in all",
    sum(sum(executions - rework_known)) OVER () AS "steps_with_rework_known left out: not counted in all",
    sum(any_value(cases)) OVER () AS "process_cases rows in all"
  FROM steps
  GROUP BY process_name
)
SELECT * FROM processes WHERE total_time_minutes > 30 ORDER BY total_time_minutes DESC, process_name;

-- By step
SELECT
  process_name, step_name,
  count(*) AS executions,
  sum(coalesce(step_duration_minutes, 0) + coalesce(wait_time_minutes, 0)) AS total_minutes,
  avg(coalesce(step_duration_minutes, 0) + coalesce(wait_time_minutes, 0)) AS minutes_per_execution,
  100 * sum(wait_time_minutes) FILTER (step_duration_minutes IS NOT NULL)
    / sum(step_duration_minutes + wait_time_minutes) AS waiting_share,
  count(*) FILTER (error_occurred) AS errors,
  100 * count(*) FILTER (rework_required) / count(rework_required) AS rework_rate_pct,
  -- and behind them
  count(*) AS "process_executions rows",
  var_samp(coalesce(step_duration_minutes, 0) + coalesce(wait_time_minutes, 0)) AS "minutes_per_execution variance",
  count(*) - count(step_duration_minutes + wait_time_minutes) AS "waiting_share left out: not what the metric is about",
  count(*) - count(error_occurred) AS "errors left out: errors not recorded",
  count(error_occurred) - errors AS "errors left out: not counted",
  count(*) FILTER (rework_required) AS "rework_rate_pct part",
  count(*) - count(rework_required) AS "rework_rate_pct left out: rework not recorded"
FROM process_executions
WHERE execution_date >= :start AND execution_date < :end
GROUP BY process_name, step_name
ORDER BY process_name, total_minutes DESC, step_name;
