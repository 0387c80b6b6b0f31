# Source this (`. scripts/env.sh`): puts the pinned Node runtime first on the PATH when the checkout has one.
eastwall_root=$(cd "$(dirname "${BASH_SOURCE:-$0}")/.." && pwd)
for eastwall_runtime in "$eastwall_root"/.runtime/node_modules/node-linux-*/bin; do
  [ -x "$eastwall_runtime/node" ] && PATH="$eastwall_runtime:$PATH"
done
PATH="$eastwall_root/node_modules/.bin:$PATH"
export PATH
