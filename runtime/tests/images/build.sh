#!/bin/sh
# Rebuilds the images that runtime/tests/bare.rs boots. The results are committed.
set -eu
cd "$(dirname "$0")"
common="-nostdlib -static -Wl,--build-id=none,-z,max-page-size=4096 -s"
# shellcheck disable=SC2086
arm-linux-gnueabihf-gcc $common -Wl,-Ttext=0x40008000 -o arm.elf arm.S
for target in mipsel mips; do
    # shellcheck disable=SC2086
    $target-linux-gnu-gcc $common -mips32r2 -mno-abicalls -fno-pic -G0 \
        -Wl,--section-start=.vec=0x80000000,-Ttext=0x80000400,-Tdata=0x80002000 -o $target.elf mips.S
done
