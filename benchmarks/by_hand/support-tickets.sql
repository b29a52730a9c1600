-- By week and priority
WITH tickets AS (
  SELECT
    date_trunc('week', created_at)::DATE AS week, ticket_priority, created_at, escalated, satisfaction_score,
    status IN ('resolved', 'closed') AS resolved, status IN ('new', 'open', 'pending', 'hold') AS open, resolution_hours,
    CASE
      WHEN sla_target_minutes IS NULL THEN NULL
      WHEN first_response_minutes <= sla_target_minutes THEN 'met'
      WHEN first_response_minutes > sla_target_minutes THEN 'breached'
      WHEN epoch(:as_of::TIMESTAMP - created_at) / 60 > sla_target_minutes THEN 'breached'
      ELSE 'pending'
    END AS outcome
  FROM support_tickets
  WHERE created_at >= :start AND created_at < :end AND status != 'deleted'
)
SELECT
  week, ticket_priority,
  count(*) AS total_tickets,
  count(*) FILTER (resolved) AS resolved_tickets,
  100 * count(*) FILTER (resolved) / count(*) AS resolution_rate,
  avg(resolution_hours) FILTER (resolved) AS avg_resolution_hours,
  avg(satisfaction_score) AS avg_satisfaction,
  100 * count(*) FILTER (outcome = 'met') / count(*) FILTER (outcome IN ('met', 'breached')) AS sla_compliance,
  100 * count(*) FILTER (escalated) / count(escalated) AS escalation_rate,
  quantile_cont(resolution_hours, [0.5, 0.9]) FILTER (resolved) AS hours,
  hours[1] AS median_resolution_hours,
  hours[2] AS p90_resolution_hours,
  count(satisfaction_score) AS rated_tickets,
  count(*) FILTER (outcome = 'pending') AS pending_first_response,
  count(*) FILTER (open) AS open_tickets,
  100 * count(*) FILTER (created_at <= :as_of - INTERVAL 7 DAY AND resolved AND resolution_hours <= 168)
    / count(*) FILTER (created_at <= :as_of - INTERVAL 7 DAY) AS resolved_within_7_days_pct,
  -- and behind them
  count(resolution_hours) FILTER (resolved) AS timed,
  (list(resolution_hours ORDER BY resolution_hours) FILTER (resolution_hours IS NOT NULL AND resolved))[
    floor(0.5 * timed + 0.5 - 1.959964 * sqrt(0.25 * timed))::INT
  ] AS "median_resolution_hours low",
  (list(resolution_hours ORDER BY resolution_hours) FILTER (resolution_hours IS NOT NULL AND resolved))[
    ceil(0.5 * timed + 0.5 + 1.959964 * sqrt(0.25 * timed))::INT
  ] AS "median_resolution_hours high",
  (list(resolution_hours ORDER BY resolution_hours) FILTER (resolution_hours IS NOT NULL AND resolved))[
    floor(0.9 * timed + 0.1211388 - 1.959964 * sqrt(0.09 * timed))::INT
  ] AS "p90_resolution_hours low",
  (list(resolution_hours ORDER BY resolution_hours) FILTER (resolution_hours IS NOT NULL AND resolved))[
    ceil(0.9 * timed + 0.1211388 + 1.959964 * sqrt(0.09 * timed))::INT
  ] AS "p90_resolution_hours high",
  count(*) AS "support_tickets rows",
  count(*) - resolved_tickets AS "resolved_tickets left out: not counted",
  resolved_tickets AS "resolution_rate part",
  count(*) - resolved_tickets AS "avg_resolution_hours left out: not resolved",
  resolved_tickets - count(resolution_hours) FILTER (resolved) AS "avg_resolution_hours left out: no value",
  var_samp(resolution_hours) FILTER (resolved) AS "avg_resolution_hours variance",
  -- median_resolution_hours, p90_resolution_hours: as avg_resolution_hours
  count(*) - rated_tickets AS "avg_satisfaction left out: not rated",
  var_samp(satisfaction_score) AS "avg_satisfaction variance",
  -- rated_tickets: as avg_satisfaction
  count(*) FILTER (outcome = 'met') AS "sla_compliance part",
  pending_first_response AS "sla_compliance left out: not settled yet",
  count(*) - count(outcome) AS "sla_compliance left out: no target",
  count(*) FILTER (escalated) AS "escalation_rate part",
  count(*) - count(escalated) AS "escalation_rate left out: not recorded",
  count(*) - pending_first_response AS "pending_first_response left out: not counted",
  count(*) - open_tickets AS "open_tickets left out: not counted",
  count(*) FILTER (created_at <= :as_of - INTERVAL 7 DAY AND resolved AND resolution_hours <= 168)
    AS "resolved_within_7_days_pct part",
  count(*) - count(*) FILTER (created_at <= :as_of - INTERVAL 7 DAY)
    AS "resolved_within_7_days_pct left out: not settled yet"
FROM tickets
GROUP BY week, ticket_priority
ORDER BY week DESC, ticket_priority;

-- All priorities by week
WITH tickets AS (
  SELECT
    date_trunc('week', created_at)::DATE AS week, satisfaction_score,
    status IN ('resolved', 'closed') AS resolved, resolution_hours,
    CASE
      WHEN sla_target_minutes IS NULL THEN NULL
      WHEN first_response_minutes <= sla_target_minutes THEN 'met'
      WHEN first_response_minutes > sla_target_minutes THEN 'breached'
      WHEN epoch(:as_of::TIMESTAMP - created_at) / 60 > sla_target_minutes THEN 'breached'
      ELSE 'pending'
    END AS outcome
  FROM support_tickets
  WHERE created_at >= :start AND created_at < :end AND status != 'deleted'
)
SELECT
  week,
  count(*) AS total_tickets,
  100 * count(*) FILTER (outcome = 'met') / count(*) FILTER (outcome IN ('met', 'breached')) AS sla_compliance,
  quantile_cont(resolution_hours, 0.5) FILTER (resolved) AS median_resolution_hours,
  avg(satisfaction_score) AS avg_satisfaction,
  -- and behind them
  count(resolution_hours) FILTER (resolved) AS timed,
  (list(resolution_hours ORDER BY resolution_hours) FILTER (resolution_hours IS NOT NULL AND resolved))[
    floor(0.5 * timed + 0.5 - 1.959964 * sqrt(0.25 * timed))::INT
  ] AS "median_resolution_hours low",
  (list(resolution_hours ORDER BY resolution_hours) FILTER (resolution_hours IS NOT NULL AND resolved))[
    ceil(0.5 * timed + 0.5 + 1.959964 * sqrt(0.25 * timed))::INT
  ] AS "median_resolution_hours high",
  count(*) AS "support_tickets rows",
  count(*) FILTER (outcome = 'met') AS "sla_compliance part",
  count(*) FILTER (outcome = 'pending') AS "sla_compliance left out: not settled yet",
  count(*) - count(outcome) AS "sla_compliance left out: no target",
  count(*) - count(*) FILTER (resolved) AS "median_resolution_hours left out: not resolved",
  count(*) FILTER (resolved) - count(resolution_hours) FILTER (resolved) AS "median_resolution_hours left out: no value",
  count(*) - count(satisfaction_score) AS "avg_satisfaction left out: not rated",
  var_samp(satisfaction_score) AS "avg_satisfaction variance"
FROM tickets
GROUP BY week
ORDER BY week;
