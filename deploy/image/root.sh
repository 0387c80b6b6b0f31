#!/bin/sh
# root.sh <root>: makes the image's file system at <root>, where the agent's own files are already: the programs that
# its processes run, the libraries that those load, and what Debian says about the packages they are of.
set -eu
root=$1

# setpriv and test start dataplanes (`roles/dataplane-command.ts`); iptables is for nodes without nftables.
programs='/usr/local/bin/node /usr/bin/setpriv /usr/bin/test /usr/sbin/xtables-nft-multi /usr/sbin/xtables-legacy-multi'

# Debian has /bin, /lib and /sbin below /usr, and so has the image; packages name their files the old way or the new.
below_usr() { case $1 in /usr/*) echo "$1" ;; *) echo "/usr$1" ;; esac; }
package_of() { { dpkg --search "$1" || dpkg --search "${1#/usr}"; } 2>/dev/null | cut -d: -f1; }
libraries_of() { ldd "$1" | grep -o '/[^ ]*' | grep -v "^$1:"; }

packages=$(mktemp)
put() {
  at=$root$(below_usr "$1")
  [ ! -e "$at" ] || return 0
  mkdir -p "${at%/*}"
  # What a link leads to, by the name that it is loaded by.
  cp --dereference --preserve=mode "$1" "$at"
  case $1 in /usr/local/*) ;; *) package_of "$(below_usr "$1")" >>"$packages" ;; esac
}

mkdir -p "$root/usr/bin" "$root/usr/sbin" "$root/usr/lib"
for program in $programs; do put "$program"; done
# Extensions of iptables, which it loads by name.
for file in /usr/lib/*/xtables/*.so; do put "$file"; done
# For scanners, which look a package's advisories up by release.
put /usr/lib/os-release

# Of koffi: neither its sources, nor what is for another C library.
rm -rf "$root"/opt/eastwall/node_modules/@koromix/*/musl_* \
  "$root"/opt/eastwall/node_modules/koffi/vendor "$root"/opt/eastwall/node_modules/koffi/doc
find "$root"/opt/eastwall/node_modules/koffi/src -type f ! -name '*.js' ! -name '*.cjs' -delete
for file in $programs /usr/lib/*/xtables/*.so "$root"/opt/eastwall/node_modules/@koromix/*/*/koffi.node; do
  for library in $(libraries_of "$file"); do put "$library"; done
done

for name in bin sbin lib lib64; do
  [ ! -d "$root/usr/$name" ] || ln -s "usr/$name" "$root/$name"
done
for name in iptables ip6tables; do
  for variant in nft legacy; do
    for verb in restore save; do
      ln -s "xtables-$variant-multi" "$root/usr/sbin/$name-$variant-$verb"
    done
  done
done

# There is no `env` to find Node with.
sed -i '1s|.*|#!/usr/local/bin/node|' "$root/opt/eastwall/agent/bin/eastwall.js"
ln -s /opt/eastwall/agent/bin/eastwall.js "$root/usr/local/bin/eastwall"

# What runtimes mount over, which a read-only root has to have.
mkdir -p "$root/etc" "$root/proc" "$root/sys" "$root/dev" "$root/run/netns" "$root/run/eastwall" "$root/var/lib/dpkg/status.d"
ln -s /run "$root/var/run"
ln -s ../usr/lib/os-release "$root/etc/os-release"
echo 'hosts: files dns' >"$root/etc/nsswitch.conf"
printf 'root:x:0:0:root:/root:/sbin/nologin\nnobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin\n' >"$root/etc/passwd"
printf 'root:x:0:\nnogroup:x:65534:\n' >"$root/etc/group"

# Where scanners look for packages of an image that has no dpkg, and the licences that go with the files.
sort -u "$packages" | while read -r package; do
  dpkg-query --status "$package" >"$root/var/lib/dpkg/status.d/$package"
  mkdir -p "$root/usr/share/doc/$package"
  cp --dereference "/usr/share/doc/$package/copyright" "$root/usr/share/doc/$package/"
done

# Dataplanes read it as nobody; packages mark files as programs that are none.
find "$root/opt" -type f ! -name eastwall.js -exec chmod a-x {} +
chmod -R a+rX,go-w "$root"
