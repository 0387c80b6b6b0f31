#!/bin/sh
# postgres.sh <data directory> <certificate> <key>: a fresh PostgreSQL that trusts everybody, with TLS for who asks.
set -eu
data=$1
bin=$(dirname "$(printf '%s\n' /usr/lib/postgresql/*/bin/postgres | sort -V | tail -n 1)")
"$bin/initdb" -D "$data" -U postgres --auth=trust --encoding=UTF8 --locale=C --no-sync >&2
echo 'host all all all trust' >>"$data/pg_hba.conf"
exec "$bin/postgres" -D "$data" -h '*' -c unix_socket_directories= -c fsync=off \
  -c ssl=on -c ssl_cert_file="$2" -c ssl_key_file="$3"
