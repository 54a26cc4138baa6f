"""What parents' new names let one expect of their children, as a pure decision."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import permutations
from typing import Any

import pytest

from hub.registry.cascades import Expectation, Kin, Renaming, expected

CHILD, FATHER, MOTHER, OTHER = "child", "father-urn", "mother-urn", "other-urn"
BORN = {"dateOfBirth": "2015-06-01"}
DAY = "2026-02-10"


def kin(parent: str, role: str, day: str = "2015-06-10", born: str | None = "2015-06-01") -> Kin:
    return Kin(CHILD, parent, role, born, (day, 1, "a"))


def renamed(
    who: str, given: str | None = None, family: str | None = None, day: str = DAY
) -> Renaming:
    return Renaming(who, f"act-{who}-{day}", given, family, (day, 1, "b"))


PARENTS = [kin(FATHER, "father"), kin(MOTHER, "mother")]


def decided(
    *renamings: Renaming, parents: list[Kin] | None = None, **fields: Any
) -> list[Expectation]:
    known: Mapping[str, Any] = BORN | fields
    return expected(CHILD, PARENTS if parents is None else parents, renamings, known)


def test_a_fathers_new_given_name_is_expected_as_the_patronymic() -> None:
    (found,) = decided(renamed(FATHER, given="Yeni"), patronymicName="Köhnə")
    assert (found.field, found.ground) == ("patronymicName", "family-code-191.1")
    assert (found.accepted, found.met) == (("Yeni",), False)
    assert found.acts == (f"act-{FATHER}-{DAY}",)


@pytest.mark.parametrize("patronymic", ["Yeni", "YENİ", "yeni"])
def test_it_is_met_once_the_child_bears_it(patronymic: str) -> None:
    (found,) = decided(renamed(FATHER, given="Yeni"), patronymicName=patronymic)
    assert found.met


def test_a_mothers_given_name_and_a_fathers_surname_alone_change_no_child() -> None:
    assert decided(renamed(MOTHER, given="Yeni")) == []
    assert decided(renamed(FATHER, family="Yeniyev")) == []
    assert decided(renamed(MOTHER, family="Yeniyeva")) == []


@pytest.mark.parametrize(
    ("surname", "met"), [("Yeniyev", True), ("YENİYEVA", True), ("Köhnəyev", False)]
)
def test_surnames_follow_when_both_parents_changed_theirs(surname: str, met: bool) -> None:
    both = renamed(FATHER, family="Yeniyev"), renamed(MOTHER, family="Yeniyeva")
    (found,) = decided(*both, familyName=surname)
    assert (found.field, found.ground, found.met) == ("familyName", "family-code-191.2", met)
    assert len(found.acts) == 2


@pytest.mark.parametrize(
    ("born", "expecting"),
    [
        ("2008-02-11", True),
        ("2008-02-10", False),
        ("2008", True),
        ("2007-12", False),
        ("2007", False),
        ("2008-02", True),
    ],
)
def test_only_of_minors_is_anything_expected(born: str, expecting: bool) -> None:
    assert bool(decided(renamed(FATHER, given="Yeni"), dateOfBirth=born)) is expecting


def test_whoever_is_born_nobody_knows_when_or_dead_is_expected_nothing_of() -> None:
    unknown = [kin(FATHER, "father", born=None)]
    assert expected(CHILD, unknown, [renamed(FATHER, given="Yeni")], {}) == []
    assert decided(renamed(FATHER, given="Yeni"), dateOfDeath="2026-01-01") == []


def test_an_act_tells_the_birth_where_the_golden_record_does_not() -> None:
    (found,) = expected(CHILD, PARENTS, [renamed(FATHER, given="Yeni")], {})
    assert not found.met


def test_a_later_act_names_another_father() -> None:
    adopted = [*PARENTS, kin(OTHER, "father", "2020-01-01")]
    assert decided(renamed(FATHER, given="Yeni"), parents=adopted) == []
    (found,) = decided(renamed(OTHER, given="Başqa"), parents=adopted)
    assert found.accepted == ("Başqa",)


def test_the_latest_new_name_counts_in_whatever_order_acts_are_read() -> None:
    acts = [renamed(FATHER, given="Bir", day="2025-01-01"), renamed(FATHER, given="İki"),
            renamed(MOTHER, family="Üçova")]  # fmt: skip
    found = [decided(*order) for order in permutations(acts)]
    assert all(each == found[0] for each in found)
    assert found[0][0].accepted == ("İki",)
