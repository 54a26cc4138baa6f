"""Golden records: who is believed, which aliases join, and that order never matters."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hub.registry.authority import Authority, Precedence, assumed, parse
from hub.registry.golden import Golden, Statement, draw
from hub.registry.links import Links, pairs_of
from schemas.catalogue import records
from schemas.envelope import Operation
from schemas.identifiers import Identifier
from schemas.subject_link import SubjectLink

FIN, OTHER_FIN, ALIAS = "urn:fin:1", "urn:fin:2", "urn:alias:1"
MATRIX = Authority(
    "test", {"person": Precedence({"sex": ("second/act",)}, ("first/person", "second/act"))}
)


def said(
    source: str, version: int, subject: str = FIN, *, record_id: str = "", **fields: Any
) -> Statement:
    ministry, _, record_type = source.partition("/")
    return Statement(
        entity="person",
        subject=subject,
        ministry=ministry,
        record_type=record_type,
        record_id=record_id or f"{source}-{version}",
        operation=Operation.CREATE,
        version=version,
        fields=fields,
    )


def drawn(*statements: Statement) -> Golden:
    (golden,) = draw(FIN, statements, [], MATRIX)
    return golden


def test_the_believed_source_wins_however_old_it_is() -> None:
    golden = drawn(said("first/person", 1, name="A"), said("second/act", 9, name="B"))
    assert golden.fields == {"name": "A"}
    assert golden.sources["name"]["ministry"] == "first"


def test_a_field_may_have_an_order_of_its_own() -> None:
    golden = drawn(said("first/person", 9, sex="male"), said("second/act", 1, sex="female"))
    assert golden.fields == {"sex": "female"}


def test_a_source_without_a_word_on_a_field_leaves_it_to_the_next() -> None:
    golden = drawn(said("first/person", 1, name="A"), said("second/act", 1, dateOfDeath="2026"))
    assert golden.fields == {"name": "A", "dateOfDeath": "2026"}
    assert golden.sources["dateOfDeath"]["recordType"] == "act"


def test_within_one_source_the_latest_word_wins() -> None:
    golden = drawn(said("first/person", 1, name="A"), said("first/person", 2, name="B"))
    assert golden.fields == {"name": "B"}
    assert golden.findings == ()


def test_a_source_the_matrix_does_not_know_comes_last() -> None:
    golden = drawn(said("seventh/x", 9, name="A", height=1), said("second/act", 1, name="B"))
    assert golden.fields == {"name": "B", "height": 1}


def test_sources_that_disagree_are_a_finding() -> None:
    golden = drawn(said("first/person", 1, name="A"), said("second/act", 1, name="B"))
    sources = "first/person, second/act"
    assert golden.findings == ({"rule": "contradiction", "field": "name", "sources": sources},)


def test_who_is_not_spoken_of_has_no_golden_record() -> None:
    assert draw(FIN, [], [], MATRIX) == []


STATEMENTS = st.builds(
    said,
    st.sampled_from(["first/person", "second/act", "third/x", "fourth/y"]),
    st.integers(0, 2),
    st.sampled_from([FIN, ALIAS]),
    record_id=st.uuids().map(lambda drawn: drawn.hex),
    name=st.sampled_from("AB"),
)


@given(st.lists(STATEMENTS, max_size=6), st.data())
def test_the_order_of_statements_does_not_matter(
    statements: list[Statement], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(statements))
    assert draw(FIN, shuffled, [], MATRIX) == draw(FIN, statements, [], MATRIX)


def test_an_alias_linked_to_one_fin_joins_its_group_and_has_none_of_its_own() -> None:
    links = Links.of([(ALIAS, FIN), (ALIAS, FIN)])
    assert links.members(FIN) == [FIN, ALIAS]
    assert links.members(ALIAS) == []
    assert links.groups([ALIAS]) == {ALIAS, FIN}


def test_an_alias_linked_to_two_fins_joins_neither_and_is_a_finding_for_all_three() -> None:
    links = Links.of([(ALIAS, FIN), (ALIAS, OTHER_FIN)])
    assert [links.members(group) for group in (FIN, OTHER_FIN, ALIAS)] == [
        [FIN],
        [OTHER_FIN],
        [ALIAS],
    ]
    assert links.disputed(FIN) == links.disputed(OTHER_FIN) == links.disputed(ALIAS) == [ALIAS]
    (golden,) = draw(ALIAS, [], links.disputed(ALIAS), MATRIX)
    assert golden.findings == ({"rule": "two-fins", "subject": ALIAS},)


def test_a_link_within_one_namespace_is_none() -> None:
    def link(namespace: str) -> SubjectLink:
        fin = Identifier(notation="TST0001", type="urn:fin")
        return SubjectLink(alias=Identifier(notation="1", type=namespace), identifier=fin)

    assert pairs_of(link("urn:alias")) == (("urn:alias:1", "urn:fin:TST0001"),)
    assert pairs_of(link("urn:fin")) == ()


def test_the_assumed_matrix_says_so_and_names_only_records_that_exist() -> None:
    matrix = assumed()
    assert "assumed" in matrix.version
    orders = [
        order
        for precedence in matrix.entities.values()
        for order in (precedence.default, *precedence.fields.values())
    ]
    assert {source.partition("/")[2] for order in orders for source in order} <= set(records())


def test_staff_is_believed_after_everybody_unless_a_fields_own_order_says_otherwise() -> None:
    staff = "agency/staff_fact"
    for entity in ("person", "legal_entity", "unheard-of"):
        precedence = assumed().of(entity)
        others = ("interior/person", "zeta/unlisted")
        assert all(precedence.rank("sex", each) < precedence.rank("sex", staff) for each in others)
    told = f'version = "7"\nlast = ["{staff}"]\n[person]\ndefault = ["a/b"]\n'
    preferred = parse(f'{told}[person.fields]\nsex = ["{staff}"]\n').of("person")
    assert preferred.rank("sex", staff) < preferred.rank("sex", "a/b")
    assert preferred.rank("givenName", staff) > preferred.rank("givenName", "c/d")


def test_a_matrix_is_read_from_toml() -> None:
    matrix = parse('version = "7"\n[person]\ndefault = ["a/b"]\n[person.fields]\nsex = ["c/d"]\n')
    assert matrix.version == "7"
    assert matrix.of("person").rank("sex", "c/d") < matrix.of("person").rank("sex", "a/b")
    assert matrix.of("nobody").rank("sex", "a/b") < matrix.of("nobody").rank("sex", "b/a")
