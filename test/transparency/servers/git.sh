#!/bin/sh
# git.sh <dir>: nginx and fcgiwrap before git's smart HTTP, with one repository per caller: they are pushed to.
set -eu
cd "$1"
for name in captured direct; do
  git init -q --bare -b main "repositories/$name.git"
  git -C "repositories/$name.git" config http.receivepack true
done
fcgiwrap -c 2 -s "unix:$1/fcgi.sock" &
exec nginx -p "$1" -c "$1/git.conf"
