"""Functions of the chain that PostgreSQL can unfold into the statement."""

from alembic import op

revision = "0024"
down_revision = "0023"

STATEMENTS = """
-- Stable, as what they call is: a function that claims more than its body is run as a query of its
-- own for each column of each row. The database is in UTF-8, so octet_length counts those bytes.
CREATE OR REPLACE FUNCTION evidence.netstring(text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT coalesce(octet_length($1) || ':' || $1, '-') || ','
$$;
CREATE OR REPLACE FUNCTION evidence.microseconds(timestamptz) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT (extract(epoch FROM $1) * 1000000)::bigint::text
$$;
"""


def upgrade() -> None:
    """Replace the functions."""
    op.execute(STATEMENTS)


def downgrade() -> None:
    """Evidence is never taken down by a migration."""
    raise NotImplementedError
