#!/bin/sh
# Fetches the GCC tests that tests/torture runs: the testsuite directories of Debian's
# gcc-12-source, unpacked into target/torture/testsuite.  Run again at will.
#
#   tests/torture/fetch.sh
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
out=$root/target/torture
# Another version of this script may want other directories.
complete=$out/testsuite/.complete-$(cksum < "$0" | cut -d' ' -f1)
[ ! -e "$complete" ] || exit 0
mkdir -p "$out/package"
cd "$out/package"
# A stale index names a package that is gone.
if [ -z "$(find . -name 'gcc-12-source_*.deb' -print -quit)" ]; then
    apt-get download -qq gcc-12-source || {
        sudo=
        [ "$(id -u)" = 0 ] || sudo=sudo
        $sudo apt-get update -qq || true
        apt-get download -qq gcc-12-source
    }
fi
rm -rf "$out/testsuite"
mkdir "$out/testsuite"
dpkg-deb --fsys-tarfile gcc-12-source_*.deb |
    tar -xO --wildcards './usr/src/gcc-12/gcc-*.tar.xz' | xz -dc |
    tar -x -C "$out/testsuite" --strip-components=3 --wildcards \
        '*/gcc/testsuite/gcc.c-torture/execute' \
        '*/gcc/testsuite/gcc.dg/*.h' \
        '*/gcc/testsuite/gcc.dg/torture' \
        '*/gcc/testsuite/gcc.target/aarch64/advsimd-intrinsics' \
        '*/gcc/testsuite/gcc.target/aarch64/simd/*.x' \
        '*/gcc/testsuite/gcc.target/arm/simd' \
        '*/gcc/testsuite/gcc.target/mips'
touch "$complete"
