#!/bin/sh
# Has ShellCheck look at every shell script of the project. Who is not root, and has none, is told and goes on; CI is not.
set -eu
cd "$(dirname "$0")/.."

has() { command -v shellcheck >/dev/null 2>&1; }

has || [ "$(id -u)" -ne 0 ] || scripts/setup.sh lint || true
if ! has; then
  echo 'lint: no shellcheck, shell scripts are not checked ("make setup FOR=lint" installs it)' >&2
  [ -z "${CI:-}" ]
  exit
fi
grep -rlIE '^(#!.*[/ ](ba)?sh|# shellcheck shell=.*)$' .ci agent deploy policy scripts test \
  --exclude-dir=node_modules --exclude-dir=dist --exclude='*.ts' | xargs shellcheck
