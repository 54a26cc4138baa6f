"""A ministry that speaks lines of text: no other connector does."""

from __future__ import annotations

from pathlib import Path

from connectors._kit.contract import Connector
from connectors.education.normalize import CONTENT_TYPES, OPERATIONS, normalize
from schemas.study_enrolment import StudyEnrolment

CONNECTOR = Connector(
    name="education",
    title="Ministry of Science and Education",
    dialect="CSV",
    content_types=CONTENT_TYPES,
    records=(StudyEnrolment,),
    normalize=normalize,
    folder=Path(__file__).parent,
    operations=frozenset(OPERATIONS.values()),
)
