#!/bin/bash
# Runs stress-ng's stressors natively and as a guest's program, and compares what it says.
#
#   tests/stress/run.sh ARCH [STRESSOR...]
#
# ARCH is Debian's name of the guest's architecture (armhf, armel, mipsel).  Without
# STRESSORs all are run, but for those that are for a certain device or known to hang machines,
# one after the other, each for five seconds or fewer.  That is half an hour or more.  The table is printed and kept in target/stress/ARCH.txt, with the results of
# earlier runs of other STRESSORs, and what stress-ng said of each in target/stress/ARCH/.  Stressors that do not pass are listed with reasons
# in tests/stress/known.txt; the list is strict.
#
# stress-ng does what it can to hurt its host.  It runs here as a user without rights, who
# is root in namespaces of its own (users, processes, mounts, network, System V objects and
# host name), in a file system of its own, without core files, with limits on processes and time.
#
# DEMOTIC names the program, and must be readable by anyone; STRESS_ROOT a root directory
# that has stress-ng (tests/tools/mkroot.sh makes tests/.cache/stress-ARCH).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
project=$(cd "$here/../.." && pwd)
fail() { echo "run.sh: $*" >&2; exit 2; }
[ $# -ge 1 ] || fail "usage: $0 ARCH [STRESSOR...]"
[ "$(id -u)" = 0 ] || fail "only root can become another user"
arch=$1
shift
: "${DEMOTIC:=$project/target/release/demotic}" "${STRESS_ROOT:=$project/tests/.cache/stress-$arch}"
[ -x "$DEMOTIC" ] || fail "$DEMOTIC is not there; cargo build --release makes it"
[ -e "$STRESS_ROOT/usr/bin/stress-ng" ] || "$project/tests/tools/mkroot.sh" "$arch" "$STRESS_ROOT" stress-ng
guest=("$DEMOTIC" -L "$STRESS_ROOT" "$STRESS_ROOT/usr/bin/stress-ng")
native=(stress-ng)
command -v stress-ng > /dev/null || fail "stress-ng is not installed"

version() { "$@" --version | sed 's/^\([^(]*\).*/\1/'; }
[ "$(version "${native[@]}")" = "$(version "${guest[@]}")" ] ||
    fail "natively it is $(version "${native[@]}"), for the guest $(version "${guest[@]}")"

# Nobody's number, which owns no file.
nobody=65534
scratch=$(mktemp -d /tmp/demotic-stress-XXXXXX)
trap 'umount "$scratch"; rm -r "$scratch" "$scratch.image"' EXIT
# Stressors fill the file system that they find, and may break it: then there is a new one.
writable() { touch "$scratch/writable" 2> /dev/null; }
new_file_system() {
    ! mountpoint -q "$scratch" || umount "$scratch"
    rm -f "$scratch.image"
    truncate --size=3G "$scratch.image"
    mkfs.ext4 -q "$scratch.image"
    mount -o loop,nodev,nosuid "$scratch.image" "$scratch"
}
new_file_system
logs=$project/target/stress/$arch
mkdir -p "$logs"

# How a program ends that is confined.  A stressor that is still there after its time counts as one that hangs.
SECONDS_TO_STRESS=5 SECONDS_TO_END=60
confined() { # DIRECTORY COMMAND...
    rm -rf "$1"
    mkdir "$1"
    chown $nobody:$nobody "$scratch" "$1"
    local directory=$1
    shift
    setpriv --reuid=$nobody --regid=$nobody --clear-groups --no-new-privs \
        unshare --user --map-root-user --pid --fork --kill-child --mount-proc --mount --net --ipc --uts \
        bash -c 'ulimit -c 0; ulimit -u 3000; cd "$1" || exit; shift; exec "$@"' bash "$directory" \
        timeout --kill-after=2 $SECONDS_TO_END "$@" < /dev/null
}

# The number of steps after which a stressor may end early.
OPERATIONS=200
verdict() { # DIRECTORY LOG STRESSOR COMMAND...
    local directory=$1 log=$2 stressor=$3 status=0
    shift 3
    writable || new_file_system
    confined "$directory" "$@" --"$stressor" 1 --"$stressor"-ops $OPERATIONS --verify --no-rand-seed --oom-avoid \
        --timeout "${SECONDS_TO_STRESS}s" --temp-path "$directory" > "$log" 2>&1 || status=$?
    case $status in
    0) if grep -qE "skipping (the )?stressor|skipped:|is not implemented" "$log"; then echo skipped; else echo passes; fi ;;
    3 | 4) echo skipped ;;
    1) if grep -q "No stress workers invoked" "$log"; then echo skipped; else echo fails; fi ;;
    124 | 137) echo hangs ;;
    *) echo "fails" ;;
    esac
    echo "status $status" >> "$log"
}

classes="cpu cpu-cache memory vm scheduler interrupt pipe network filesystem io os"
if [ $# = 0 ]; then
    mapfile -t stressors < <(for class in $classes; do
        stress-ng --class $class? 2>&1 | sed 's/^class .* stressors: //; s/ /\n/g'
    done | sort -u)
    set -- "${stressors[@]}"
fi

unexpected=0
for stressor; do
    natively=$(verdict "$scratch/native" "$logs/$stressor.native" "$stressor" "${native[@]}")
    here_=$natively
    [ "$natively" = skipped ] || here_=$(verdict "$scratch/guest" "$logs/$stressor.guest" "$stressor" "${guest[@]}")
    known=$(awk -v s="$stressor" -v a="$arch" '$1 == s && ($2 == a || $2 == "*")' "$here/known.txt")
    case $natively/$here_ in
    passes/passes) result="passes both" bad=no; [ -z "$known" ] || bad="but it is listed" ;;
    skipped/*) result="skipped natively" bad=no ;;
    passes/*) result="FAILS HERE ($here_)" bad=${known:+no} ;;
    *) result="$natively natively ($here_ here)" bad=no ;;
    esac
    case $bad in
    no) ;;
    *) unexpected=$((unexpected + 1)) result="$result: ${bad:-not listed}" ;;
    esac
    printf '%-16s %s\n' "$stressor" "$result" | tee "$logs/$stressor.result"
done
echo
table=$project/target/stress/$arch.txt
cat "$logs"/*.result > "$table"
awk '{ $1 = ""; count[$0]++ } END { for (result in count) printf "%4d%s\n", count[result], result }' "$table" | sort -k2
[ $unexpected = 0 ]
