"""What search looks things up by: days of birth, and how often an operator has searched."""

from alembic import op

revision = "0019"
down_revision = "0018"

STATEMENTS = """
CREATE INDEX golden_born ON registry.golden ((fields ->> 'dateOfBirth')) WHERE entity = 'person';
CREATE INDEX audit_actor ON evidence.audit (actor, action, at)
"""


def upgrade() -> None:
    """Create the indexes."""
    op.execute(STATEMENTS)


def downgrade() -> None:
    """The registry is never taken down by a migration."""
    raise NotImplementedError
