#!/usr/bin/env bash
# Gives a ministry its broker user: it may write to its own exchange, read its own two queues, and
# configure nothing. The password is read from standard input, so that no process list shows it.
#
#   ops/rabbitmq/grant.sh <ministry> [vhost] [user] < password-file
#
# The user is named like the ministry unless said otherwise; a message that states a user_id is
# refused where that is not the ministry's name. RABBITMQCTL names the command to use, for instance
# RABBITMQCTL="docker compose exec -T rabbitmq rabbitmqctl".
set -euo pipefail

ministry=${1:?usage: grant.sh <ministry> [vhost] [user] < password-file}
vhost=${2:-/}
user=${3:-$ministry}
read -r -a ctl <<<"${RABBITMQCTL:-rabbitmqctl}"

if [[ ! $ministry =~ ^[a-z][a-z0-9_]*$ ]]; then
    echo "grant.sh: a ministry's name is lower-case letters, digits and _" >&2
    exit 2
fi

"${ctl[@]}" --quiet add_user "$user"
"${ctl[@]}" --quiet set_permissions -p "$vhost" "$user" \
    '^$' "^intake\\.$ministry\$" "^(notice|receipt)\\.$ministry\$"
