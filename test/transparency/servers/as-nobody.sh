#!/bin/sh
# as-nobody.sh <program> [argument...]: database servers refuse to run as root. A pod of the sandbox may have no other
# user, so this makes one: a user namespace in which we are called nobody.
exec unshare --map-user=65534 --map-group=65534 -- "$@"
