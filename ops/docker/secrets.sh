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
here=$(cd "$(dirname "$0")/../.." && pwd)
# What a ministry needs to publish; given to it by hand, and mounted nowhere.
ministries=$(dirname "$folder")/ministry-passwords

# A password as RabbitMQ keeps it: a salt of four bytes, and the digest of both.
hashed() {
    local salt
    salt=$(od -An -N4 -tx1 /dev/urandom | tr -d ' \n')
    {
        printf '%b' "$(sed 's/../\\x&/g' <<<"$salt")"
        { printf '%b' "$(sed 's/../\\x&/g' <<<"$salt")"; printf '%s' "$1"; } | openssl dgst -sha256 -binary
    } | base64 -w0
}

user() { # name, password
    printf '{"name": "%s", "password_hash": "%s", "hashing_algorithm": "rabbit_password_hashing_sha256", "tags": []}' \
        "$1" "$(hashed "$2")"
}

permission() { # user, configure, write, read
    printf '{"user": "%s", "vhost": "/", "configure": "%s", "write": "%s", "read": "%s"}' "$@"
}

# The folder keeps others out. The files in it are mounted one by one and read in the containers
# by users without a name here, hence readable.
mkdir -p "$folder"
chmod 700 "$folder"
umask 022
printf '%s' "$owner" >"$folder/postgres-password"
printf '%s' "$hub" >"$folder/hub-password"
draw >"$folder/grafana-password"

# The broker's users: the hub, which lays everything out, and one for each ministry with the rights
# that ops/rabbitmq/README.md explains. No guest.
users=$(user qovsaq "$broker")
permissions=$(permission qovsaq '.*' '.*' '.*')
(umask 077 && : >"$ministries")
for connector in "$here"/connectors/[a-z]*/connector.py; do
    name=$(basename "$(dirname "$connector")")
    password=$(draw)
    printf '%s %s\n' "$name" "$password" >>"$ministries"
    users+=", $(user "$name" "$password")"
    permissions+=", $(permission "$name" '^$' "^intake\\\\.$name\$" "^(notice|receipt)\\\\.$name\$")"
done
printf '{"vhosts": [{"name": "/"}], "users": [%s], "permissions": [%s]}\n' "$users" "$permissions" \
    >"$folder/definitions.json"
# The containers' network does not leave this machine.
cat >"$folder/hub.toml" <<END
allow_plain = true
broker_url = "amqp://qovsaq:$broker@rabbitmq:5672/%2F"
database_url = "postgresql://qovsaq_hub:$hub@postgres:5432/qovsaq"
END
cat >"$folder/owner.toml" <<END
allow_plain = true
database_url = "postgresql://qovsaq:$owner@postgres:5432/qovsaq"
END
