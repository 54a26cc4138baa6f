#!/usr/bin/env bash
# Gives whoever reads one queue of the hub a broker user: it may read that queue and nothing else.
# The password is read from standard input, so that no process list shows it.
#
#   ops/rabbitmq/grant-reader.sh <queue> [vhost] [user] < password-file
#
# The queue is that of a system of the Agency, agency.<system>. The user is named like the queue
# unless said otherwise. RABBITMQCTL names the command to use, as in grant.sh.
set -euo pipefail

queue=${1:?usage: grant-reader.sh <queue> [vhost] [user] < password-file}
vhost=${2:-/}
user=${3:-$queue}
read -r -a ctl <<<"${RABBITMQCTL:-rabbitmqctl}"

if [[ ! $queue =~ ^agency\.[a-z][a-z0-9-]*$ ]]; then
    echo "grant-reader.sh: only queues named agency.<system> have readers of their own" >&2
    exit 2
fi

"${ctl[@]}" --quiet add_user "$user"
"${ctl[@]}" --quiet set_permissions -p "$vhost" "$user" '^$' '^$' "^${queue//./\\.}\$"
