"""The contract guard: every version of a contract that a ministry was seen to serve."""

from alembic import op

revision = "0006"
down_revision = "0005"

STATEMENTS = """
-- One row per distinct version at an address; the address never holds credentials.
CREATE TABLE evidence.contract_seen (
    ministry      text COLLATE "C" NOT NULL,
    address       text NOT NULL,
    sha256        text NOT NULL,
    body          bytea NOT NULL,
    contract      text,
    state         text NOT NULL CHECK (state IN ('agrees', 'differs', 'breaks')),
    changes       jsonb NOT NULL,
    first_seen_at timestamptz NOT NULL,
    last_seen_at  timestamptz NOT NULL,
    PRIMARY KEY (ministry, address, sha256)
);
"""


def upgrade() -> None:
    """Create the table."""
    op.execute(STATEMENTS)


def downgrade() -> None:
    """Evidence is never taken down by a migration."""
    raise NotImplementedError
