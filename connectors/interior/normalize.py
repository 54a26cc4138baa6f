"""Population notifications (SOAP): events about a person, or about one of their papers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from connectors._kit.content import SOAP
from connectors._kit.contract import Item, Normalized, RawMessage, Rules
from connectors._kit.fields import Reading, attempt
from connectors._kit.soap import unwrap
from connectors._kit.source import check_count
from connectors._kit.xml import Element, open_xml, parse_xml
from connectors.interior import citizenships, documents, registrations
from connectors.interior.events import Told, told_by
from connectors.interior.persons import event_items
from schemas.errors import Refused

NAMESPACE = "urn:synthetic:interior:population:v1"

_PERSON_EVENT = "Event"
_OF_ONE_RECORD: Mapping[str, Callable[[Told], Normalized]] = {
    "DocumentEvent": documents.alone,
    "RegistrationEvent": registrations.registration,
    "CitizenshipEvent": citizenships.citizenship,
}
EVENTS = (_PERSON_EVENT, *_OF_ONE_RECORD)


def normalize(raw: RawMessage, rules: Rules) -> Iterator[Item]:
    """The records of each event, in the sender's order."""
    payload = unwrap(parse_xml(raw, rules.limits, SOAP))
    notification = open_xml(payload, NAMESPACE, "PersonNotification", rules.limits)
    notification.only("MessageId", "SentAt", *EVENTS)
    events = list(notification.each(*EVENTS))
    if not events:
        raise Refused("required", _PERSON_EVENT, "must be given")
    check_count(sum(1 + len(event.children("Document")) for _, event in events), rules.limits)
    first = 0
    for name, event in events:
        if name == _PERSON_EVENT:
            items = list(event_items(event, first, partial(Reading, raw, rules)))
        else:
            items = [attempt(first, partial(_alone, name, event, raw, rules, first))]
        first += len(items)
        yield from items


def _alone(name: str, event: Element, raw: RawMessage, rules: Rules, ordinal: int) -> Normalized:
    return _OF_ONE_RECORD[name](told_by(event, raw, rules, ordinal))
