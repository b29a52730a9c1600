-- By team
WITH tickets AS (
  SELECT
    team, agent_id, satisfaction_score, satisfaction_offered, reopened, status IN ('resolved', 'closed') AS resolved,
    epoch(resolved_at - assigned_at) / 3600 AS handle_hours,
    resolved_at <= :as_of - INTERVAL 7 DAY AS settled
  FROM support_tickets
  WHERE resolved_at >= :start AND resolved_at < :end AND status != 'deleted'
)
SELECT
  team,
  count(DISTINCT agent_id) FILTER (resolved) AS agent_count,
  count(*) FILTER (resolved) AS total_tickets,
  count(agent_id) FILTER (resolved) / count(DISTINCT agent_id) FILTER (resolved) AS avg_tickets_per_agent,
  avg(handle_hours) FILTER (resolved) AS avg_handle_hours,
  avg(satisfaction_score) FILTER (resolved) AS team_avg_csat,
  100 * count(*) FILTER (resolved AND satisfaction_score >= 4) / count(satisfaction_score) FILTER (resolved)
    AS satisfaction_rate,
  100 * count(*) FILTER (settled AND reopened) / count(reopened) FILTER (settled) AS reopen_rate,
  100 * count(satisfaction_score) FILTER (resolved AND satisfaction_offered)
    / count(*) FILTER (resolved AND satisfaction_offered) AS satisfaction_response_rate,
  quantile_cont(handle_hours, 0.5) FILTER (resolved) AS median_handle_hours,
  -- and behind them
  count(handle_hours) FILTER (resolved) AS timed,
  (list(handle_hours ORDER BY handle_hours) FILTER (handle_hours IS NOT NULL AND resolved))[
    floor(0.5 * timed + 0.5 - 1.959964 * sqrt(0.25 * timed))::INT
  ] AS "median_handle_hours low",
  (list(handle_hours ORDER BY handle_hours) FILTER (handle_hours IS NOT NULL AND resolved))[
    ceil(0.5 * timed + 0.5 + 1.959964 * sqrt(0.25 * timed))::INT
  ] AS "median_handle_hours high",
  count(*) AS "support_tickets rows",
  count(*) - total_tickets AS "total_tickets left out: not what the metric is about",
  count(*) - total_tickets AS "agent_count left out: not what the metric is about",
  total_tickets - count(agent_id) FILTER (resolved) AS "agent_count left out: not counted",
  count(*) - total_tickets AS "avg_tickets_per_agent left out: not what the metric is about",
  total_tickets - count(agent_id) FILTER (resolved) AS "avg_tickets_per_agent left out: no agent",
  count(*) - total_tickets AS "avg_handle_hours left out: not what the metric is about",
  total_tickets - count(handle_hours) FILTER (resolved) AS "avg_handle_hours left out: assignment unknown",
  var_samp(handle_hours) FILTER (resolved) AS "avg_handle_hours variance",
  -- median_handle_hours: as avg_handle_hours
  count(*) - total_tickets AS "team_avg_csat left out: not what the metric is about",
  total_tickets - count(satisfaction_score) FILTER (resolved) AS "team_avg_csat left out: not rated",
  var_samp(satisfaction_score) FILTER (resolved) AS "team_avg_csat variance",
  -- satisfaction_rate: as team_avg_csat
  count(*) FILTER (resolved AND satisfaction_score >= 4) AS "satisfaction_rate part",
  count(*) FILTER (settled AND reopened) AS "reopen_rate part",
  count(*) - count(*) FILTER (settled) AS "reopen_rate left out: not settled yet",
  count(*) FILTER (settled) - count(reopened) FILTER (settled) AS "reopen_rate left out: not recorded",
  count(satisfaction_score) FILTER (resolved AND satisfaction_offered) AS "satisfaction_response_rate part",
  count(*) - total_tickets AS "satisfaction_response_rate left out: not what the metric is about",
  total_tickets - count(*) FILTER (resolved AND satisfaction_offered) AS "satisfaction_response_rate left out: not asked"
FROM tickets
GROUP BY team
ORDER BY team_avg_csat DESC, team;

-- By team and month
WITH tickets AS (
  SELECT
    date_trunc('month', resolved_at)::DATE AS month, team, satisfaction_score,
    epoch(resolved_at - assigned_at) / 3600 AS handle_hours, status IN ('resolved', 'closed') AS resolved
  FROM support_tickets
  WHERE resolved_at >= :end - INTERVAL 6 MONTH AND resolved_at < :end AND status != 'deleted'
)
SELECT
  month, team,
  count(*) FILTER (resolved) AS total_tickets,
  avg(handle_hours) FILTER (resolved) AS avg_handle_hours,
  avg(satisfaction_score) FILTER (resolved) AS team_avg_csat,
  -- and behind them
  count(*) AS "support_tickets rows",
  count(*) - total_tickets AS "total_tickets left out: not what the metric is about",
  count(*) - total_tickets AS "avg_handle_hours left out: not what the metric is about",
  total_tickets - count(handle_hours) FILTER (resolved) AS "avg_handle_hours left out: assignment unknown",
  var_samp(handle_hours) FILTER (resolved) AS "avg_handle_hours variance",
  count(*) - total_tickets AS "team_avg_csat left out: not what the metric is about",
  total_tickets - count(satisfaction_score) FILTER (resolved) AS "team_avg_csat left out: not rated",
  var_samp(satisfaction_score) FILTER (resolved) AS "team_avg_csat variance"
FROM tickets
GROUP BY month, team
ORDER BY month DESC, team;
