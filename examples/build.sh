#!/bin/sh
# Rebuilds the example programs in examples/prebuilt.  The results are committed,
# so that the examples run without cross compilers; this needs them (see
# tests/tools/setup.sh).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
flags="-Os -std=gnu11 -Wall -Wextra -ffreestanding -fno-builtin -nostdlib -static
    -fno-asynchronous-unwind-tables -fno-unwind-tables -fno-stack-protector -fno-tree-loop-distribute-patterns
    -fno-pic -no-pie -Wl,--build-id=none -Wl,-z,noexecstack -s"

for config in armhf thumb mipsel mips; do
    case $config in
    armhf)  cc="arm-linux-gnueabihf-gcc -marm" ;;
    thumb)  cc="arm-linux-gnueabihf-gcc -mthumb" ;;
    mipsel) cc="mipsel-linux-gnu-gcc -mno-abicalls -G0" ;;
    mips)   cc="mips-linux-gnu-gcc -mno-abicalls -G0" ;;
    esac
    mkdir -p "$here/prebuilt/$config"
    for name in hello sha256 queens count; do
        # shellcheck disable=SC2086
        $cc $flags -o "$here/prebuilt/$config/$name" "$here/src/$name.c" "$here/src/mini.c" -lgcc
    done
done
"$here/bare-arm/build.sh"
"$here/bare-mips/build.sh"
