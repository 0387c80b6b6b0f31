#!/bin/sh
# mariadb.sh <data directory>: a fresh MariaDB with the database `shop` and the user `shop`, password `secret`.
set -eu
data=$1
mkdir -p "$data"
mariadb-install-db --no-defaults --datadir="$data" --auth-root-authentication-method=normal --skip-test-db >&2
cat >"$data/init.sql" <<'SQL'
CREATE DATABASE shop;
CREATE USER shop@'%' IDENTIFIED BY 'secret';
GRANT ALL ON shop.* TO shop@'%';
SQL
exec mariadbd --no-defaults --datadir="$data" --socket="$data/socket" --pid-file="$data/pid" \
  --bind-address='*' --local-infile=1 --init-file="$data/init.sql"
