#!/bin/sh
# container-init.sh <hostname> <etc> <state> <hide|show> <cgroup|-> <program> [argument...]
# <etc> is the directory of the pod's resolv.conf and hosts, <state> that of the sandbox.
# The first process of a container, inside its new mount, UTS, IPC and PID namespaces and still with every
# capability: finishes them, then becomes the program.
set -eu
# /proc is still that of the sandbox, so this is the number under which the kubelet can signal the container.
read -r pid _ </proc/self/stat
hostname=$1
etc=$2
state=$3
visibility=$4
cgroup=$5
shift 5
# The call and not /proc/sys/kernel/hostname, which belongs to the machine's root in any user namespace.
hostname "$hostname"
mount -t proc proc /proc
mount --bind "$etc/resolv.conf" /etc/resolv.conf
mount --bind "$etc/hosts" /etc/hosts
if [ "$cgroup" != - ]; then
  # As in any container with a cgroup namespace: its own group is the root of what it sees, and not writable.
  umount -l "$state/cgroup"
  mount -t cgroup2 none /sys/fs/cgroup
  mount -o remount,bind,ro /sys/fs/cgroup
fi
if [ "$visibility" = hide ]; then
  # The mounted namespaces of other pods must neither be reachable nor kept alive from here.
  umount -l "$state/nodes"
  mount -t tmpfs -o ro,size=4k,mode=755 none "$state"
fi
# Last, since it says that the container has started.
echo "$pid" >&3
exec 3>&-
exec "$@"
