#!/bin/sh
# Rebuilds bare-mipsel.elf and bare-mips.elf (little- and big-endian; committed,
# so that nobody needs the compilers to run them).
set -eu
cd "$(dirname "$0")"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
flags="-O2 -std=gnu11 -Wall -Wextra -ffreestanding -fno-builtin -march=mips32r2 -msoft-float -mno-abicalls
    -fno-pic -G0 -fno-stack-protector -fno-unwind-tables -fno-asynchronous-unwind-tables
    -fno-tree-loop-distribute-patterns -nostdlib -static -no-pie -Wl,--build-id=none -Wl,-z,noexecstack -Wa,-I$tmp"
for t in mipsel mips; do
    cc=$t-linux-gnu-gcc
    # shellcheck disable=SC2086
    {
        $cc $flags -Wl,-T,user.ld -Wl,-e,user_main -o "$tmp/user.elf" user.c
        $t-linux-gnu-objcopy -O binary "$tmp/user.elf" "$tmp/user.bin"
        $cc $flags -Wl,-T,link.ld -Wl,-z,max-page-size=4096 -s -o "bare-$t.elf" start.S kernel.c
    }
done
