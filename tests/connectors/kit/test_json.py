"""Strict JSON: nothing ambiguous passes the parser, nothing is coerced by the reader."""

from __future__ import annotations

from decimal import Decimal

import pytest

from connectors._kit.contract import Limits
from connectors._kit.json import Object, parse_json
from schemas.errors import Refused
from tests.connectors.kit.messages import message

LIMITS = Limits()


def parsed(body: bytes | str, limits: Limits = LIMITS) -> Object:
    return parse_json(message(body, "application/json"), limits)


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ("", "json-syntax"),
        ("{", "json-syntax"),
        ('{"a": 1,}', "json-syntax"),
        ("{'a': 1}", "json-syntax"),
        ('{"a": 1} {}', "json-syntax"),
        ('{"a": "\n"}', "json-syntax"),
        ('{"a": 01}', "json-syntax"),
        ('{"a": 1, "a": 1}', "json-duplicate-key"),
        ('{"b": [{"a": 1, "\\u0061": 2}]}', "json-duplicate-key"),
        ('{"a": NaN}', "json-number"),
        ('{"a": -Infinity}', "json-number"),
        ('{"a": 1e999999999}', "json-number"),
        ('{"a": %s}' % ("9" * 5000), "json-number"),
        ("[]", "json-type"),
        ("null", "json-type"),
        ('"text"', "json-type"),
        ('{"a":' * 65 + "1" + "}" * 65, "too-deep"),
        ('{"a":' + "[" * 64 + "]" * 64 + "}", "too-deep"),
        ("[" * 9_000, "too-deep"),
        ('{"a":' * 9_000, "too-deep"),
        (b'{"a": "\xe9"}', "encoding"),
        ('{"a": 1}'.encode("utf-16"), "encoding"),
        (b'\xef\xbb\xbf{"a": 1}', "encoding"),
    ],
)
def test_what_is_not_strict_json_is_refused_by_rule(body: bytes | str, rule: str) -> None:
    with pytest.raises(Refused) as refusal:
        parsed(body)
    assert (refusal.value.rule, refusal.value.field) == (rule, "")


def test_the_deepest_allowed_document_is_read() -> None:
    assert parsed('{"a":' * 64 + "{}" + "}" * 64, Limits(max_depth=65)).has("a")
    with pytest.raises(Refused, match="too-deep"):
        parsed('{"a":' * 64 + "{}" + "}" * 64, Limits(max_depth=64))


@pytest.mark.parametrize(
    ("content_type", "rule"),
    [
        ("application/json; charset=windows-1254", "encoding"),
        ("text/json", "content-type"),
        ("", "content-type"),
    ],
)
def test_another_content_type_or_charset_is_refused(content_type: str, rule: str) -> None:
    with pytest.raises(Refused) as refusal:
        parse_json(message("{}", content_type), Limits())
    assert refusal.value.rule == rule


def test_the_content_type_is_compared_without_case() -> None:
    assert parse_json(message("{}", "APPLICATION/JSON;charset=UTF-8"), LIMITS).path == ""


@pytest.mark.parametrize("body", ["x" * 11, '{"a":"%s"}' % ("x" * 10)])
def test_a_body_over_the_limit_is_refused_before_it_is_parsed(body: str) -> None:
    with pytest.raises(Refused, match="too-large"):
        parsed(body, Limits(max_bytes=10))


def test_a_body_of_nothing_but_empty_values_is_refused() -> None:
    with pytest.raises(Refused, match="too-large"):
        parsed('{"a":[' + "{}," * 120_000 + "{}]}", Limits(max_records=1_000))


def test_fields_are_read_by_type_and_path() -> None:
    root = parsed('{"list": [{"t": " x "}, {"t": "y", "b": false, "n": 12.5, "o": {"t": "z"}}]}')
    first, second = root.children("list")
    assert (first.text("t"), first.path) == ("x", "list[0]")
    assert second.boolean("b") is False
    assert second.decimal("n", 2) == Decimal("12.50")
    assert str(second.decimal("n", 2)) == "12.50"
    assert second.child("o").at("t") == "list[1].o.t"
    assert root.children("absent") == []


@pytest.mark.parametrize(
    ("value", "reader", "rule"),
    [
        ("null", "text", "required"),
        ('"  "', "text", "required"),
        ("1", "text", "type"),
        ('"\\u0000"', "text", "value"),
        ('"\\ud800"', "text", "value"),
        ('"%s"' % ("x" * 51), "text", "text-length"),
        ('"true"', "boolean", "type"),
        ("1", "boolean", "type"),
        ("null", "boolean", "required"),
        ('"1.50"', "decimal", "type"),
        ("true", "decimal", "type"),
        ("1.505", "decimal", "value"),
        ("null", "decimal", "required"),
        ("[]", "child", "type"),
        ("{}", "children", "type"),
        ("[1]", "children", "type"),
    ],
)
def test_a_value_of_another_type_is_refused_at_its_path(value: str, reader: str, rule: str) -> None:
    part = parsed(f'{{"o": {{"v": {value}}}}}', Limits(max_text=50)).child("o")
    with pytest.raises(Refused) as refusal:
        part.decimal("v", 2) if reader == "decimal" else getattr(part, reader)("v")
    path = "o.v[0]" if value == "[1]" else "o.v"
    assert (refusal.value.rule, refusal.value.field) == (rule, path)


def test_null_and_blank_text_count_as_absent_but_false_and_zero_do_not() -> None:
    root = parsed('{"a": null, "b": " ", "c": false, "d": 0, "e": "x", "f": {}}')
    assert [name for name in "abcdefg" if root.has(name)] == ["c", "d", "e", "f"]


@pytest.mark.parametrize(("key", "path"), [("z", "o.z"), ("TST 0001", "o.?"), ("\\ud800", "o.?")])
def test_a_key_beside_the_contract_is_refused_without_echoing_odd_names(
    key: str, path: str
) -> None:
    with pytest.raises(Refused) as refusal:
        parsed(f'{{"o": {{"a": 1, "{key}": 2}}}}').child("o").only("a")
    assert (refusal.value.rule, refusal.value.field) == ("unknown-field", path)


def test_more_objects_than_records_may_be_are_refused() -> None:
    with pytest.raises(Refused, match="too-many-records"):
        parsed('{"a": [{}, {}, {}]}', Limits(max_records=2)).children("a")
