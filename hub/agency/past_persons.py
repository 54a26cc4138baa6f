"""``published.persons_at``: golden records of persons as they were, drawn in SQL.

The same function of facts that ``hub.registry.past`` computes for one person, for all of them at
once: what each fact claims, which aliases are linked, and the authority matrix of today. A record
type that claims something of persons has its claims here too (a test compares both).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import LiteralString

import orjson

from hub.agency.dictionary import SCHEMA
from hub.registry.authority import Authority, Precedence
from hub.store.statements import Part, compose, literal, union

CLAIMS: Mapping[str, LiteralString] = {
    "person": """
SELECT f.subject, field, value, {source} AS source, {place}
FROM {facts} AS f CROSS JOIN LATERAL jsonb_each(f.data) AS said (field, value)
WHERE field IN ('givenName', 'familyName', 'patronymicName', 'patronymicSuffix', 'sex',
    'dateOfBirth', 'dateOfDeath', 'placeOfBirth', 'citizenship', 'domicile')""",
    "residence_registration": """
SELECT f.subject, 'domicile', f.data -> 'address', {source} AS source, {place}
FROM {facts} AS f
WHERE f.data ->> 'registrationType' <> 'stay' AND f.data -> 'dateEnded' IS NULL""",
    "staff_fact": """
SELECT f.subject, field, value, {source} AS source, {place}
FROM {facts} AS f CROSS JOIN LATERAL jsonb_each(f.data -> 'person') AS said (field, value)
WHERE f.data -> 'endedAt' IS NULL""",
    "civil_status_act": """
SELECT (p -> 'identifier' ->> 'type') || ':' || (p -> 'identifier' ->> 'notation'), field, value,
    {source} AS source, {place}
FROM {facts} AS f
CROSS JOIN LATERAL jsonb_array_elements(f.data -> 'participants') AS participants (p)
CROSS JOIN LATERAL jsonb_each(CASE f.data ->> 'actType' || ' ' || (p ->> 'role')
    WHEN 'death deceased' THEN jsonb_build_object('dateOfDeath', f.data -> 'eventDate')
    WHEN 'birth child' THEN
        jsonb_build_object('dateOfBirth', coalesce(p -> 'dateOfBirth', f.data -> 'eventDate'),
            'placeOfBirth', f.data -> 'eventPlace', 'sex', p -> 'sex',
            'givenName', p -> 'givenName', 'familyName', p -> 'familyName',
            'patronymicName', p -> 'patronymicName', 'patronymicSuffix', p -> 'patronymicSuffix')
    WHEN 'name-change applicant' THEN f.data -> 'newName'
    ELSE '{{}}' END) AS said (field, value)
WHERE p -> 'identifier' IS NOT NULL""",
}
"""What each record type says of persons, field by field, as ``claims`` of its class does."""

RECORDS = (*CLAIMS, "subject_link")
"""Record types of whose past this is made."""

_SOURCE: LiteralString = "f.ministry || '/' || {record}"
_PLACE: LiteralString = "f.version, f.rank, f.record_id"
_FACTS: LiteralString = "{function} (as_of, known_at)"

_PERSONS: LiteralString = """
WITH linked AS (
    SELECT DISTINCT
        (data -> 'alias' ->> 'type') || ':' || (data -> 'alias' ->> 'notation') AS alias,
        (data -> 'identifier' ->> 'type') || ':' || (data -> 'identifier' ->> 'notation') AS fin
    FROM {links} AS f
    WHERE data -> 'alias' ->> 'type' <> data -> 'identifier' ->> 'type'),
sure AS (SELECT alias, min(fin) AS fin FROM linked GROUP BY alias HAVING count(*) = 1),
disputed AS (SELECT alias, fin FROM linked WHERE alias NOT IN (SELECT alias FROM sure)),
claimed AS (
    SELECT coalesce(sure.fin, c.subject) AS person, c.*
    FROM ({claims}) AS c (subject, field, value, source, version, rank, record_id)
    LEFT JOIN sure ON sure.alias = c.subject
    WHERE c.value NOT IN ('null', '[]')),
latest AS (
    SELECT DISTINCT ON (person, field, source) person, field, source, value FROM claimed
    ORDER BY person, field, source, version DESC, rank DESC, record_id DESC,
        subject COLLATE "C" DESC),
believed AS (
    SELECT DISTINCT ON (person, field) person, field, value
    FROM latest LEFT JOIN jsonb_to_recordset({ranks}::jsonb)
        AS o (of_field text, of_source text, rank integer)
        ON of_field = field AND of_source = source
    LEFT JOIN jsonb_to_recordset({usual}::jsonb)
        AS u (usual_source text, usual_rank integer) ON usual_source = source
    ORDER BY person, field, coalesce(o.rank, usual_rank, {unlisted}::integer), source COLLATE "C"),
drawn AS (SELECT person, jsonb_object_agg(field, value) AS fields FROM believed GROUP BY person),
known AS (SELECT person FROM drawn UNION SELECT alias FROM disputed UNION SELECT fin FROM disputed)
SELECT person, substring(person FROM '[^:]*$'), fields ->> 'givenName', fields ->> 'familyName',
    fields ->> 'patronymicName', fields ->> 'patronymicSuffix', fields ->> 'sex',
    fields ->> 'dateOfBirth', registry.iso_date(fields ->> 'dateOfDeath'),
    fields ->> 'placeOfBirth', fields -> 'citizenship', fields -> 'domicile'
FROM known LEFT JOIN drawn USING (person)
WHERE person NOT IN (SELECT alias FROM sure)
"""

_UNLISTED = 1000


def select(authority: Authority) -> Part:
    """The statement of ``persons_at``, for the matrix as it is."""
    precedence = authority.of("person")
    return compose(
        _PERSONS,
        links=_facts("subject_link"),
        claims=union(_claims(record) for record in CLAIMS),
        ranks=literal(orjson.dumps(list(_ranks(precedence))).decode()),
        usual=literal(orjson.dumps(list(_usual(precedence))).decode()),
        unlisted=literal(str(_UNLISTED)),
    )


def _claims(record: str) -> Part:
    source = compose(_SOURCE, record=literal(record))
    return compose(CLAIMS[record], source=source, place=compose(_PLACE), facts=_facts(record))


def _facts(record: str) -> Part:
    return compose(_FACTS, function=(SCHEMA, f"{record}_facts_at"))


def _ranks(precedence: Precedence) -> Iterator[dict[str, object]]:
    """Places of sources for the fields that have an order of their own; the default follows it."""
    for field, order in precedence.fields.items():
        for source in {*order, *precedence.default}:
            place, _ = precedence.rank(field, source)
            yield {"of_field": field, "of_source": source, "rank": place}


def _usual(precedence: Precedence) -> Iterator[dict[str, object]]:
    for place, source in enumerate(precedence.default):
        yield {"usual_source": source, "usual_rank": place}
    for source in precedence.last:
        yield {"usual_source": source, "usual_rank": _UNLISTED + 1}
