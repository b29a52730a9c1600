-- By segment and type
WITH live AS (
  SELECT
    i.customer_segment, i.implementation_type,
    count(*) AS implementations,
    avg(days_to_complete) AS avg_days,
    quantile_cont(days_to_complete, 0.5) AS median_days,
    avg(go_live_date - coalesce(i.contract_date, c.contract_date)) AS avg_ttv_days,
    avg(implementation_score) AS avg_satisfaction_score,
    avg(issues_encountered) AS avg_issues_per_project,
    100 * count(*) FILTER (days_to_complete <= 30) / count(days_to_complete) AS on_time_pct,
    100 * count(*) FILTER (go_live_date <= planned_go_live_date) / count(planned_go_live_date) AS on_time_vs_plan_pct
  FROM implementations AS i LEFT JOIN customers AS c USING (customer_id)
  WHERE go_live_date >= :start AND go_live_date < :end AND i.status != 'cancelled'
  GROUP BY ALL
),
open AS (
  SELECT
    customer_segment, implementation_type,
    count(*) AS projects,
    quantile_cont(:end - kickoff_date, 0.5) AS age,
    count(*) FILTER (planned_go_live_date < :end) AS overdue
  FROM implementations
  WHERE kickoff_date < :end AND (go_live_date IS NULL OR go_live_date >= :end) AND status != 'cancelled'
  GROUP BY ALL
)
SELECT
  customer_segment, implementation_type, coalesce(implementations, 0) AS implementations, avg_days, median_days,
  avg_ttv_days, avg_satisfaction_score, avg_issues_per_project, on_time_pct, on_time_vs_plan_pct,
  coalesce(projects, 0) AS open_projects, age AS open_median_age_days, coalesce(overdue, 0) AS overdue_projects
FROM live FULL JOIN open USING (customer_segment, implementation_type)
ORDER BY customer_segment, implementation_type;

-- By segment and month
SELECT
  date_trunc('month', go_live_date)::DATE AS month, i.customer_segment,
  count(*) AS implementations,
  quantile_cont(days_to_complete, 0.5) AS median_days,
  avg(go_live_date - coalesce(i.contract_date, c.contract_date)) AS avg_ttv_days,
  100 * count(*) FILTER (days_to_complete <= 30) / count(days_to_complete) AS on_time_pct
FROM implementations AS i LEFT JOIN customers AS c USING (customer_id)
WHERE go_live_date >= :start AND go_live_date < :end AND i.status != 'cancelled'
GROUP BY ALL
ORDER BY month DESC, customer_segment;
