#!/usr/bin/env bash
# Draws the passwords that docker-compose.yml mounts as files, once; `make up` calls it.
# Delete the folder to draw new ones (then also the volumes, which know the old ones).
set -euo pipefail

folder=${1:-.qovsaq/secrets}
[ -e "$folder/hub.toml" ] && exit 0

draw() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }
broker=$(draw)
owner=$(draw)
hub=$(draw)

# The folder keeps others out. The files in it are mounted one by one and read in the containers
# by users without a name here, hence readable.
mkdir -p "$folder"
chmod 700 "$folder"
umask 022
printf '%s' "$owner" >"$folder/postgres-password"
printf '%s' "$hub" >"$folder/hub-password"
printf 'default_user = qovsaq\ndefault_pass = %s\n' "$broker" >"$folder/rabbitmq.conf"
cat >"$folder/hub.toml" <<END
broker_url = "amqp://qovsaq:$broker@rabbitmq:5672/%2F"
database_url = "postgresql://qovsaq_hub:$hub@postgres:5432/qovsaq"
END
cat >"$folder/owner.toml" <<END
database_url = "postgresql://qovsaq:$owner@postgres:5432/qovsaq"
END
