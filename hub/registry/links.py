"""Which aliases belong to which FİN, and so whose claims make up one person.

A link is itself a fact, versioned and annullable; nothing is ever re-keyed because of one. An
alias linked to exactly one FİN joins its group. One linked to two joins neither: that is a
finding for a person to look at, never a merge.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from schemas.record import CanonicalRecord
from schemas.subject_link import SubjectLink


@dataclass(frozen=True, slots=True)
class Links:
    """Active links, from either end."""

    fins: Mapping[str, frozenset[str]]
    aliases: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str]]) -> Links:
        """Index pairs of alias and FİN; several facts may state the same pair."""
        fins, aliases = defaultdict(set), defaultdict(set)
        for alias, fin in pairs:
            fins[alias].add(fin)
            aliases[fin].add(alias)
        return cls(
            {alias: frozenset(known) for alias, known in fins.items()},
            {fin: frozenset(known) for fin, known in aliases.items()},
        )

    def groups(self, subjects: Iterable[str]) -> set[str]:
        """Name every group whose record may depend on what is said about these subjects."""
        return {group for subject in subjects for group in (subject, *self.fins.get(subject, ()))}

    def members(self, group: str) -> list[str]:
        """List whose claims make up a group; none if it is an alias that joined another."""
        if len(self.fins.get(group, ())) == 1:
            return []
        joined = (alias for alias in self.aliases.get(group, ()) if len(self.fins[alias]) == 1)
        return [group, *sorted(joined)]

    def disputed(self, group: str) -> list[str]:
        """List the aliases with two FİNs that concern a group: its own, or itself."""
        near = {group, *self.aliases.get(group, ())}
        return sorted(alias for alias in near if len(self.fins.get(alias, ())) > 1)


def pairs_of(record: CanonicalRecord) -> tuple[tuple[str, str], ...]:
    """Read the links a record states, alias first.

    Both ends in one namespace are no link: a FİN that were the alias of a FİN could form chains.
    """
    if not isinstance(record, SubjectLink) or record.alias.type == record.identifier.type:
        return ()
    return record.links()
