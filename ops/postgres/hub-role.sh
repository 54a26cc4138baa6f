#!/usr/bin/env bash
# Makes the role that the hub runs as. The image of PostgreSQL runs it once, when it makes the
# database; elsewhere run it as the owner, with psql's PG* variables set. What the role may do,
# `qovsaq migrate --grant-to qovsaq_hub` says.
set -euo pipefail

# Not as an argument: those are visible to every user of the machine.
HUB_PASSWORD=$(cat "${HUB_PASSWORD_FILE:-/run/secrets/hub-password}")
export HUB_PASSWORD
psql --quiet --set=ON_ERROR_STOP=1 --username="${POSTGRES_USER:-postgres}" \
    --dbname="${POSTGRES_DB:-postgres}" <<'SQL'
\getenv password HUB_PASSWORD
CREATE ROLE qovsaq_hub LOGIN NOINHERIT PASSWORD :'password';
SQL
