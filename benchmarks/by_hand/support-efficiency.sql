-- By category
WITH tickets AS (
  SELECT
    ticket_category, self_service_deflected, escalated, handle_minutes, resolution_hours,
    status IN ('resolved', 'closed') AS resolved,
    CASE WHEN self_service_deflected IS NOT TRUE THEN coalesce(handle_minutes / 60, resolution_hours) * 50 END AS cost
  FROM support_tickets
  WHERE created_at >= :start AND created_at < :end AND status != 'deleted'
)
SELECT
  ticket_category,
  count(*) AS total_tickets,
  100 * count(*) FILTER (self_service_deflected) / count(self_service_deflected) AS self_service_rate,
  avg(resolution_hours) FILTER (resolved) AS avg_resolution_hours,
  count(*) FILTER (escalated) AS total_escalations,
  100 * count(*) FILTER (escalated) / count(escalated) AS escalation_rate,
  sum(cost) AS estimated_cost,
  avg(cost) AS estimated_cost_per_ticket,
  100 * count(handle_minutes) FILTER (self_service_deflected IS NOT TRUE) / count(cost) AS cost_from_handled_minutes_pct,
  -- and behind them
  count(*) AS "support_tickets rows",
  count(*) FILTER (self_service_deflected) AS "self_service_rate part",
  count(*) - count(self_service_deflected) AS "self_service_rate left out: not recorded",
  count(*) - count(*) FILTER (resolved) AS "avg_resolution_hours left out: not resolved",
  count(*) FILTER (resolved) - count(resolution_hours) FILTER (resolved) AS "avg_resolution_hours left out: no value",
  var_samp(resolution_hours) FILTER (resolved) AS "avg_resolution_hours variance",
  count(*) - total_escalations AS "total_escalations left out: not counted",
  total_escalations AS "escalation_rate part",
  count(*) - count(escalated) AS "escalation_rate left out: not recorded",
  count(*) FILTER (self_service_deflected) AS "estimated_cost left out: deflected",
  count(*) FILTER (self_service_deflected IS NOT TRUE) - count(cost) AS "estimated_cost left out: no time known",
  -- estimated_cost_per_ticket: as estimated_cost
  var_samp(cost) AS "estimated_cost_per_ticket variance",
  count(handle_minutes) FILTER (self_service_deflected IS NOT TRUE) AS "cost_from_handled_minutes_pct part",
  count(*) - count(cost) AS "cost_from_handled_minutes_pct left out: not costed"
FROM tickets
GROUP BY ticket_category
ORDER BY total_tickets DESC, ticket_category;

-- By subcategory
WITH tickets AS (
  SELECT
    ticket_category, ticket_subcategory, self_service_deflected, escalated, handle_minutes, resolution_hours,
    status IN ('resolved', 'closed') AS resolved,
    CASE WHEN self_service_deflected IS NOT TRUE THEN coalesce(handle_minutes / 60, resolution_hours) * 50 END AS cost
  FROM support_tickets
  WHERE created_at >= :start AND created_at < :end AND status != 'deleted'
)
SELECT
  ticket_category, ticket_subcategory,
  count(*) AS total_tickets,
  100 * count(*) FILTER (self_service_deflected) / count(self_service_deflected) AS self_service_rate,
  avg(resolution_hours) FILTER (resolved) AS avg_resolution_hours,
  count(*) FILTER (escalated) AS total_escalations,
  100 * count(*) FILTER (escalated) / count(escalated) AS escalation_rate,
  sum(cost) AS estimated_cost,
  avg(cost) AS estimated_cost_per_ticket,
  100 * count(handle_minutes) FILTER (self_service_deflected IS NOT TRUE) / count(cost) AS cost_from_handled_minutes_pct,
  -- and behind them
  count(*) AS "support_tickets rows",
  count(*) FILTER (self_service_deflected) AS "self_service_rate part",
  count(*) - count(self_service_deflected) AS "self_service_rate left out: not recorded",
  count(*) - count(*) FILTER (resolved) AS "avg_resolution_hours left out: not resolved",
  count(*) FILTER (resolved) - count(resolution_hours) FILTER (resolved) AS "avg_resolution_hours left out: no value",
  var_samp(resolution_hours) FILTER (resolved) AS "avg_resolution_hours variance",
  count(*) - total_escalations AS "total_escalations left out: not counted",
  total_escalations AS "escalation_rate part",
  count(*) - count(escalated) AS "escalation_rate left out: not recorded",
  count(*) FILTER (self_service_deflected) AS "estimated_cost left out: deflected",
  count(*) FILTER (self_service_deflected IS NOT TRUE) - count(cost) AS "estimated_cost left out: no time known",
  -- estimated_cost_per_ticket: as estimated_cost
  var_samp(cost) AS "estimated_cost_per_ticket variance",
  count(handle_minutes) FILTER (self_service_deflected IS NOT TRUE) AS "cost_from_handled_minutes_pct part",
  count(*) - count(cost) AS "cost_from_handled_minutes_pct left out: not costed"
FROM tickets
GROUP BY ticket_category, ticket_subcategory
ORDER BY total_tickets DESC, ticket_category, ticket_subcategory;
