#!/bin/sh
# Makes a checkout ready: scripts/setup.sh [check|lint|run|test|bench|image] (default: everything).
#   check  Node and the npm packages, which is all that type checks and unit tests need
#   lint   what looks at shell scripts
#   run    what the agent and the sandbox cluster call
#   test   run, and the programs that the whole-agent tests talk to
#   bench  run, and the load generator and the peers we compare with
#   image  what builds the image, where docker doesn't: podman, and what makes its base without a registry
# Safe to repeat: it does only what is missing, and says nothing when nothing is.
set -eu

NODE_VERSION=24.21.0

cd "$(dirname "$0")/.."
level=${1:-all}
machine_path=$PATH
. scripts/env.sh

say() { printf 'setup: %s\n' "$*"; }
fail() {
  printf 'setup: %s\n' "$*" >&2
  exit 1
}
has() { command -v "$1" >/dev/null 2>&1; }

# command:package pairs, Debian's names.
packages_for() {
  run='iptables:iptables ip:iproute2 unshare:util-linux nsenter:util-linux setpriv:util-linux curl:curl'
  run="$run mount:mount hostname:hostname kubectl:kubernetes-client"
  test='nginx:nginx-light redis-server:redis-server redis-cli:redis-tools openssl:openssl python3:python3 nft:nftables'
  test="$test wget:wget git:git dig:bind9-dnsutils fcgiwrap:fcgiwrap nghttpx:nghttp2-proxy h2load:nghttp2-client wrk:wrk"
  test="$test pg_ctlcluster:postgresql mariadbd:mariadb-server-core mariadb:mariadb-client-core"
  test="$test zsh:zsh prometheus:prometheus promtool:prometheus memcached:memcached nats-server:nats-server aiosmtpd:python3-aiosmtpd sshd:openssh-server"
  lint='shellcheck:shellcheck'
  image='podman:podman crun:crun mmdebstrap:mmdebstrap'
  bench='redis-server:redis-server redis-cli:redis-tools wrk:wrk h2load:nghttp2-client haproxy:haproxy nginx:nginx-light taskset:util-linux'
  case $1 in
    check) ;;
    lint) echo "$lint" ;;
    run) echo "$run" ;;
    test) echo "$run $test $image" ;;
    bench) echo "$run $bench" ;;
    image) docker info >/dev/null 2>&1 || echo "$image" ;;
    all) echo "$lint $run $test $bench $image" ;;
    *) fail "unknown level \`$1\`: check, lint, run, test, bench, image or all" ;;
  esac
}

missing_packages() {
  for pair in $1; do
    has "${pair%%:*}" || echo "${pair##*:}"
  done | sort -u | tr '\n' ' '
}

# Installers talk a lot, and npm warns about settings of the machine it does not know: worth reading only on failure.
quietly() {
  log=$(mktemp)
  if ! "$@" >"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    fail "\`$*\` failed"
  fi
  rm -f "$log"
}

# Debian starts a service when its package is installed; nobody asked for a Redis on port 6379.
hold_services() {
  [ ! -e /usr/sbin/policy-rc.d ] || return 0
  trap 'rm -f /usr/sbin/policy-rc.d' EXIT
  printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
  chmod 755 /usr/sbin/policy-rc.d
}

install_packages() {
  has apt-get || fail "please install: $*"
  say "installing $*"
  hold_services
  quietly apt-get update
  quietly env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"
}

system_packages() {
  wanted=$(packages_for "$1")
  has npm || wanted="$wanted npm:npm"
  packages=$(missing_packages "$wanted")
  [ -n "$packages" ] || return 0
  if [ "$(id -u)" -ne 0 ]; then
    say 'some system packages are missing, please run:' >&2
    printf '  sudo sh -c "apt-get update && apt-get install -y --no-install-recommends %s"\n' "${packages% }" >&2
    exit 1
  fi
  # One word per package.
  # shellcheck disable=SC2086
  install_packages $packages
}

# npm finds the machine's settings (registry, certificates) from where its Node lives, so it runs on the machine's.
machine_npm() {
  quietly env PATH="$machine_path" npm "$@" --ignore-scripts --no-audit --no-fund
}

# A runtime of our own must be the pinned one; without it the machine's Node will do when it is new enough. Into the
# image goes the pinned one.
node_is_ready() {
  has node || return 1
  [ "$level" != image ] || [ -d .runtime ] || return 1
  version=$(node --version)
  if [ -d .runtime ]; then [ "$version" = "v$NODE_VERSION" ]; else [ "$(major_of "$version")" -ge 24 ]; fi
}

major_of() { expr "$1" : 'v\([0-9]*\)'; }

node_runtime() {
  ! node_is_ready || return 0
  case $(uname -m) in
    x86_64) arch=x64 ;;
    aarch64) arch=arm64 ;;
    *) fail "no Node $NODE_VERSION package for $(uname -m), please install Node 24" ;;
  esac
  say "installing Node $NODE_VERSION into .runtime"
  machine_npm install --prefix .runtime --no-package-lock "node-linux-$arch@$NODE_VERSION"
  . scripts/env.sh
}

# npm writes its own copy of the lockfile last of all, so a copy newer than ours means that the folder is complete.
npm_packages() {
  # `-nt` is of POSIX.1-2024, and older in every sh.
  # shellcheck disable=SC3013
  [ ! node_modules/.package-lock.json -nt package-lock.json ] || return 0
  say 'installing the npm packages'
  machine_npm ci
}

system_packages "$level"
node_runtime
npm_packages
