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
    100 * count(*) FILTER (go_live_date <= planned_go_live_date) / count(planned_go_live_date) AS on_time_vs_plan_pct,
    -- and behind them
    count(days_to_complete) AS timed,
    (list(days_to_complete ORDER BY days_to_complete) FILTER (days_to_complete IS NOT NULL))[
      floor(0.5 * timed + 0.5 - 1.959964 * sqrt(0.25 * timed))::INT
    ] AS days_low,
    (list(days_to_complete ORDER BY days_to_complete) FILTER (days_to_complete IS NOT NULL))[
      ceil(0.5 * timed + 0.5 + 1.959964 * sqrt(0.25 * timed))::INT
    ] AS days_high,
    var_samp(days_to_complete) AS days_variance,
    count(*) FILTER (days_to_complete <= 30) AS on_time,
    count(go_live_date - coalesce(i.contract_date, c.contract_date)) AS signed,
    var_samp(go_live_date - coalesce(i.contract_date, c.contract_date)) AS ttv_variance,
    count(implementation_score) AS scored,
    var_samp(implementation_score) AS score_variance,
    count(issues_encountered) AS issues_known,
    var_samp(issues_encountered) AS issues_variance,
    count(planned_go_live_date) AS planned,
    count(*) FILTER (go_live_date <= planned_go_live_date) AS on_plan
  FROM implementations AS i LEFT JOIN customers AS c USING (customer_id)
  WHERE go_live_date >= :start AND go_live_date < :end AND i.status != 'cancelled'
  GROUP BY ALL
),
open AS (
  SELECT
    customer_segment, implementation_type,
    count(*) AS projects,
    quantile_cont(:end - kickoff_date, 0.5) AS age,
    count(*) FILTER (planned_go_live_date < :end) AS overdue,
    -- and behind them
    (list(:end - kickoff_date ORDER BY :end - kickoff_date))[
      floor(0.5 * projects + 0.5 - 1.959964 * sqrt(0.25 * projects))::INT
    ] AS age_low,
    (list(:end - kickoff_date ORDER BY :end - kickoff_date))[
      ceil(0.5 * projects + 0.5 + 1.959964 * sqrt(0.25 * projects))::INT
    ] AS age_high
  FROM implementations
  WHERE kickoff_date < :end AND (go_live_date IS NULL OR go_live_date >= :end) AND status != 'cancelled'
  GROUP BY ALL
)
SELECT
  customer_segment, implementation_type, coalesce(implementations, 0) AS implementations, avg_days, median_days,
  avg_ttv_days, avg_satisfaction_score, avg_issues_per_project, on_time_pct, on_time_vs_plan_pct,
  coalesce(projects, 0) AS open_projects, age AS open_median_age_days, coalesce(overdue, 0) AS overdue_projects,
  -- and behind them
  implementations AS "implementations rows",
  implementations - timed AS "avg_days left out: no kickoff date",
  days_variance AS "avg_days variance",
  -- median_days, on_time_pct: as avg_days
  days_low AS "median_days low",
  days_high AS "median_days high",
  on_time AS "on_time_pct part",
  implementations - signed AS "avg_ttv_days left out: no contract date",
  ttv_variance AS "avg_ttv_days variance",
  implementations - scored AS "avg_satisfaction_score left out: not rated",
  score_variance AS "avg_satisfaction_score variance",
  implementations - issues_known AS "avg_issues_per_project left out: not recorded",
  issues_variance AS "avg_issues_per_project variance",
  implementations - planned AS "on_time_vs_plan_pct left out: no planned day",
  on_plan AS "on_time_vs_plan_pct part",
  projects AS "open_projects rows",
  -- open_median_age_days, overdue_projects: as open_projects
  age_low AS "open_median_age_days low",
  age_high AS "open_median_age_days high",
  projects - overdue AS "overdue_projects left out: not counted"
FROM live FULL JOIN open USING (customer_segment, implementation_type)
ORDER BY customer_segment, implementation_type;

-- By segment and month
SELECT
  date_trunc('month', go_live_date)::DATE AS month, i.customer_segment,
  count(*) AS implementations,
  quantile_cont(days_to_complete, 0.5) AS median_days,
  avg(go_live_date - coalesce(i.contract_date, c.contract_date)) AS avg_ttv_days,
  100 * count(*) FILTER (days_to_complete <= 30) / count(days_to_complete) AS on_time_pct,
  -- and behind them
  (list(days_to_complete ORDER BY days_to_complete) FILTER (days_to_complete IS NOT NULL))[
    floor(0.5 * count(days_to_complete) + 0.5 - 1.959964 * sqrt(0.25 * count(days_to_complete)))::INT
  ] AS "median_days low",
  (list(days_to_complete ORDER BY days_to_complete) FILTER (days_to_complete IS NOT NULL))[
    ceil(0.5 * count(days_to_complete) + 0.5 + 1.959964 * sqrt(0.25 * count(days_to_complete)))::INT
  ] AS "median_days high",
  count(*) AS "implementations rows",
  count(*) - count(days_to_complete) AS "median_days left out: no kickoff date",
  -- on_time_pct: as median_days
  count(*) FILTER (days_to_complete <= 30) AS "on_time_pct part",
  count(*) - count(go_live_date - coalesce(i.contract_date, c.contract_date)) AS "avg_ttv_days left out: no contract date",
  var_samp(go_live_date - coalesce(i.contract_date, c.contract_date)) AS "avg_ttv_days variance"
FROM implementations AS i LEFT JOIN customers AS c USING (customer_id)
WHERE go_live_date >= :start AND go_live_date < :end AND i.status != 'cancelled'
GROUP BY ALL
ORDER BY month DESC, customer_segment;
