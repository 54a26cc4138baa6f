#!/usr/bin/env bash
# Draws the passwords and issues the certificates that docker-compose.yml mounts as files, once;
# `make up` calls it. The authority's key is mounted nowhere: `secrets.sh FOLDER renew` issues new
# certificates with it, which the hub's servers take as they run; broker and database start anew.
# Delete the folder to draw new ones (then also the volumes, which know the old ones).
set -euo pipefail

folder=${1:-.qovsaq/secrets}
authority=$(dirname "$folder")/authority.key

# A certificate of the private authority: name, then the names it is reached under.
issue() {
    local names
    names=$(printf ',DNS:%s' "${@:2}")
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/O=Qovsaq/CN=$1" \
        -keyout "$folder/$1.key" 2>/dev/null |
        openssl x509 -req -CA "$folder/authority.pem" -CAkey "$authority" -days 397 \
            -set_serial "0x$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')" -out "$folder/$1.pem" \
            -extfile <(printf 'basicConstraints=critical,CA:FALSE\nsubjectAltName=IP:127.0.0.1%s\n' \
                "$names"
                printf 'subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n') 2>/dev/null
    chmod 644 "$folder/$1.key" # the folder keeps others out
}

issue_all() {
    issue rabbitmq rabbitmq localhost
    issue postgres postgres localhost
    issue hub intake registry relay poll desk http agency quality delivery lookup localhost
}

[ "${2:-}" = renew ] && issue_all && exit 0
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
(umask 077 && openssl ecparam -name prime256v1 -genkey -noout -out "$authority")
openssl req -x509 -new -key "$authority" -subj "/O=Qovsaq/CN=Authority of this installation" \
    -days 3650 -addext keyUsage=critical,keyCertSign,cRLSign -out "$folder/authority.pem"
issue_all
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
in=/run/secrets
broker_tls="%7B%27ca_certs%27%3A%27$in/authority.pem%27%2C%27certfile%27%3A%27$in/hub.pem%27"
broker_tls+="%2C%27keyfile%27%3A%27$in/hub.key%27%7D"
database_tls="sslmode=verify-full&sslrootcert=$in/authority.pem"
cat >"$folder/hub.toml" <<END
broker_url = "amqps://qovsaq:$broker@rabbitmq:5671/%2F?ssl_options=$broker_tls"
database_url = "postgresql://qovsaq_hub:$hub@postgres:5432/qovsaq?$database_tls"
[metrics]
certificate = "$in/hub.pem"
private_key = "$in/hub.key"
END
cat >"$folder/owner.toml" <<END
database_url = "postgresql://qovsaq:$owner@postgres:5432/qovsaq?$database_tls"
END
