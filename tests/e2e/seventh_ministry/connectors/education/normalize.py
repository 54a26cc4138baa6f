"""Enrolments, one per line, semicolons between the fields; the last line counts them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from connectors._kit.content import check_content_type
from connectors._kit.contract import Item, Normalized, RawMessage, Rejected, Rules
from schemas.build import build
from schemas.dates import parse_instant
from schemas.envelope import Operation
from schemas.errors import Refused
from schemas.identifiers import Identifier, parse_fin
from schemas.study_enrolment import StudyEnrolment

CONTENT_TYPES = ("text/csv",)
HEADER = "enrolment;operation;at;fin;institution;level;start;end"
OPERATIONS = {"ADD": Operation.CREATE, "UPDATE": Operation.CHANGE, "DROP": Operation.ANNUL}


def normalize(raw: RawMessage, rules: Rules) -> Iterator[Item]:
    """One enrolment per line; the first line names the fields, the last one ends the document."""
    for ordinal, line in enumerate(_lines(raw, rules)):
        try:
            yield _enrolment(ordinal, line, rules)
        except Refused as error:
            yield Rejected(ordinal, error)


def _lines(raw: RawMessage, rules: Rules) -> list[str]:
    check_content_type(raw.content_type, CONTENT_TYPES)
    if len(raw.body) > rules.limits.max_bytes:
        raise Refused("too-large", "", "the message exceeds the size limit")
    try:
        lines = raw.body.decode("utf-8").splitlines()
    except UnicodeDecodeError:
        raise Refused("encoding", "", "the text is not UTF-8") from None
    if not lines or lines[0] != HEADER:
        raise Refused("unknown-document", "", "the first line does not name the fields")
    if lines[-1] != f"END;{len(lines) - 2}":
        raise Refused("unknown-document", "", "the last line does not count the enrolments")
    return lines[1:-1]


def _enrolment(ordinal: int, line: str, rules: Rules) -> Normalized:
    path = f"line[{ordinal + 2}]"
    values = line.split(";")
    if len(values) != len(HEADER.split(";")):
        raise Refused("required", path, "a line has eight fields")
    row = dict(zip(HEADER.split(";"), values, strict=True))
    operation = OPERATIONS.get(row["operation"])
    if operation is None:
        raise Refused("unknown-code", f"{path}.operation", "ADD, UPDATE or DROP")
    enrolment = Identifier(notation=row["enrolment"], type="urn:az:study")
    record = _record(row, enrolment, path, rules) if operation.carries_content else None
    try:
        occurred_at = parse_instant(row["at"])
    except Refused as error:
        raise Refused(error.rule, f"{path}.at", error.explanation) from None
    return Normalized(ordinal, StudyEnrolment, record, enrolment.urn, "", operation, occurred_at)


def _record(
    row: Mapping[str, str], enrolment: Identifier, path: str, rules: Rules
) -> StudyEnrolment:
    try:
        student, _ = parse_fin(row["fin"], rules.namespaces)
    except Refused as error:
        raise Refused(error.rule, f"{path}.fin", error.explanation) from None
    values = {
        "enrolment": enrolment,
        "student": student,
        "institution": row["institution"],
        "level": row["level"],
        "start_date": row["start"],
        "end_date": row["end"] or None,
    }
    return build(StudyEnrolment, values, {"": path})
