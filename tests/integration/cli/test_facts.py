"""``qovsaq facts``: entered by whoever holds the token, approved by another, kept on record."""

from __future__ import annotations

import pytest

from hub.cli.ending import Exit
from hub.evidence import audit, operators
from hub.store.database import Database
from tests.integration.registry.writing import NOW
from tests.support.commands import CommandLine

pytestmark = [pytest.mark.broker, pytest.mark.database]

ENTERED = ("--fin", "TST0001", "--authority", "act 1", "--purpose", "service")
SAYS = ("--set", "placeOfBirth=Sınaq şəhəri", "--set", 'citizenship=["AZE"]')


def test_a_fact_goes_from_one_operator_to_another_and_into_the_registrys_queue(
    clean_broker: str, database_url: str
) -> None:
    database = Database(database_url)
    with database.transaction() as tx:
        root = operators.add(tx, "root", None, NOW)
        tokens = {name: operators.add(tx, name, root, NOW) for name in ("aydan", "elnur")}
    by = {
        name: CommandLine(
            {
                "QOVSAQ_BROKER_URL": clean_broker,
                "QOVSAQ_DATABASE_URL": database_url,
                "QOVSAQ_OPERATOR_TOKEN": token,
            }
        )
        for name, token in tokens.items()
    }
    aydan, elnur = by["aydan"], by["elnur"]
    assert aydan("topology", "declare").status == Exit.OK
    entered = aydan("facts", "enter", *ENTERED, *SAYS, "--json")
    assert entered.json == {"fact": 1, "state": "proposed"}
    own = aydan("facts", "approve", "1", "--reason", "seen")
    assert (own.status, "four-eyes" in own.err) == (Exit.NO, True)
    assert elnur("facts", "approve", "1", "--reason", "seen").status == Exit.OK
    (listed,) = elnur("facts", "list", "--json").json
    assert (listed["state"], listed["entered_by"]) == ("in-force", "aydan")
    assert "TST0001" not in str(listed)
    assert elnur("facts", "show", "1").status == Exit.NO  # says no reason
    shown = elnur("facts", "show", "1", "--reason", "a complaint")
    assert shown.json["record"]["person"]["placeOfBirth"] == "Sınaq şəhəri"
    assert aydan("facts", "withdraw", "1", "--reason", "a mistake").status == Exit.OK
    wrong = aydan("facts", "enter", *ENTERED, "--set", "bloodGroup=0")
    assert (wrong.status, "bloodGroup" in wrong.err) == (Exit.NO, True)
    with database.transaction() as tx:
        acts = [act["action"] for act in audit.about(tx, "fact:1")]
        (log,) = tx.rows("SELECT count(*) AS n FROM evidence.record_log WHERE ministry = 'agency'")
    assert acts == ["fact-proposed", "fact-approved", "fact-withdrawn"]
    assert log["n"] == 2
    database.close()
