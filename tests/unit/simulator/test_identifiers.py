from __future__ import annotations

import re

from stdnum.az import voen as rule

from hub.simulator import identifiers
from hub.simulator.population import COMPANIES, FOREIGNERS, PERSONS, World
from schemas.envelope import derive_record_id


def test_voens_keep_the_published_check_rule() -> None:
    for index in (*range(0, COMPANIES, 997), COMPANIES - 1):
        number = identifiers.voen(index, natural=index % 2 == 1)
        assert rule.is_valid(number)
        assert number.startswith("00")


def test_voens_are_different_for_different_indexes() -> None:
    numbers = {identifiers.voen(index)[:8] for index in range(0, 50_000)}
    assert len(numbers) == 50_000


def test_fins_are_synthetic_and_use_no_doubtful_letter() -> None:
    for index in range(0, identifiers.FIN_CAPACITY, 4_001):
        assert re.fullmatch(r"TST[0-9A-HJ-NP-Z]{4}", identifiers.fin(index))


def test_fins_are_different_for_different_indexes() -> None:
    assert len({identifiers.fin(index) for index in range(100_000)}) == 100_000


def test_record_ids_are_those_the_hub_derives() -> None:
    ours = identifiers.record_id("labour", "m-1", 3, "employment_contract")
    assert ours == derive_record_id("labour", "m-1", 3, "employment_contract")


def test_a_world_is_a_function_of_its_seed() -> None:
    assert World(1).person(5) == World(1).person(5)
    assert World(1).person(5) != World(2).person(5)


def test_nobody_shares_a_fin_with_a_foreigner() -> None:
    world = World(1)
    citizens = {world.person(index).fin for index in (*range(500), PERSONS - 1)}
    foreigners = {world.foreigner(index).fin for index in (*range(500), FOREIGNERS - 1)}
    assert citizens.isdisjoint(foreigners)


def test_a_person_beyond_the_last_is_one_of_the_first_again() -> None:
    assert World(1).person(PERSONS + 3) == World(1).person(3)


def test_entrepreneurs_have_an_owner_and_a_voen_of_a_natural_person() -> None:
    companies = [World(1).company(index) for index in range(30)]
    assert {company.owner is not None for company in companies} == {True, False}
    assert all((company.voen[-1] == "2") == (company.owner is not None) for company in companies)
