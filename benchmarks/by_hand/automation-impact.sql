-- By category and month
WITH executions AS (
  SELECT
    date_trunc('month', execution_date)::DATE AS month, process_category, process_name, case_type, automation_status,
    count(*) AS total,
    count(execution_time_minutes) AS timed,
    sum(execution_time_minutes) AS minutes,
    count(cost_per_execution) AS costed,
    sum(cost_per_execution) AS cost
  FROM business_processes
  WHERE execution_date >= :start AND execution_date < :end
  GROUP BY ALL
),
like_for_like AS (
  SELECT
    month, process_category,
    (sum(cost) FILTER (automation_status = 'manual') / sum(costed) FILTER (automation_status = 'manual')
      - sum(cost) FILTER (automation_status = 'automated') / sum(costed) FILTER (automation_status = 'automated'))
      * sum(total) FILTER (automation_status = 'automated') AS saved
  FROM executions
  GROUP BY month, process_category, process_name, case_type
),
alike AS (
  SELECT
    month, process_category, sum(saved) AS saved,
    -- and behind them
    count(*) AS kinds,
    count(saved) AS kinds_saved
  FROM like_for_like
  GROUP BY month, process_category
),
categories AS (
  SELECT
    month, process_category,
    sum(total)::BIGINT AS executions,
    coalesce(sum(total) FILTER (automation_status IS NOT NULL), 0)::BIGINT AS known,
    coalesce(sum(total) FILTER (automation_status = 'automated'), 0)::BIGINT AS automated,
    coalesce(sum(total) FILTER (automation_status = 'manual'), 0)::BIGINT AS manual,
    coalesce(sum(timed) FILTER (automation_status = 'manual'), 0) AS timed_by_hand,
    sum(minutes) FILTER (automation_status = 'manual') / timed_by_hand AS manual_minutes,
    coalesce(sum(timed) FILTER (automation_status = 'automated'), 0) AS timed_automated,
    sum(minutes) FILTER (automation_status = 'automated') / timed_automated AS automated_minutes,
    coalesce(sum(costed) FILTER (automation_status = 'manual'), 0) AS costed_by_hand,
    sum(cost) FILTER (automation_status = 'manual') / costed_by_hand AS manual_cost,
    sum(cost) FILTER (automation_status = 'automated') / sum(costed) FILTER (automation_status = 'automated')
      AS automated_cost
  FROM executions
  GROUP BY month, process_category
)
SELECT
  process_category, month,
  executions AS total_executions,
  100 * automated / known AS automation_rate,
  manual_minutes - automated_minutes AS time_saved_per_execution,
  (manual_minutes - automated_minutes) * automated AS total_time_saved,
  (manual_cost - automated_cost) * automated AS cost_savings,
  100 * (1 - automated_minutes / manual_minutes) AS efficiency_improvement_pct,
  CASE WHEN timed_by_hand > 0 THEN 'ok' ELSE 'no baseline' END AS baseline,
  automated AS automated_executions,
  manual AS manual_executions,
  saved AS like_for_like_cost_savings,
  -- and behind them
  executions AS "business_processes rows",
  automated AS "automation_rate part",
  executions - known AS "automation_rate left out: not known how",
  executions - manual - automated AS "time_saved_per_execution left out: neither by hand nor automated",
  manual + automated - timed_by_hand - timed_automated AS "time_saved_per_execution left out: no value",
  -- efficiency_improvement_pct: as time_saved_per_execution
  executions - manual - automated AS "total_time_saved left out: neither by hand nor automated",
  manual - timed_by_hand AS "total_time_saved left out: no value",
  executions - manual - automated AS "cost_savings left out: neither by hand nor automated",
  manual - costed_by_hand AS "cost_savings left out: no value",
  executions - manual AS "baseline left out: not by hand",
  manual - timed_by_hand AS "baseline left out: no value",
  executions - known AS "automated_executions left out: not known how",
  known - automated AS "automated_executions left out: not counted",
  executions - known AS "manual_executions left out: not known how",
  known - manual AS "manual_executions left out: not counted",
  kinds AS "like_for_like_cost_savings rows",
  kinds - kinds_saved AS "like_for_like_cost_savings left out: no baseline, or not automated"
FROM categories LEFT JOIN alike USING (month, process_category)
ORDER BY month DESC, cost_savings DESC NULLS LAST, process_category;
