"""The error tree. The type of an error states the recovery; nothing else needs to be asked.

::

    HubError
    ├── Refused      the sender's fault: keep as evidence, send a notice, never retry
    ├── RetryLater   a passing condition of this record: wait on the ladder, then again
    ├── Unavailable  a dependency is down: pause and probe; not an attempt of any record
    │   └── Slow     it answers, but not in time: put off, and no outage
    ├── Parked       needs a person: to the dead queue with its cause
    └── Stop         the environment is broken: end the process, loudly

Texts name the field and the rule and never carry a value: identifiers and names are personal data.
"""

from __future__ import annotations


class HubError(Exception):
    """Any failure the hub foresees."""


class Refused(HubError):
    """The message or record breaks a rule of the contract; only the sender can mend it.

    ``rule`` is a stable kebab-case name (``fin-format``), ``field`` the path as the sender
    knows it (``Person/BirthDate``, ``taxpayers[0].tin``), ``""`` for the message as a whole.
    """

    def __init__(self, rule: str, field: str, explanation: str) -> None:
        super().__init__(f"{rule} at {field or 'message'}: {explanation}")
        self.rule = rule
        self.field = field
        self.explanation = explanation


class RetryLater(HubError):
    """This record cannot be handled now but may be later (a lock time-out, a lost race)."""


class Unavailable(HubError):
    """A dependency (broker, database, a ministry's service) does not answer."""


class Slow(Unavailable):
    """A dependency lets us in but did not answer a question in time: busy, which is not down."""


class Parked(HubError):
    """Only a person can decide; ``cause`` is a stable kebab-case name for grouping."""

    def __init__(self, cause: str, explanation: str) -> None:
        super().__init__(f"{cause}: {explanation}")
        self.cause = cause
        self.explanation = explanation


class Stop(HubError):
    """The process must not go on: wrong schema version, missing permission, drifted topology."""
