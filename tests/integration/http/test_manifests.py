"""A day's manifest at the door: taken whatever the ministry's dialect, refused if it is none."""

from __future__ import annotations

import json

import pytest

from schemas.manifest import CONTENT_TYPE, digest
from tests.support.http_site import HttpSite

pytestmark = pytest.mark.database


def manifest(ministry: str) -> bytes:
    document = {"ministry": ministry, "day": "2026-03-02", "messages": 0, "sha256": digest([])}
    return json.dumps(document).encode()


@pytest.mark.parametrize("ministry", ["justice", "labour", "migration"])
def test_a_manifest_is_taken_and_kept(site: HttpSite, ministry: str) -> None:
    headers = {"Message-Id": "manifest-1"}
    answer = site.post(f"/intake/{ministry}", manifest(ministry), CONTENT_TYPE, headers=headers)
    assert (answer.status_code, answer.json()["messageId"]) == (202, "manifest-1")
    site.bench.work()
    (record,) = site.message(ministry, "manifest-1")["records"]
    assert (record["record"], record["state"]) == ("manifest", "written")
    assert len(site.bench.rows("SELECT day FROM evidence.manifest")) == 1


def test_another_ministrys_manifest_is_refused_in_the_call_itself(site: HttpSite) -> None:
    answer = site.post("/intake/justice", manifest("labour"), CONTENT_TYPE)
    assert answer.status_code == 422
    assert (answer.json()["rule"], answer.json()["field"]) == ("manifest", "ministry")
