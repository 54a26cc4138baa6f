from __future__ import annotations

import contextlib
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import Refused
from schemas.identifiers import (
    Doubt,
    Identifier,
    Namespaces,
    document_part,
    mask,
    parse_document_number,
    parse_fin,
    parse_voen,
)

NAMESPACES = Namespaces()
digits = st.text("0123456789", min_size=8, max_size=8)


def refusal_of_fin(text: str) -> Refused:
    with pytest.raises(Refused) as caught:
        parse_fin(text, NAMESPACES)
    return caught.value


def refusal_of_voen(text: str) -> Refused:
    with pytest.raises(Refused) as caught:
        parse_voen(text, NAMESPACES)
    return caught.value


def parse_any_document(text: str, namespaces: Namespaces) -> tuple[Identifier, list[Doubt]]:
    return parse_document_number(None, text, namespaces)


def test_a_usual_fin_is_accepted_without_a_doubt() -> None:
    identifier, doubts = parse_fin("TST0001", NAMESPACES)
    assert identifier.urn == "urn:az:pid:fin:TST0001"
    assert identifier.received is None
    assert doubts == []


def test_a_fin_is_trimmed_and_upper_cased_and_kept_as_received() -> None:
    identifier, _ = parse_fin(" tst00a1\n", NAMESPACES)
    assert identifier.notation == "TST00A1"
    assert identifier.received == " tst00a1\n"


def test_a_small_i_becomes_the_plain_capital_and_warns() -> None:
    identifier, doubts = parse_fin("tsti001", NAMESPACES)
    assert identifier.notation == "TSTI001"
    assert [(doubt.rule, doubt.proposal) for doubt in doubts] == [("fin-unusual-letter", None)]


def test_zero_is_proposed_for_the_letter_o_but_never_substituted() -> None:
    identifier, doubts = parse_fin("TSTOO01", NAMESPACES)
    assert identifier.notation == "TSTOO01"
    assert [(doubt.rule, doubt.proposal) for doubt in doubts] == [("fin-unusual-letter", "TST0001")]


@pytest.mark.parametrize(
    "text",
    ["", "TST001", "TST00011", "TSTİ001", "TSTı001", "TST-001", "TSТ0001", "TST٠٠٠1", "TST 001"],
    ids=["empty", "short", "long", "İ", "ı", "sign", "cyrillic", "arabic-digits", "blank"],
)
def test_what_cannot_be_a_fin_is_refused(text: str) -> None:
    error = refusal_of_fin(text)
    assert (error.rule, error.field) == ("fin-format", "")


def test_an_endless_fin_is_refused_rather_than_kept() -> None:
    assert refusal_of_fin("TST0001" + " " * 10_000).rule == "fin-format"


def test_a_usual_voen_is_accepted_with_blanks_and_without_a_doubt() -> None:
    identifier, doubts = parse_voen("000 001 0481", NAMESPACES)
    assert identifier.urn == "urn:az:org:voen:0000010481"
    assert identifier.received == "000 001 0481"
    assert doubts == []


def test_a_lost_leading_zero_is_explained_and_not_put_back() -> None:
    error = refusal_of_voen("000010481")
    assert error.rule == "voen-format"
    assert "leading zero" in error.explanation


@pytest.mark.parametrize(
    "text", ["", "00000104811", "00000104", "00000O1041", "AZ00001041", "٠٠٠٠٠٠1041", "00000/1041"]
)
def test_what_cannot_be_a_voen_is_refused(text: str) -> None:
    error = refusal_of_voen(text)
    assert (error.rule, error.field) == ("voen-format", "")
    assert "leading zero" not in error.explanation


def test_an_endless_voen_is_refused_rather_than_kept() -> None:
    assert refusal_of_voen("0000010481" + " " * 10_000).rule == "voen-format"


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("0000010482", []),
        ("0000010489", ["voen-status-digit"]),
        ("0000010491", ["voen-checksum"]),
        ("0000010499", ["voen-status-digit", "voen-checksum"]),
    ],
)
def test_status_and_check_digit_of_a_voen_only_warn(text: str, rules: list[str]) -> None:
    identifier, doubts = parse_voen(text, NAMESPACES)
    assert identifier.notation == text
    assert [doubt.rule for doubt in doubts] == rules


@given(digits, st.sampled_from("12"))
def test_at_most_one_check_digit_of_a_voen_raises_no_doubt(serial: str, status: str) -> None:
    weighted = sum(int(d) * w for d, w in zip(serial, (4, 1, 8, 6, 2, 7, 5, 3), strict=True)) % 11
    undoubted = [d for d in range(10) if not parse_voen(f"{serial}{d}{status}", NAMESPACES)[1]]
    assert undoubted == ([] if weighted == 10 else [weighted])


@pytest.mark.parametrize(
    ("series", "number", "notation"),
    [
        ("AZE", "00000001", "AZE00000001"),
        ("AA", "0000001", "AA0000001"),
        (None, "MYİ00001", "MYI00001"),
        ("dyı", "000001", "DYI000001"),
        ("", "C00000001", "C00000001"),
        ("AZE ", "0000 0001", "AZE00000001"),
        (unicodedata.normalize("NFD", "MYİ"), "00001", "MYI00001"),
    ],
)
def test_known_documents_are_joined_and_normalized(
    series: str | None, number: str, notation: str
) -> None:
    identifier, doubts = parse_document_number(series, number, NAMESPACES)
    assert identifier.urn == f"urn:az:pid:doc:{notation}"
    received = (series or "") + number
    assert identifier.received == (received if received != notation else None)
    assert doubts == []


@pytest.mark.parametrize(
    ("series", "number"), [("AZE", "0000001"), (None, "1"), ("MYI", "1"), ("SN-1", "7/26")]
)
def test_an_unknown_kind_of_document_only_warns(series: str | None, number: str) -> None:
    _, doubts = parse_document_number(series, number, NAMESPACES)
    assert [doubt.rule for doubt in doubts] == ["document-number-unusual"]


@pytest.mark.parametrize(
    ("series", "number"),
    [("AZE", ""), ("AZE", "  "), ("", "0" * 21), ("ЖА", "0000001"), ("AA", "№1"), ("-", "1")],
    ids=["empty", "blank", "long", "cyrillic", "sign", "leading-hyphen"],
)
def test_what_cannot_be_a_document_number_is_refused(series: str, number: str) -> None:
    with pytest.raises(Refused) as caught:
        parse_document_number(series, number, NAMESPACES)
    assert (caught.value.rule, caught.value.field) == ("document-number-format", "")


def test_an_endless_document_number_is_refused_rather_than_kept() -> None:
    with pytest.raises(Refused, match="document-number-format"):
        parse_document_number("AA", "0000001" + " " * 10_000, NAMESPACES)


@given(st.text(max_size=12))
def test_no_text_raises_anything_but_a_refusal(text: str) -> None:
    for parse in (parse_fin, parse_voen, parse_any_document):
        with contextlib.suppress(Refused):
            identifier, _ = parse(text, NAMESPACES)
            assert Identifier.model_validate(identifier.model_dump()) == identifier


def test_a_refusal_never_repeats_the_value() -> None:
    for parse in (parse_fin, parse_voen, parse_any_document):
        with pytest.raises(Refused) as caught:
            parse("Ж777777/777", NAMESPACES)
        assert "777" not in str(caught.value)


@given(st.text(max_size=20))
def test_a_document_part_is_normalized_once(text: str) -> None:
    assert document_part(document_part(text)) == document_part(text)


def test_namespaces_are_a_setting() -> None:
    other = Namespaces(fin="urn:example:a", voen="urn:example:b", document="urn:example:c")
    assert parse_fin("TST0001", other)[0].urn == "urn:example:a:TST0001"
    assert parse_voen("0000010481", other)[0].urn == "urn:example:b:0000010481"
    assert parse_document_number("", "C00000001", other)[0].urn == "urn:example:c:C00000001"


def test_a_masked_identifier_keeps_too_little_to_be_read_back() -> None:
    assert mask("TST0001") == "TST***1"
    assert mask("0000010481") == "000***1"
    assert mask("TST1") == mask("T") == mask("") == "***"


@given(st.text("0123456789TSTİıi /-\t\u00a0", min_size=7, max_size=12))
def test_what_was_parsed_is_what_validation_would_have_made(text: str) -> None:
    for parse in (parse_fin, parse_voen, parse_any_document):
        with contextlib.suppress(Refused):
            identifier, _ = parse(text, NAMESPACES)
            validated = Identifier.model_validate(identifier.__dict__)
            assert identifier == validated
            assert identifier.model_dump() == validated.model_dump()
            assert identifier.model_dump_json() == validated.model_dump_json()
            assert hash(identifier) == hash(validated)
