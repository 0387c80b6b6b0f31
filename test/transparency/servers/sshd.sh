#!/bin/sh
# sshd.sh <dir with host_key, authorized_keys>: an OpenSSH server without root, so for one user only: `somebody`, who is
# made known to this pod by a list of users of its own.
set -eu
dir=$1
echo "somebody:x:1000:1000::$dir:/bin/sh" >"$dir/passwd"
cat >"$dir/sshd_config" <<CONFIG
Port 2222
ListenAddress 0.0.0.0
ListenAddress ::
HostKey $dir/host_key
AuthorizedKeysFile $dir/authorized_keys
StrictModes no
UsePAM no
PidFile none
Subsystem sftp internal-sftp
CONFIG
# What is in quotes is for the inner shell.
# shellcheck disable=SC2016
exec unshare --mount --map-root-user sh -ec '
  mount --bind "$1/passwd" /etc/passwd
  exec unshare --map-user=1000 --map-group=1000 /usr/sbin/sshd -D -e -f "$1/sshd_config"
' sh "$dir"
