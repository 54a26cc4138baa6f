"""Family ties and new names from civil status acts, and what they let one expect of children."""

from alembic import op

revision = "0013"
down_revision = "0012"

STATEMENTS = """
-- Parents as active acts of birth, paternity and adoption name them.
CREATE TABLE registry.kin (
    ministry  text COLLATE "C" NOT NULL,
    act       text COLLATE "C" NOT NULL,
    child     text COLLATE "C" NOT NULL,
    parent    text COLLATE "C" NOT NULL,
    role      text NOT NULL,
    born      text,
    day       text NOT NULL,
    version   bigint NOT NULL,
    record_id uuid NOT NULL,
    PRIMARY KEY (act, ministry, child, parent)
);
CREATE INDEX kin_child ON registry.kin (child);
CREATE INDEX kin_parent ON registry.kin (parent);

-- Names that active acts of a change of name have changed; null where the act left it alone.
CREATE TABLE registry.renaming (
    ministry    text COLLATE "C" NOT NULL,
    act         text COLLATE "C" NOT NULL,
    subject     text COLLATE "C" NOT NULL,
    given_name  text,
    family_name text,
    day         text NOT NULL,
    version     bigint NOT NULL,
    record_id   uuid NOT NULL,
    PRIMARY KEY (act, ministry, subject)
);
CREATE INDEX renaming_subject ON registry.renaming (subject);

-- A finding for people: a child's record should come to say one of the accepted names.
CREATE TABLE registry.expectation (
    child     text COLLATE "C" NOT NULL,
    field     text COLLATE "C" NOT NULL,
    ground    text NOT NULL,
    accepted  jsonb NOT NULL,
    acts      jsonb NOT NULL,
    met       boolean NOT NULL,
    opened_at timestamptz NOT NULL,
    met_at    timestamptz,
    PRIMARY KEY (child, field)
);
CREATE INDEX expectation_open ON registry.expectation (ground, opened_at) WHERE NOT met
"""


def upgrade() -> None:
    """Create the tables of family ties, new names and expectations."""
    op.execute(STATEMENTS)


def downgrade() -> None:
    """The registry is never taken down by a migration."""
    raise NotImplementedError
