#!/bin/sh
# configure-netns.sh <host|router>: turns IPv6 on where the kernel has it, lets a router forward, and applies the
# `ip -batch` lines on standard input. Runs inside the network namespace that it configures.
set -eu
v6=/proc/sys/net/ipv6/conf
if [ -d $v6 ]; then
  echo 0 >$v6/all/disable_ipv6
  echo 0 >$v6/default/disable_ipv6
fi
if [ "$1" = router ]; then
  echo 1 >/proc/sys/net/ipv4/ip_forward
  # Both are taken into account, so a host that filters strictly would drop what comes in by another route.
  echo 0 >/proc/sys/net/ipv4/conf/all/rp_filter
  echo 0 >/proc/sys/net/ipv4/conf/default/rp_filter
  if [ -d $v6 ]; then echo 1 >$v6/all/forwarding; fi
fi
exec ip -batch -
