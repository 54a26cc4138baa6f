"""Ministry of Economy: the public taxpayer shape as JSON, and the tax register as XML batches."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

from hub.simulator.form import FAR, REMOVED, Breakage, Content, Document, Form, Ministry, Occasion
from hub.simulator.markup import document, dotted, instant
from hub.simulator.ministries import economy_excise, economy_payroll
from hub.simulator.ministries.economy_words import OPERATIONS, header
from hub.simulator.population import Company, new_address

NAMESPACE = "urn:synthetic:economy:tax-register:v1"

_KINDS = {"NEW": 55, "SNAPSHOT": 30, "CHANGE": 15}
_STATUSES = {"ACTIVE": 85, "SUSPENDED": 11, "LIQUIDATED": 4}
_NAMES = {"ACTIVE": "Fəal", "SUSPENDED": "Dayandırılmış", "LIQUIDATED": "Ləğv edilmiş"}
_JSON_SHARE = 0.7


def _tell(occasion: Occasion) -> Document:
    tell = occasion.draw.choices(
        (_tell_taxpayers, economy_payroll.tell, economy_excise.tell), (60, 30, 10)
    )[0]
    return tell(occasion)


def _tell_taxpayers(occasion: Occasion) -> Document:
    taxpayers = range(occasion.draw.choices((1, 2, 10), (70, 20, 10))[0])
    if occasion.chance(_JSON_SHARE):
        told = [_taxpayer(occasion, occasion.company()) for _ in taxpayers]
        return Document(JSON_FORM, _json_header(occasion) | {"taxpayers": told})
    listed = [_row(occasion, occasion.company()) for _ in taxpayers]
    return Document(XML_FORM, header(occasion) | {"Taxpayer": listed})


def _json_header(occasion: Occasion) -> Content:
    return {"messageId": occasion.message_id, "sentAt": instant(occasion.at)}


def _taxpayer(occasion: Occasion, company: Company) -> Content:
    status, registered = _status(occasion), _registered(occasion)
    who = {"pin": company.owner.fin} if company.owner else {}
    return {
        "name": company.name,
        "tin": company.voen,
        "type": "individual" if company.owner else "legalEntity",
        "active": status == "ACTIVE",
        "vatPayer": occasion.chance(0.3),
        **who,
        "taxAuthority": {"code": "00", "name": {"az": "Sınaq Vergilər İdarəsi", "en": "Trial"}},
        "legalTaxpayerStatus": {
            "legalAddress": company.place.full,
            "legalForm": {"code": company.form, "name": {"az": company.form}},
            "voenRegisteredAt": registered.isoformat(),
            "stateRegisteredAt": registered.isoformat(),
            "taxpayerStatus": {"code": status, "name": {"az": _NAMES[status]}},
        },
        **({"activityCode": _activity(occasion)} if occasion.chance(0.4) else {}),
        "changeKind": _kind(occasion),
        "changedAt": instant(occasion.at),
    }


def _activity(occasion: Occasion) -> Content:
    four, sub = occasion.draw.choice(("47.11", "62.01", "56.10")), occasion.draw.randrange(1, 99)
    if occasion.chance(0.5):
        return {"code": f"{four.replace('.', '')}{sub:03d}", "system": "STS", "version": "2021"}
    return {"code": four, "system": "NACE", "version": "2"}


def _row(occasion: Occasion, company: Company) -> Content:
    return {
        "@voen": company.voen,
        "@kind": "NATURAL" if company.owner else "LEGAL",
        "@op": _kind(occasion),
        "@at": instant(occasion.at),
        "FullName": company.name,
        "Pin": company.owner.fin if company.owner else None,
        "LegalFormCode": company.form,
        "LegalFormName": company.form,
        "Address": company.place.full,
        "StatusCode": _status(occasion),
        "RegisteredOn": dotted(_registered(occasion)),
        "ActivityCode": _as_element(_activity(occasion)) if occasion.chance(0.4) else None,
    }


def _as_element(activity: Content) -> Content:
    system, version = activity["system"], activity["version"]
    return {"@system": system, "@version": version, "#": activity["code"]}


def _status(occasion: Occasion) -> str:
    return occasion.draw.choices(tuple(_STATUSES), tuple(_STATUSES.values()))[0]


def _kind(occasion: Occasion) -> str:
    return occasion.draw.choices(tuple(_KINDS), tuple(_KINDS.values()))[0]


def _registered(occasion: Occasion) -> date:
    return occasion.at.date() - timedelta(days=occasion.draw.randrange(1, 5000))


def _follow_json(content: Content, operation: str, occasion: Occasion) -> Content:
    taxpayer: Content = content["taxpayers"][0]
    if operation in ("annul", "restore"):
        activity = taxpayer.get("activityCode")
        about = {"activityCode": {"system": activity["system"]}} if activity else {}
        taxpayer = {"tin": taxpayer["tin"], **about}
    else:
        address = {"legalAddress": new_address(occasion.draw).full}
        status = taxpayer["legalTaxpayerStatus"] | address
        taxpayer = taxpayer | {"legalTaxpayerStatus": status}
    operated = {"changeKind": OPERATIONS[operation], "changedAt": instant(occasion.at)}
    return _json_header(occasion) | {"taxpayers": [taxpayer | operated]}


def _follow_xml(content: Content, operation: str, occasion: Occasion) -> Content:
    row: Content = content["Taxpayer"][0]
    if operation in ("annul", "restore"):
        activity = row["ActivityCode"]
        about = {"ActivityCode": activity and {"@system": activity["@system"]}}
        row = {key: row[key] for key in ("@voen", "@kind")} | about
    else:
        row = row | {"Address": new_address(occasion.draw).full}
    operated = {"@op": OPERATIONS[operation], "@at": instant(occasion.at)}
    return header(occasion) | {"Taxpayer": [row | operated]}


def _json_records(content: Content) -> list[list[str]]:
    return [_told(taxpayer.get("activityCode")) for taxpayer in content["taxpayers"]]


def _xml_records(content: Content) -> list[list[str]]:
    return [_told(row["ActivityCode"]) for row in content["Taxpayer"]]


def _told(activity: Content | None) -> list[str]:
    return ["tax_registration", *(["activity_classification"] if activity else [])]


def _render_json(content: Content) -> bytes:
    return json.dumps(content, ensure_ascii=False, indent=1).encode()


def _render_xml(content: Content) -> bytes:
    return document("TaxRegister", NAMESPACE, content)


_T = "taxpayers/0/"
_JSON_BREAKAGES: tuple[tuple[str, str, Any, int | None], ...] = (
    ("required", _T + "tin", REMOVED, None),
    ("required", _T + "name", REMOVED, 0),
    ("required", _T + "changedAt", REMOVED, None),
    ("required", _T + "pin", REMOVED, 0),
    ("voen-format", _T + "tin", "001234567", None),
    ("fin-format", _T + "pin", "TST12", 0),
    ("date-format", _T + "legalTaxpayerStatus/voenRegisteredAt", "2020-02-31", 0),
    ("date-two-digit-year", _T + "legalTaxpayerStatus/voenRegisteredAt", "20-02-11", 0),
    ("instant-format", _T + "changedAt", "noon", None),
    ("occurred-in-future", _T + "changedAt", FAR, None),
    ("unknown-code", _T + "type", "spaceship", 0),
    ("unknown-code", _T + "changeKind", "MERGER", None),
    ("type", _T + "tin", 1234567891, None),
    ("type", _T + "active", "true", 0),
    ("text-length", _T + "name", "Sınaq" * 150, 0),
    ("activity-code-format", _T + "activityCode/code", "620", 1),
    ("required", _T + "activityCode/version", REMOVED, 1),
)
_XML_BREAKAGES: tuple[tuple[str, str, Any, int | None], ...] = (
    ("required", "Taxpayer/0/@voen", REMOVED, None),
    ("required", "Taxpayer/0/FullName", REMOVED, 0),
    ("required", "Taxpayer/0/Pin", REMOVED, 0),
    ("voen-format", "Taxpayer/0/@voen", "00123456789", None),
    ("fin-format", "Taxpayer/0/Pin", "TST_123", 0),
    ("date-format", "Taxpayer/0/RegisteredOn", "32.01.2020", 0),
    ("date-two-digit-year", "Taxpayer/0/RegisteredOn", "01.02.20", 0),
    ("instant-format", "Taxpayer/0/@at", "günorta", None),
    ("occurred-in-future", "Taxpayer/0/@at", FAR, None),
    ("unknown-code", "Taxpayer/0/@kind", "ALIEN", 0),
    ("unknown-code", "Taxpayer/0/StatusCode", "ASLEEP", 0),
    ("text-length", "Taxpayer/0/FullName", "Sınaq" * 150, 0),
    ("activity-code-format", "Taxpayer/0/ActivityCode/#", "62.0", 1),
    ("required", "Taxpayer/0/ActivityCode/@system", REMOVED, 1),
)

JSON_FORM = Form(
    ministry="economy",
    syntax="json",
    content_type="application/json",
    render=_render_json,
    records=_json_records,
    follow=_follow_json,
    breakages=[Breakage(*breakage) for breakage in _JSON_BREAKAGES],
    filler="taxpayers",
)
XML_FORM = Form(
    ministry="economy",
    syntax="xml",
    content_type="application/xml",
    render=_render_xml,
    records=_xml_records,
    follow=_follow_xml,
    breakages=[Breakage(*breakage) for breakage in _XML_BREAKAGES],
    filler="Taxpayer",
)
MINISTRY = Ministry("economy", 0.12, _tell)
