-- By team
SELECT
  team,
  count(DISTINCT agent_id) AS agent_count,
  count(*) AS total_tickets,
  count(agent_id) / count(DISTINCT agent_id) AS avg_tickets_per_agent,
  avg(epoch(resolved_at - assigned_at) / 3600) AS avg_handle_hours,
  avg(satisfaction_score) AS team_avg_csat,
  100 * count(*) FILTER (satisfaction_score >= 4) / count(satisfaction_score) AS satisfaction_rate,
  100 * count(*) FILTER (reopened AND resolved_at <= :as_of - INTERVAL 7 DAY)
    / count(reopened) FILTER (resolved_at <= :as_of - INTERVAL 7 DAY) AS reopen_rate,
  100 * count(satisfaction_score) FILTER (satisfaction_offered) / count(*) FILTER (satisfaction_offered)
    AS satisfaction_response_rate,
  quantile_cont(epoch(resolved_at - assigned_at) / 3600, 0.5) AS median_handle_hours
FROM support_tickets
WHERE resolved_at >= :start AND resolved_at < :end AND status IN ('resolved', 'closed')
GROUP BY team
ORDER BY team_avg_csat DESC, team;

-- By team and month
SELECT
  date_trunc('month', resolved_at)::DATE AS month, team,
  count(*) AS total_tickets,
  avg(epoch(resolved_at - assigned_at) / 3600) AS avg_handle_hours,
  avg(satisfaction_score) AS team_avg_csat
FROM support_tickets
WHERE resolved_at >= :end - INTERVAL 6 MONTH AND resolved_at < :end AND status IN ('resolved', 'closed')
GROUP BY month, team
ORDER BY month DESC, team;
