#!/bin/bash
# Checks the guest programs themselves: under qemu-user each must print what it
# prints natively and end with the same status, or be listed in
# tests/guest/expected-differences.txt.  Assembly programs must print PASS lines only.
#
#   tests/tools/check-guests-qemu.sh OUTDIR [CONFIG...]
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
[ $# -ge 1 ] || { echo "usage: $0 OUTDIR [CONFIG...]" >&2; exit 2; }
"$root/tests/guest/build.sh" "$1"
out=$(cd "$1" && pwd)
shift
[ $# -gt 0 ] || set -- armel armhf-a32 armhf-t32 mipsel mips mips16
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
ulimit -c 0

# run FILE [EMULATOR]: output on stdout, the exit status as last line.  The
# environment, the directory and the input are always the same.
run() {
    local exe=$1 args=("${@:2}" "$1")
    if [ -e "$root/tests/guest/linux/$(basename "$exe").args" ]; then
        mapfile -t -O "${#args[@]}" args < "$root/tests/guest/linux/$(basename "$exe").args"
    fi
    rm -rf "$work/cwd" && mkdir "$work/cwd"
    local status=0
    (cd "$work/cwd" && exec env -i PATH=/usr/bin:/bin HOME=/ DEMOTIC_TEST=1 \
        timeout 60 "${args[@]}" < /dev/null 2> /dev/null) || status=$?
    echo "status $status"
}

failed=0 total=0 excused=0
for config; do
    case $config in
    arm*)   emu=qemu-arm ;;
    mipsel) emu=qemu-mipsel ;;
    mips)   emu=qemu-mips ;;
    mips16) emu=qemu-mipsel ;;  # no processor of qemu has microMIPS of release 2 and an FPU
    *)      echo "unknown configuration: $config" >&2; exit 2 ;;
    esac
    for exe in "$out/$config"/*; do
        name=$(basename "$exe")
        total=$((total + 1))
        run "$exe" "$emu" > "$work/got" 2> /dev/null
        case $name in
        asm-*)
            if grep -qv -e '^PASS' -e '^status 0$' "$work/got" || ! grep -q '^status 0$' "$work/got"; then
                echo "FAIL $config $name"; cat "$work/got"; failed=$((failed + 1))
            fi
            continue ;;
        esac
        if [ ! -e "$work/native-$name" ]; then
            run "$out/native/$name" > "$work/native-$name" 2> /dev/null
        fi
        if ! cmp -s "$work/native-$name" "$work/got"; then
            if grep -Eq "^$name +([*]|$config) +qemu " "$root/tests/guest/expected-differences.txt"; then
                excused=$((excused + 1))
                continue
            fi
            echo "FAIL $config $name"
            diff "$work/native-$name" "$work/got" | head -10 || true
            failed=$((failed + 1))
        fi
    done
done
echo "$total programs, $failed failed, $excused excused by expected-differences.txt"
[ "$failed" = 0 ]
