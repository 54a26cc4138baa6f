"""What active civil status acts say of kinship and new names, kept in step with the acts.

Family-life data (Family Code 158): read by the registry alone, for the names of children.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from hub.registry.cascades import Kin, Renaming
from hub.registry.claims import Told, Touched
from hub.registry.fold import Standing
from hub.store.database import Row, Transaction, as_json
from schemas.civil_status_act import CivilStatusAct, Participant
from schemas.names import search_key

_CHILDREN = {"child", "adoptee"}
_ADOPTERS = {"male": "father", "female": "mother"}

_UNKIN = """
DELETE FROM registry.kin AS k
USING jsonb_to_recordset(%s::jsonb) AS r (ministry text, act text)
WHERE (k.act, k.ministry) = (r.act, r.ministry)
RETURNING k.child, k.parent
"""

_KIN = """
INSERT INTO registry.kin (ministry, act, child, parent, role, born, day, version, record_id)
SELECT ministry, act, child, parent, role, born, day, version, record_id
FROM jsonb_to_recordset(%s::jsonb) AS r (ministry text, act text, child text, parent text,
    role text, born text, day text, version bigint, record_id uuid)
ON CONFLICT DO NOTHING
"""

_UNRENAME = """
DELETE FROM registry.renaming AS n
USING jsonb_to_recordset(%s::jsonb) AS r (ministry text, act text)
WHERE (n.act, n.ministry) = (r.act, r.ministry)
RETURNING n.subject
"""

_RENAME = """
INSERT INTO registry.renaming
    (ministry, act, subject, given_name, family_name, day, version, record_id)
SELECT ministry, act, subject, given_name, family_name, day, version, record_id
FROM jsonb_to_recordset(%s::jsonb) AS r (ministry text, act text, subject text, given_name text,
    family_name text, day text, version bigint, record_id uuid)
ON CONFLICT DO NOTHING
"""

_CHILDREN_OF = """
SELECT DISTINCT child FROM registry.kin
WHERE parent IN (SELECT value FROM jsonb_array_elements_text(%s::jsonb))
"""

_KIN_OF = """
SELECT child, parent, role, born, day, version, record_id FROM registry.kin
WHERE child IN (SELECT value FROM jsonb_array_elements_text(%s::jsonb))
"""

_RENAMINGS_OF = """
SELECT subject, act, given_name, family_name, day, version, record_id FROM registry.renaming
WHERE subject IN (SELECT value FROM jsonb_array_elements_text(%s::jsonb))
"""


def replace(tx: Transaction, told: Sequence[Told], touched: Touched) -> None:
    """Replace what these acts said before by what they say now; add whom it concerns."""
    acts = [each for each in told if each.key.record_type == CivilStatusAct.record_type]
    old = [_act(each) for each in acts if not each.is_new]
    gone = tx.rows(_UNKIN, [as_json(old)]) + tx.rows(_UNRENAME, [as_json(old)]) if old else []
    active = [each for each in acts if each.fact.status is Standing.ACTIVE]
    kin = [row for each in active for row in _kin(each)]
    renamings = [row for each in active for row in _renamings(each)]
    if kin:
        tx.execute(_KIN, [as_json(kin)])
    if renamings:
        tx.execute(_RENAME, [as_json(renamings)])
    for row in (*gone, *kin, *renamings):
        concerned = {row[name] for name in ("child", "parent", "subject") if name in row}
        touched.members.update(concerned)
        touched.family.update(concerned)


def children_of(tx: Transaction, parents: Iterable[str]) -> set[str]:
    """Read whose parents these are."""
    return {row["child"] for row in tx.rows(_CHILDREN_OF, [as_json(sorted(parents))])}


def kin_of(tx: Transaction, children: Iterable[str]) -> list[Kin]:
    """Read who are the parents of these children."""
    rows = tx.rows(_KIN_OF, [as_json(sorted(children))])
    return [Kin(row["child"], row["parent"], row["role"], row["born"], _key(row)) for row in rows]


def renamings_of(tx: Transaction, subjects: Iterable[str]) -> list[Renaming]:
    """Read the changes of name of these persons."""
    rows = tx.rows(_RENAMINGS_OF, [as_json(sorted(subjects))])
    return [
        Renaming(row["subject"], row["act"], row["given_name"], row["family_name"], _key(row))
        for row in rows
    ]


def _kin(told: Told) -> Iterator[dict[str, Any]]:
    act = told.record
    if not isinstance(act, CivilStatusAct):
        return
    parents = [(_parent(each), each.identifier) for each in act.participants]
    for child in act.participants:
        if child.role not in _CHILDREN or child.identifier is None:
            continue
        for role, parent in parents:
            if role and parent:
                yield _dated(told, act) | {
                    "child": child.identifier.urn,
                    "parent": parent.urn,
                    "role": role,
                    "born": _born(act, child),
                }


def _parent(person: Participant) -> str | None:
    """As what a participant counts to the act's children."""
    if person.role in ("father", "mother"):
        return person.role
    return _ADOPTERS.get(person.sex) if person.role == "adopter" else None


def _born(act: CivilStatusAct, child: Participant) -> str | None:
    """When the child was born, as far as the act knows; of a birth the event is the birth."""
    if child.date_of_birth is None and act.act_type == "birth" and act.event_date:
        return act.event_date.isoformat()
    return child.date_of_birth


def _renamings(told: Told) -> Iterator[dict[str, Any]]:
    act = told.record
    if not isinstance(act, CivilStatusAct) or act.new_name is None:
        return
    for person in act.participants:
        if person.role == "applicant" and person.identifier:
            yield _dated(told, act) | {
                "subject": person.identifier.urn,
                "given_name": _changed(person.given_name, act.new_name.given_name),
                "family_name": _changed(person.family_name, act.new_name.family_name),
            }


def _changed(before: str, after: str) -> str | None:
    return None if search_key(before) == search_key(after) else after


def _act(told: Told) -> dict[str, Any]:
    return {"ministry": told.key.ministry, "act": told.key.subject}


def _dated(told: Told, act: CivilStatusAct) -> dict[str, Any]:
    won = told.fact.content
    return _act(told) | {
        "day": act.act_date.isoformat(),
        "version": won and won.version,
        "record_id": won and won.record_id,
    }


def _key(row: Row) -> tuple[str, int, str]:
    return row["day"], row["version"], row["record_id"].hex
