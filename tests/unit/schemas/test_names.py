from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.names import (
    lower_az,
    normalize_name,
    search_key,
    split_patronymic,
    title_az,
    upper_az,
)

AZERBAIJANI = "abcçdeəfgğhxıijkqlmnoöprsştuüvyz"
LATIN_TO_CYRILLIC = str.maketrans(
    "abcçdeəfgğhxıijkqlmnoöprsştuüvyz", "абҹчдеәфҝғһхыижкглмноөпрсштуүвјз"
)

# Everything a clerk may have typed: Latin with accents, Cyrillic with its extensions, signs.
typed = st.text(
    st.characters(max_codepoint=0x052F, categories=["L", "M", "Zs", "Pd", "Po"]), max_size=15
)
words = st.text(AZERBAIJANI, min_size=2, max_size=10)
azerbaijani = st.lists(words, min_size=1, max_size=3).map(" ".join)


@pytest.mark.parametrize(
    ("lower", "upper"),
    [
        ("ismayıl", "İSMAYIL"),
        ("qızı", "QIZI"),
        ("ilqar", "İLQAR"),
        ("əli", "ƏLİ"),
        ("ışıq", "IŞIQ"),
    ],
)
def test_dotted_and_dotless_i_keep_their_dots_in_both_directions(lower: str, upper: str) -> None:
    assert lower_az(upper) == lower
    assert upper_az(lower) == upper
    # Python's own casing gets each of these wrong; otherwise the functions would not be needed.
    assert upper.lower() != lower or lower.upper() != upper


@given(azerbaijani)
def test_casing_is_lossless_on_azerbaijani_letters(name: str) -> None:
    assert lower_az(upper_az(name)) == name
    assert len(upper_az(name)) == len(name)


def test_every_word_is_capitalized_also_after_a_hyphen() -> None:
    assert title_az("ƏLİ-AĞA İSMAYIL") == "Əli-Ağa İsmayıl"
    assert title_az("ISMAYIL") == "Ismayıl"


@pytest.mark.parametrize(
    ("received", "expected"),
    [
        ("MƏMMƏDOVA", "Məmmədova"),
        ("ismayıl", "İsmayıl"),
        ("İSMAYIL", "İsmayıl"),
        ("  Əli \t Ağa\n", "Əli Ağa"),
        ("HACI-ZADƏ", "Hacı-Zadə"),
        ("McDonald", "McDonald"),
        ("Mə'mun", "Mə'mun"),
        ("", ""),
    ],
)
def test_a_name_is_written_as_a_document_would(received: str, expected: str) -> None:
    assert normalize_name(received) == expected


@pytest.mark.parametrize(
    "look_alike", ["\u0259", "\u04d9", "\u01dd", "ä"], ids=["latin", "cyrillic", "turned-e", "ä"]
)
def test_every_letter_used_for_schwa_becomes_schwa(look_alike: str) -> None:
    assert normalize_name(f"M{look_alike}mm{look_alike}dov") == "Məmmədov"
    assert normalize_name(f"M{look_alike}MM{look_alike}DOV".upper()) == "Məmmədov"


def test_a_dot_above_left_by_foreign_lower_casing_is_dropped() -> None:
    assert normalize_name("İSMAYIL".lower()) == "İsmayil"
    assert normalize_name("I\u0307lqar") == "İlqar"


def test_decomposed_letters_are_composed() -> None:
    assert normalize_name(unicodedata.normalize("NFD", "Gülşən Çağlı")) == "Gülşən Çağlı"


@pytest.mark.parametrize(
    ("cyrillic", "latin"),
    [
        ("Мәммәдов", "Məmmədov"),
        ("МӘММӘДОВ", "Məmmədov"),
        ("исмајыл", "İsmayıl"),
        ("Ҹаваншир", "Cavanşir"),
        ("Гурбан", "Qurban"),
        ("Ҝүлбәниз", "Gülbəniz"),
        ("Ҹәфәр-Оғлу", "Cəfər-Oğlu"),
        ("ЮРИЙ", "Yuriy"),
        ("Игорь", "İqor"),
        ("M\u0259мм\u0259дов", "Məммəдов"),
    ],
)
def test_only_a_wholly_cyrillic_name_is_transliterated(cyrillic: str, latin: str) -> None:
    assert normalize_name(cyrillic) == latin


@given(azerbaijani)
def test_the_cyrillic_spelling_of_a_name_normalizes_to_the_latin_one(name: str) -> None:
    cyrillic = name.translate(LATIN_TO_CYRILLIC)
    assert normalize_name(cyrillic) == normalize_name(name)
    assert normalize_name(cyrillic.upper()) == normalize_name(name)


@given(typed)
def test_normalizing_twice_changes_nothing(text: str) -> None:
    once = normalize_name(text)
    assert normalize_name(once) == once


@given(typed)
def test_a_normalized_name_is_composed_and_single_spaced(text: str) -> None:
    name = normalize_name(text)
    assert unicodedata.is_normalized("NFC", name)
    assert name == " ".join(name.split())


@given(azerbaijani)
def test_a_name_in_capitals_and_in_small_letters_is_the_same_name(name: str) -> None:
    assert normalize_name(upper_az(name)) == normalize_name(name) == title_az(name)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Gülbəniz", "GULBENIZ"),
        ("İsmayıl", "ismayil"),
        ("Məmmədov", "Мәммәдов"),
        ("Çağlı", "Cagli"),
        ("Əli-Ağa", "Eli Aga"),
        ("Mə'mun", "Memun"),
    ],
)
def test_spellings_of_one_name_share_a_search_key(one: str, other: str) -> None:
    assert search_key(one) == search_key(other)


def test_different_names_keep_different_search_keys() -> None:
    assert search_key("Qasım") == "qasim"
    assert search_key("Kasım") != search_key("Qasım")


@given(azerbaijani)
def test_a_search_key_is_plain_ascii_and_blind_to_case(name: str) -> None:
    key = search_key(name)
    assert key.isascii()
    assert key == key.lower()
    assert search_key(upper_az(name)) == key == search_key(title_az(name))


@given(typed)
def test_a_search_key_does_not_depend_on_unicode_composition(text: str) -> None:
    assert search_key(unicodedata.normalize("NFD", text)) == search_key(text)


@pytest.mark.parametrize(
    ("received", "expected"),
    [
        ("ƏLİ OĞLU", ("Əli", "oğlu")),
        ("Əli qızı", ("Əli", "qızı")),
        ("Əli Qizi", ("Əli", "qızı")),
        ("Әли оғлу", ("Əli", "oğlu")),
        ("Əli Ağa oglu", ("Əli Ağa", "oğlu")),
        ("Əli", ("Əli", None)),
        ("Oğlu", ("Oğlu", None)),
        ("", ("", None)),
    ],
)
def test_a_patronymic_is_split_into_stem_and_suffix(
    received: str, expected: tuple[str, str | None]
) -> None:
    assert split_patronymic(received) == expected
