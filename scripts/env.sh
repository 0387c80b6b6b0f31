# shellcheck shell=sh
# Source this (`. scripts/env.sh`): puts the pinned Node runtime first on the PATH when the checkout has one.
# A plain sh does not say which file it is reading, hence the fall back to the current directory.
# shellcheck disable=SC3028
eastwall_root=$(cd "$(dirname "${BASH_SOURCE:-$0}")/.." 2>/dev/null && pwd) || eastwall_root=$PWD
[ -f "$eastwall_root/scripts/env.sh" ] || eastwall_root=$PWD

# Debian leaves the sbin folders out of a user's PATH; iptables, haproxy and nginx live there.
case ":$PATH:" in
  *:/usr/sbin:*) ;;
  *) PATH="$PATH:/usr/sbin:/sbin" ;;
esac
for eastwall_runtime in "$eastwall_root"/.runtime/node_modules/node-linux-*/bin; do
  [ -x "$eastwall_runtime/node" ] && PATH="$eastwall_runtime:$PATH"
done
PATH="$eastwall_root/node_modules/.bin:$PATH"
export PATH
