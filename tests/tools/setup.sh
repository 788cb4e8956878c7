#!/bin/sh
# Installs what the tests need: the cross compilers, qemu-user as second opinion,
# and busybox for this machine (the reference) and for the guests.  Run again at
# will: when all is there it only looks.
#
#   tests/tools/setup.sh
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cache=$here/../.cache

want="gcc libc6-dev binutils qemu-user busybox-static"
for t in arm-linux-gnueabihf arm-linux-gnueabi mipsel-linux-gnu mips-linux-gnu; do
    want="$want gcc-$t binutils-$t"
done
for a in armhf armel mipsel mips; do
    want="$want libc6-dev-$a-cross"
done

missing=
for p in $want; do
    # shellcheck disable=SC2016
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2> /dev/null)" = installed ] || missing="$missing $p"
done
if [ -n "$missing" ]; then
    sudo=
    [ "$(id -u)" = 0 ] || sudo=sudo
    $sudo apt-get update -qq || true    # a foreign source may be broken; install tells
    # --no-remove: rather fail than take anything from the machine
    # shellcheck disable=SC2086
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-remove --no-install-recommends $missing
fi

# Debian no longer has big-endian MIPS, so there is no busybox for it.
for arch in armhf armel mipsel; do
    [ -x "$cache/root-$arch/bin/busybox" ] || "$here/mkroot.sh" "$arch" "$cache/root-$arch" busybox-static
done
