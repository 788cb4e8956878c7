#!/bin/sh
# Builds the benchmark kernels: OUTDIR/CONFIG/NAME.  Only what is out of date is
# built, and only errors are printed.
#
#   benches/kernels/build.sh OUTDIR
set -eu
[ $# -eq 1 ] || { echo "usage: $0 OUTDIR" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
out=$(cd "$1" && pwd)

# The same for every configuration.  No vector code: the guests have none to set
# against it.  No replacing of loops by memset, memcpy or strlen: the libraries
# behind those names differ too much.
cflags="-O2 -static -std=gnu11 -Wall -Wextra -fno-tree-vectorize -fno-tree-loop-distribute-patterns"

for config in native armhf thumb mipsel mips; do
    case $config in
    native) cc="gcc" ;;
    armhf)  cc="arm-linux-gnueabihf-gcc -marm" ;;
    thumb)  cc="arm-linux-gnueabihf-gcc -mthumb" ;;
    # Without abicalls the kernels address data and call each other directly, as
    # embedded MIPS code does.  The static libc has abicalls all the same; the
    # linker puts stubs in between, and warns about the mixture (see the end).
    mipsel) cc="mipsel-linux-gnu-gcc -mno-abicalls -fno-pic" ;;
    mips)   cc="mips-linux-gnu-gcc -mno-abicalls -fno-pic" ;;
    esac
    mkdir -p "$out/$config"
    for src in "$here"/*.c; do
        exe=$out/$config/$(basename "$src" .c)
        if [ ! -e "$exe" ] || [ -n "$(find "$src" "$here/kernel.h" "$here/build.sh" -newer "$exe" -print -quit)" ]; then
            echo "$cc $cflags -o $exe $src"
        fi
    done
done > "$log.todo"
status=0
xargs -P2 -I CMD sh -c CMD < "$log.todo" > "$log" 2>&1 || status=$?
rm -f "$log.todo"
grep -v 'warning: linking abicalls files with non-abicalls files' "$log" >&2 || true
exit $status
