"""Rates and thresholds by the days they hold, filled by ``hub.registry.rates``."""

from alembic import op

revision = "0017"
down_revision = "0016"

STATEMENTS = """
CREATE TABLE registry.rate (
    name        text COLLATE "C" NOT NULL,
    base        text NOT NULL,
    above       numeric NOT NULL,
    up_to       numeric,
    value       numeric NOT NULL,
    unit        text NOT NULL,
    valid_from  date NOT NULL,
    valid_until date,
    source      text NOT NULL,
    standing    text NOT NULL CHECK (standing IN ('reported', 'assumed')),
    version     text NOT NULL,
    PRIMARY KEY (name, valid_from, above),
    CHECK (valid_until IS NULL OR valid_until >= valid_from),
    CHECK (up_to IS NULL OR up_to > above)
);
"""


def upgrade() -> None:
    """Create the table."""
    op.execute(STATEMENTS)


def downgrade() -> None:
    """The registry is never taken down by a migration."""
    raise NotImplementedError
