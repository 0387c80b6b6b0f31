#!/bin/sh
# create-netns.sh <file>: a new network namespace, held by a mount on <file>. The file is there a moment before
# the namespace is mounted on it, as containerd leaves it in /var/run/netns.
set -eu
: >"$1"
exec unshare --net="$1" true
