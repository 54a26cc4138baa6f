"""Registry: what facts say (claims), which aliases are linked, and golden records.

The typed tables, one pair per canonical record, are derived from the records themselves and
added by ``hub.registry.tables`` after the migrations.
"""

from alembic import op

revision = "0002"
down_revision = "0001"

STATEMENTS = """
CREATE SCHEMA registry;

-- Casts of ISO texts for generated columns. PostgreSQL calls these casts stable because they
-- read DateStyle and TimeZone; for ISO texts with full dates and offsets neither matters.
CREATE FUNCTION registry.iso_date(text) RETURNS date
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS 'SELECT $1::date';
CREATE FUNCTION registry.iso_instant(text) RETURNS timestamptz
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS 'SELECT $1::timestamptz';

-- What the current content of each fact says about golden records. Claims of annulled facts
-- stay, inactive, so that a person's facts are found also when they no longer count.
CREATE TABLE registry.claim (
    record_type  text COLLATE "C" NOT NULL,
    ministry     text COLLATE "C" NOT NULL,
    fact_subject text COLLATE "C" NOT NULL,
    fact_key     text COLLATE "C" NOT NULL,
    entity       text COLLATE "C" NOT NULL,
    subject      text COLLATE "C" NOT NULL,
    active       boolean NOT NULL,
    record_id    uuid NOT NULL,
    operation    text NOT NULL,
    version      bigint NOT NULL,
    fields       jsonb NOT NULL,
    PRIMARY KEY (fact_subject, record_type, ministry, fact_key, entity, subject)
);
CREATE INDEX claim_subject ON registry.claim (subject);

-- Active links from an alias to a person's FIN, as stated by active link facts.
CREATE TABLE registry.link (
    record_type  text COLLATE "C" NOT NULL,
    ministry     text COLLATE "C" NOT NULL,
    fact_subject text COLLATE "C" NOT NULL,
    fact_key     text COLLATE "C" NOT NULL,
    alias        text COLLATE "C" NOT NULL,
    identifier   text COLLATE "C" NOT NULL,
    PRIMARY KEY (fact_subject, record_type, ministry, fact_key, alias, identifier)
);
CREATE INDEX link_alias ON registry.link (alias);
CREATE INDEX link_identifier ON registry.link (identifier);

-- Golden records: a pure function of active claims, active links and the authority matrix.
CREATE TABLE registry.golden (
    entity     text COLLATE "C" NOT NULL,
    subject    text COLLATE "C" NOT NULL,
    fields     jsonb NOT NULL,
    sources    jsonb NOT NULL,
    findings   jsonb NOT NULL,
    authority  text NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (subject, entity)
);
CREATE INDEX golden_authority ON registry.golden (authority);

CREATE VIEW registry.golden_person AS
SELECT subject,
    fields ->> 'givenName' AS given_name,
    fields ->> 'familyName' AS family_name,
    fields ->> 'patronymicName' AS patronymic_name,
    fields ->> 'patronymicSuffix' AS patronymic_suffix,
    fields ->> 'sex' AS sex,
    fields ->> 'dateOfBirth' AS date_of_birth,
    registry.iso_date(fields ->> 'dateOfDeath') AS date_of_death,
    fields ->> 'placeOfBirth' AS place_of_birth,
    fields -> 'citizenship' AS citizenship,
    fields -> 'domicile' AS domicile,
    sources, findings, updated_at
FROM registry.golden WHERE entity = 'person';

CREATE VIEW registry.golden_legal_entity AS
SELECT subject,
    fields ->> 'legalName' AS legal_name,
    fields -> 'legalFormType' AS legal_form_type,
    fields ->> 'legalEntityStatus' AS legal_entity_status,
    fields ->> 'taxpayerType' AS taxpayer_type,
    fields -> 'registeredAddress' AS registered_address,
    registry.iso_date(fields ->> 'registrationDate') AS registration_date,
    sources, findings, updated_at
FROM registry.golden WHERE entity = 'legal_entity'
"""


def upgrade() -> None:
    """Create the registry schema."""
    op.execute(STATEMENTS)


def downgrade() -> None:
    """The registry is never taken down by a migration."""
    raise NotImplementedError
