#!/bin/sh
# join-cgroup.sh <cgroup.procs|-> <program> [argument...]: moves itself into the cgroup, then becomes the program.
set -eu
procs=$1
shift
[ "$procs" = - ] || echo 0 >"$procs"
exec "$@"
