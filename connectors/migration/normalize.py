"""Entries of the migration service: people, permits, protection, registrations and links to a FİN.

A permit, for one, tells of up to three records (the person, the permit, the link); what is wrong
with one of them does not take the others along.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from connectors._kit.content import XML
from connectors._kit.contract import Item, RawMessage, Rules
from connectors._kit.fields import Reading, attempt
from connectors._kit.source import check_count
from connectors._kit.xml import open_xml, parse_xml
from connectors.migration.entries import Told
from connectors.migration.people import LINK_KIND, PERSON_KIND
from connectors.migration.permits import PERMIT_KIND
from connectors.migration.protection import PROTECTION_KIND
from connectors.migration.registrations import REGISTRATION_KIND
from schemas.errors import Refused

CONTENT_TYPES = XML
NAMESPACE, NAME = "urn:synthetic:migration:unified:v1", "MigrationRecords"

_KINDS = {
    kind.name: kind
    for kind in (PERMIT_KIND, LINK_KIND, PERSON_KIND, PROTECTION_KIND, REGISTRATION_KIND)
}
ENTRIES = tuple(_KINDS)


def normalize(raw: RawMessage, rules: Rules) -> Iterator[Item]:
    """The records of all entries: a ``person`` where there are names, what the entry itself is
    about, and with a FİN a ``subject_link``; of an annulment or restoration the entry's own."""
    document = parse_xml(raw, rules.limits, CONTENT_TYPES)
    root = open_xml(document, NAMESPACE, NAME, rules.limits)
    root.only(*ENTRIES, "@id", "@sent")
    told = [
        (_KINDS[name], make, entry)
        for name, entry in root.each(*ENTRIES)
        for make in _KINDS[name].told_by(entry)
    ]
    if not told:
        raise Refused("required", "Permit", "must be given")
    check_count(len(told), rules.limits)
    for ordinal, (kind, make, entry) in enumerate(told):
        record = Told(entry, Reading(raw, rules), rules.namespaces, ordinal)
        yield attempt(ordinal, partial(make, kind, record))
