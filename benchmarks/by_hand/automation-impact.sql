-- By category and month
WITH like_for_like AS (
  SELECT
    date_trunc('month', execution_date)::DATE AS month, process_category,
    (avg(cost_per_execution) FILTER (automation_status = 'manual')
      - avg(cost_per_execution) FILTER (automation_status = 'automated'))
      * count(*) FILTER (automation_status = 'automated') AS saved
  FROM business_processes
  WHERE execution_date >= :start AND execution_date < :end
  GROUP BY month, process_category, process_name, case_type
),
alike AS (
  SELECT
    month, process_category, sum(saved) AS saved,
    -- and behind them
    count(*) AS kinds, count(saved) AS kinds_saved
  FROM like_for_like
  GROUP BY month, process_category
),
categories AS (
  SELECT
    date_trunc('month', execution_date)::DATE AS month, process_category,
    count(*) AS total,
    count(automation_status) AS known,
    count(*) FILTER (automation_status = 'automated') AS automated,
    count(*) FILTER (automation_status = 'manual') AS manual,
    count(execution_time_minutes) FILTER (automation_status = 'manual') AS timed_by_hand,
    avg(execution_time_minutes) FILTER (automation_status = 'manual') AS manual_minutes,
    avg(execution_time_minutes) FILTER (automation_status = 'automated') AS automated_minutes,
    avg(cost_per_execution) FILTER (automation_status = 'manual') AS manual_cost,
    avg(cost_per_execution) FILTER (automation_status = 'automated') AS automated_cost,
    -- and behind them
    count(execution_time_minutes) FILTER (automation_status = 'automated') AS timed_automated,
    count(cost_per_execution) FILTER (automation_status = 'manual') AS costed_by_hand
  FROM business_processes
  WHERE execution_date >= :start AND execution_date < :end
  GROUP BY month, process_category
)
SELECT
  process_category, month,
  total AS total_executions,
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
  total AS "business_processes rows",
  automated AS "automation_rate part",
  total - known AS "automation_rate left out: not known how",
  total - timed_by_hand - timed_automated AS "time_saved_per_execution left out: no value",
  -- efficiency_improvement_pct: as time_saved_per_execution
  total - timed_by_hand - automated AS "total_time_saved left out: no value",
  total - costed_by_hand - automated AS "cost_savings left out: no value",
  total - timed_by_hand AS "baseline left out: no value",
  total - known AS "automated_executions left out: not known how",
  known - automated AS "automated_executions left out: not counted",
  total - known AS "manual_executions left out: not known how",
  known - manual AS "manual_executions left out: not counted",
  kinds AS "like_for_like_cost_savings rows",
  kinds - kinds_saved AS "like_for_like_cost_savings left out: no baseline, or not automated"
FROM categories LEFT JOIN alike USING (month, process_category)
ORDER BY month DESC, cost_savings DESC NULLS LAST, process_category;
