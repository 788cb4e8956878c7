#!/bin/sh
# Makes the images in this directory from their sources.
#
#   runtime/vdso/build.sh
set -eu
cd "$(dirname "$0")"
image() { # OUTPUT SOURCE COMPILER...
    out=$1 source=$2
    shift 2
    "$@" -nostdlib -shared -o "$out" "$source" -Wl,-T,vdso.lds -Wl,--version-script=vdso.map \
        -Wl,-soname=linux-vdso.so.1 -Wl,--hash-style=sysv -Wl,--eh-frame-hdr -Wl,--build-id=none \
        -Wl,-z,noexecstack -Wl,--no-warn-rwx-segments
    "${1%gcc}strip" --strip-all "$out"
    [ "$(stat -c %s "$out")" -le 4096 ] || { echo "$out is larger than a page" >&2; exit 1; }
}
image arm.so arm.S arm-linux-gnueabi-gcc
image mipsel.so mips.S mipsel-linux-gnu-gcc -mips32
image mips.so mips.S mips-linux-gnu-gcc -mips32
