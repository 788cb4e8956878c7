#!/bin/sh
# Builds the guest test programs: OUTDIR/CONFIG/NAME for every linux/NAME.c, and
# OUTDIR/CONFIG/asm-NAME for the assembly programs.  Only what is out of date is
# built, and only errors are printed.
#
#   tests/guest/build.sh OUTDIR [CONFIG...]
set -eu
[ $# -ge 1 ] || { echo "usage: $0 OUTDIR [CONFIG...]" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
out=$(cd "$1" && pwd)
shift
[ $# -gt 0 ] || set -- native armel armhf-a32 armhf-t32 mipsel mips mips16 micromips

# Contraction to fused operations would make floats differ between machines;
# the programs provoke things that gcc warns about, hence -w.
cflags="-O2 -static -std=gnu11 -D_GNU_SOURCE -ffp-contract=off -fno-strict-aliasing -w -pthread"

# Assembly programs have no libc.  Deprecated instructions (SWP) are used on purpose.
asflags="-nostdlib -static -Wl,--build-id=none -I$here/asm"

compiler() {
    case $1 in
    native)    echo "gcc" ;;
    armel)     echo "arm-linux-gnueabi-gcc" ;;
    armhf-a32) echo "arm-linux-gnueabihf-gcc -marm" ;;  # the libc inside stays Thumb-2
    armhf-t32) echo "arm-linux-gnueabihf-gcc -mthumb" ;;
    mipsel)    echo "mipsel-linux-gnu-gcc" ;;
    mips)      echo "mips-linux-gnu-gcc" ;;
    mips16)    echo "mipsel-linux-gnu-gcc -mips16" ;;   # the libc inside stays MIPS32
    micromips) echo "mipsel-linux-gnu-gcc -mmicromips" ;;
    *)         echo "unknown configuration: $1" >&2; exit 2 ;;
    esac
}

# Newer than the target: the source, the shared headers, or this script.
stale() {
    [ ! -e "$1" ] || [ -n "$(find "$2" "$here"/linux/*.h "$here"/asm/*.h "$here"/asm/*.inc "$here/build.sh" -newer "$1" -print -quit)" ]
}

# Which assembly sources belong to a configuration, by their prefix.
asm_for() {
    case $1 in
    armhf-a32)   echo "$here"/asm/a32-*.S ;;
    armhf-t32)   echo "$here"/asm/t32-*.S ;;
    mipsel|mips) echo "$here"/asm/mips-*.S ;;
    esac
}

asm_flags() {
    case $1 in
    arm*)  echo "-Wa,-mno-warn-deprecated" ;;
    mips*) echo "-fno-pic -mno-abicalls" ;;
    esac
}

for config; do
    cc=$(compiler "$config")
    mkdir -p "$out/$config"
    for src in "$here"/linux/*.c; do
        name=$(basename "$src" .c)
        exe=$out/$config/$name
        if stale "$exe" "$src"; then
            echo "$cc $cflags -o $exe $src -lm"
        fi
    done
    for src in $(asm_for "$config"); do
            exe=$out/$config/asm-$(basename "$src" .S)
        if stale "$exe" "$src"; then
            echo "$cc $asflags $(asm_flags "$config") -o $exe $src"
        fi
    done
done | xargs -P2 -I CMD sh -c CMD
