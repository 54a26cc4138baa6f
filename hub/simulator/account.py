"""What was sent, written down record by record, and how it differs from what a ledger says."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hub.simulator.identifiers import record_id
from hub.simulator.sent import MESSAGE_ID_REUSED, Expected, Sent

RECORDS = "records.ndjson"
SUMMARY = "summary.json"
ACCEPTED = "accepted"

_ACCEPTED_STATES = frozenset({"written", "unchanged", "superseded"})

_Key = tuple[str, str, int]


@dataclass(slots=True)
class Tally:
    """One ministry's part: ``messages`` published (duplicates included), ``distinct`` of them,
    records that must be accepted, records that must be refused by rule, messages by fault."""

    messages: int = 0
    distinct: int = 0
    accepted: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)

    @property
    def records(self) -> int:
        """Records the hub must account for."""
        return self.accepted + self.refused.total()

    def as_json(self) -> dict[str, Any]:
        """Render for the summary file."""
        return {
            "messages": self.messages,
            "distinct": self.distinct,
            "records": self.records,
            "accepted": self.accepted,
            "refused": dict(sorted(self.refused.items())),
            "faults": dict(sorted(self.faults.items())),
        }


class Account:
    """An account kept in a folder: one line per expected record, and a summary on closing.

    Lines go to disk as messages are confirmed, so memory stays flat and a killed simulator still
    leaves what it knew. Use as a context manager, or call ``close``.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.tallies: defaultdict[str, Tally] = defaultdict(Tally)
        self._lines = (folder / RECORDS).open("w", encoding="utf-8")

    def __enter__(self) -> Account:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def note(self, sent: Iterable[Sent]) -> None:
        """Write down messages that were confirmed."""
        for item in sent:
            tally = self.tallies[item.ministry]
            tally.messages += 1
            if item.fault is not None:
                tally.faults[item.fault] += 1
            if not item.again:
                self._note_new(item, tally)

    def close(self) -> None:
        """Write the summary and close the files; idempotent."""
        if not self._lines.closed:
            self._lines.close()
            text = json.dumps(self.summary(), ensure_ascii=False, indent=2)
            (self.folder / SUMMARY).write_text(text + "\n", encoding="utf-8")

    def summary(self) -> dict[str, Any]:
        """Tell totals and, per ministry, what ``Tally`` holds."""
        tallies = dict(sorted(self.tallies.items()))
        return {
            "messages": sum(tally.messages for tally in tallies.values()),
            "distinct": sum(tally.distinct for tally in tallies.values()),
            "records": sum(tally.records for tally in tallies.values()),
            "accepted": sum(tally.accepted for tally in tallies.values()),
            "refused": sum(tally.refused.total() for tally in tallies.values()),
            "ministries": {name: tally.as_json() for name, tally in tallies.items()},
        }

    def compare(self, ledger_rows: Iterable[Mapping[str, Any]]) -> list[str]:
        """Compare with a ledger; an empty list means that they agree.

        Rows have ``ministry, message_id, ordinal, state, rule`` (and, if they like, ``record_id``
        and any others); ``message_id`` is the key the hub journals a message under.
        """
        if not self._lines.closed:
            self._lines.flush()
        return differences(expected_records(self.folder), ledger_rows)

    def _note_new(self, sent: Sent, tally: Tally) -> None:
        key = sent.message_key
        tally.distinct += 1
        for item in sent.expected:
            if item.rule is None:
                tally.accepted += 1
            else:
                tally.refused[item.rule] += 1
            line = _line(sent, key, item)
            self._lines.write(json.dumps(line, ensure_ascii=False) + "\n")


def expected_records(folder: Path) -> Iterator[dict[str, Any]]:
    """Read an account's lines back: ministry, message_id, ordinal, rule (None: accepted), fault,
    and for accepted records record_type and record_id."""
    with (folder / RECORDS).open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def differences(
    expected: Iterable[Mapping[str, Any]], ledger_rows: Iterable[Mapping[str, Any]]
) -> list[str]:
    """Name every record of which account and ledger say different things, in stable order.

    Which of two bodies under one message id came first is not the sender's to know: of those,
    only how many were accepted and how many refused is compared.
    """
    wanted: defaultdict[_Key, list[str]] = defaultdict(list)
    record_ids: dict[_Key, str] = {}
    for line in expected:
        key = _key(line, line["rule"])
        wanted[key].append(line["rule"] or ACCEPTED)
        if line["rule"] is None:
            record_ids[key] = line["record_id"]
    found: defaultdict[_Key, list[str]] = defaultdict(list)
    for row in ledger_rows:
        key = _key(row, row["rule"])
        found[key].append(_outcome(row, record_ids.get(key)))
    return [
        f"{ministry} {message_id} record {ordinal}: expected {_list(wanted, key)}, "
        f"found {_list(found, key)}"
        for key in sorted(wanted.keys() | found.keys())
        if sorted(wanted.get(key, [])) != sorted(found.get(key, []))
        for ministry, message_id, ordinal in [key]
    ]


def _line(sent: Sent, key: str, item: Expected) -> dict[str, Any]:
    line: dict[str, Any] = {
        "ministry": sent.ministry,
        "message_id": key,
        "ordinal": item.ordinal,
        "rule": item.rule,
        "fault": sent.fault,
    }
    if item.rule is None:
        line["record_type"] = item.record_type
        line["record_id"] = record_id(sent.ministry, key, item.ordinal, item.record_type)
    return line


def _key(row: Mapping[str, Any], rule: str | None) -> _Key:
    message_id: str = row["message_id"]
    if rule == MESSAGE_ID_REUSED:
        message_id = message_id.partition("#")[0] + "#"
    return row["ministry"], message_id, row["ordinal"]


def _outcome(row: Mapping[str, Any], record_id: str | None) -> str:
    if row["state"] == "refused":
        return str(row["rule"])
    if row["state"] not in _ACCEPTED_STATES:
        return str(row["state"])
    stated = str(row.get("record_id") or record_id).replace("-", "")
    return ACCEPTED if record_id in (None, stated) else f"{ACCEPTED} under another record id"


def _list(outcomes: Mapping[_Key, list[str]], key: _Key) -> str:
    return ", ".join(sorted(outcomes.get(key, []))) or "nothing"
