"""Views over other views: who pays for whom, what is paid, and what analysts ask.

A name in braces is a published view; in a view of the past it becomes that view at that time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import LiteralString

OVER_VIEWS: Mapping[str, LiteralString] = {
    "persons": """
SELECT subject AS person, substring(subject FROM '[^:]*$') AS number, given_name, family_name,
    patronymic_name, patronymic_suffix, sex, date_of_birth, date_of_death, place_of_birth,
    citizenship, domicile
FROM registry.golden_person""",
    "policyholder_insured": """
SELECT employer AS policyholder, person AS insured, 'contract' AS ground, contract AS ground_id
FROM {contracts} WHERE status <> 'terminated'
UNION
SELECT payer, person, 'payroll', period FROM {payroll_lines}""",
    "policyholders": """
SELECT policyholder, count(DISTINCT insured) AS insured_persons
FROM {policyholder_insured} GROUP BY policyholder""",
    "insured": """
SELECT insured, count(DISTINCT policyholder) AS policyholders
FROM {policyholder_insured} GROUP BY insured""",
    "premiums": """
SELECT payer, period, role, stage, sum(amount) AS amount FROM (
    SELECT payer, period, 'employee' AS role, 'calculated' AS stage, employee_premium AS amount
    FROM {payroll_reports}
    UNION ALL
    SELECT payer, period, 'employer', 'calculated', employer_premium FROM {payroll_reports}
    UNION ALL
    SELECT payer, period, 'goods', stage, amount FROM {excise}) AS parts
GROUP BY payer, period, role, stage""",
    "analysis_premiums": """
SELECT period, role, stage, coalesce(sector, '??') AS sector,
    count(DISTINCT payer) AS payers, sum(amount) AS amount
FROM {premiums} LEFT JOIN (
    SELECT voen, min(left(code, 2)) AS sector FROM {activities} GROUP BY voen) AS sectors
    ON voen = payer
GROUP BY period, role, stage, coalesce(sector, '??')""",
    "analysis_gaps": """
SELECT employer, missing, count(*) AS persons FROM (
    SELECT coalesce(c.employer, p.payer) AS employer,
        CASE WHEN p.person IS NULL THEN 'payroll' ELSE 'contract' END AS missing
    FROM (SELECT DISTINCT employer, person FROM {contracts} WHERE status <> 'terminated') AS c
    FULL JOIN (SELECT DISTINCT payer, person FROM {payroll_lines}) AS p
        ON p.payer = c.employer AND p.person = c.person
    WHERE c.person IS NULL OR p.person IS NULL) AS lone
GROUP BY employer, missing""",
    "analysis_unreconciled": """
SELECT * FROM (
    SELECT r.payer, r.period, r.source, r.employees - coalesce(l.people, 0) AS employee_difference,
        r.wage_fund - coalesce(l.wages, 0) AS wage_difference,
        r.employee_premium + r.employer_premium - coalesce(l.premiums, 0) AS premium_difference
    FROM {payroll_reports} AS r LEFT JOIN (
        SELECT payer, period, source, count(*) AS people, sum(wage) AS wages,
            sum(employee_premium + employer_premium) AS premiums
        FROM {payroll_lines} GROUP BY payer, period, source) AS l USING (payer, period, source)
    ) AS compared
WHERE (employee_difference, wage_difference, premium_difference) <> (0, 0, 0)""",
    "analysis_excise": """
SELECT goods, origin, unit,
    coalesce(sum(quantity) FILTER (WHERE stage = 'calculated'), 0) AS quantity,
    coalesce(sum(amount) FILTER (WHERE stage = 'calculated'), 0) AS calculated,
    coalesce(sum(amount) FILTER (WHERE stage = 'paid'), 0) AS paid
FROM {excise} GROUP BY goods, origin, unit""",
    "analysis_coverage": """
SELECT territory, age_group, CASE WHEN persons >= {smallest}::bigint THEN persons END AS persons,
    persons < {smallest}::bigint AS suppressed
FROM (
    SELECT coalesce(domicile ->> 'adminUnitCode', domicile ->> 'adminUnitL2', '?') AS territory,
        coalesce(10 * div(extract(year FROM current_date) - left(date_of_birth, 4)::integer, 10)
            || 's', '?') AS age_group, count(*) AS persons
    FROM {insured} LEFT JOIN {persons} ON number = insured
    GROUP BY 1, 2) AS cells""",
    "analysis_freshness": """
SELECT ministry AS source, record_type AS record, count(*) AS changes,
    max(recorded_at) AS last_change
FROM registry.change GROUP BY ministry, record_type""",
}
