#!/bin/sh
# Rebuilds bare-arm.elf (committed, so that nobody needs the compiler to run it).
set -eu
cd "$(dirname "$0")"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cc=arm-linux-gnueabihf-gcc
# Without an MMU memory is strongly ordered, where unaligned accesses fault.
flags="-O2 -std=gnu11 -Wall -Wextra -ffreestanding -fno-builtin -fno-pic -march=armv7-a -mfloat-abi=soft
    -mno-unaligned-access -fno-stack-protector -fno-unwind-tables -fno-asynchronous-unwind-tables
    -fno-tree-loop-distribute-patterns -fno-delete-null-pointer-checks"
# shellcheck disable=SC2086
{
    $cc $flags -marm -c -o "$tmp/start.o" start.S
    $cc $flags -marm -c -o "$tmp/kernel.o" kernel.c
    $cc $flags -mthumb -c -o "$tmp/user.o" user.c
}
$cc -nostdlib -static -no-pie -Wl,-T,link.ld -Wl,--build-id=none -Wl,-z,noexecstack -Wl,-z,max-page-size=4096 -s \
    -o bare-arm.elf "$tmp/start.o" "$tmp/kernel.o" "$tmp/user.o"
