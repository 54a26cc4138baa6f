"""What the door answers, as JSON Schema: the parts of its OpenAPI document that have names."""

from __future__ import annotations

from typing import Any

from connectors._kit.contract import Connector
from hub.evidence.noticeboard import Stand
from hub.evidence.record_log import State
from routing import keys
from schemas.notice import NoticeDocument

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
COUNT: Schema = {"type": "integer", "minimum": 0}
SHA256: Schema = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
ID32: Schema = {"type": "string", "pattern": "^[0-9a-f]{32}$"}
INSTANT: Schema = {"type": "string", "format": "date-time"}
LANE: Schema = {"enum": list(keys.LANES)}
MESSAGE_ID: Schema = {"type": "string", "pattern": "^[!-~]{1,200}$"}


def schemas(connectors: dict[str, Connector]) -> dict[str, Schema]:
    """Give every named schema; ``connectors`` are the ministries that there are."""
    ministry = {"enum": sorted(connectors)}
    message = {
        "sha256": SHA256,
        "lane": LANE,
        "receivedAt": INSTANT,
        "arrivals": {"type": "integer", "minimum": 1},
        "records": _list(ref("RecordOutcome")),
    }
    document = {
        "documentId": MESSAGE_ID,
        "ministry": ministry,
        "lane": LANE,
        "contentType": TEXT,
        "sha256": SHA256,
        "bytes": COUNT,
        "records": COUNT,
        "chunks": COUNT,
        "published": COUNT,
        "completedAt": or_null(INSTANT),
    }
    return {
        "Accepted": exactly(
            messageId=MESSAGE_ID, lane=LANE, refused=_list(ref("Refusal")), status=TEXT
        ),
        "Refusal": exactly(ordinal=COUNT, rule=TEXT, field=TEXT, explanation=TEXT),
        "Problem": _problem(),
        "Message": exactly(messageId=TEXT, **message, reused=_list(exactly(**message))),
        "RecordOutcome": exactly(
            ordinal=COUNT,
            recordId=ID32,
            record=or_null(TEXT),
            state={"enum": [str(each) for each in State if each is not State.REPLACED]},
            rule=or_null(TEXT),
            field=or_null(TEXT),
            cause=or_null(TEXT),
            settledAt=or_null(INSTANT),
            findings=_list(
                exactly(rule=TEXT, field=TEXT, explanation=TEXT, proposal=or_null(TEXT))
            ),
        ),
        "Document": exactly(**document),
        "DocumentOutcomes": exactly(
            **document, outcomes={"type": "object", "additionalProperties": COUNT}
        ),
        **_notice(),
        "Notices": exactly(
            groups=_list(
                exactly(
                    rule=TEXT,
                    kind=TEXT,
                    stand={"enum": list(map(str, Stand))},
                    notices=COUNT,
                    records=COUNT,
                )
            ),
            notices=_list(ref("Notice")),
            next=or_null(ID32),
        ),
        "Ministry": exactly(
            ministry=ministry,
            title=TEXT,
            contentTypes=_list(TEXT),
            splitContentTypes=_list(TEXT),
            lanes=_list(LANE),
            contracts=_list({"type": "string", "format": "uri"}),
        ),
        "Token": exactly(access_token=TEXT, token_type={"const": "Bearer"}, expires_in=COUNT),
        "TokenRefused": exactly(
            error={"enum": ["invalid_request", "unsupported_grant_type", "invalid_client"]}
        ),
    }


def ref(name: str) -> Schema:
    """Refer to a named schema."""
    return {"$ref": f"#/components/schemas/{name}"}


def exactly(**properties: Schema) -> Schema:
    """An object that has these properties, all of them and no other."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def or_null(schema: Schema) -> Schema:
    """A value that may be missing and is then null."""
    return {"anyOf": [schema, {"type": "null"}]}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _problem() -> Schema:
    """RFC 9457; ``rule`` and ``field`` where the message is at fault and not the hub."""
    problem = exactly(type=TEXT, title=TEXT, status={"type": "integer"})
    problem["properties"] |= {
        "rule": {"type": "string", "description": "a stable name, the last part of type"},
        "field": {"type": "string", "description": "path in your own document; empty: all of it"},
        "detail": TEXT,
        "refused": {**_list(ref("Refusal")), "description": "where no record is acceptable"},
    }
    return problem


def _notice() -> dict[str, Schema]:
    """The document of the queue, with what became of it; and whatever it refers to."""
    template = ref("{model}")["$ref"]
    notice = NoticeDocument.model_json_schema(by_alias=True, ref_template=template)
    parts: dict[str, Schema] = notice.pop("$defs", {})
    notice["properties"] |= {
        "publishedAt": or_null(INSTANT),
        "stand": {"enum": list(map(str, Stand))},
        "acknowledgedAt": or_null(INSTANT),
        "acknowledgedBy": or_null(TEXT),
        "correctBy": or_null({"type": "string", "format": "date"}),
        "correctedAt": or_null(INSTANT),
        "correctedBy": or_null(TEXT),
    }
    return parts | {"Notice": notice | {"required": list(notice["properties"])}}
