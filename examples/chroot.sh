#!/bin/sh
# Enters the root directory of a system for ARM or MIPS, such as Debian's, and runs a
# command in it, a shell by default.  docs/chroot.md tells more.
#
#   examples/chroot.sh ROOT [COMMAND [ARGUMENTS...]]
#
# All of it happens in a mount and user namespace of its own, which has its own
# binfmt_misc (Linux 6.7 or newer): nothing is registered, mounted or installed on
# this machine, and ROOT need not contain Demotic.  DEMOTIC names the program, which
# must be linked statically: `cargo static` makes it.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
: "${DEMOTIC:=$here/target/release/demotic}"
fail() { echo "chroot.sh: $*" >&2; exit 1; }

# As root, all users of this machine are those of the guest.  Another user needs the
# programs newuidmap and newgidmap, and a range of users in /etc/subuid; without, the
# guest has only one user, which is enough to look around, but not for apt.
enter() {
    [ -x "$DEMOTIC" ] || fail "$DEMOTIC is not there; cargo static makes it"
    ! ldd "$DEMOTIC" 2> /dev/null | grep -q '=>' || fail "$DEMOTIC needs shared libraries; cargo static makes one that does not"
    [ $# -ge 1 ] || fail "usage: $0 ROOT [COMMAND [ARGUMENTS...]]"
    [ -d "$1/usr" ] || fail "$1 is not a root directory"
    export DEMOTIC
    if [ "$(id -u)" = 0 ]; then
        process=$$ mine=$(readlink /proc/$$/ns/user)
        (
            until [ "$(readlink "/proc/$process/ns/user")" != "$mine" ]; do sleep 0.01; done
            awk '{ print $1, $1, $3 }' /proc/self/uid_map > "/proc/$process/uid_map"
            awk '{ print $1, $1, $3 }' /proc/self/gid_map > "/proc/$process/gid_map"
        ) &
        exec unshare --user --mount "$0" --wait "$@"
    elif command -v newuidmap > /dev/null && grep -q "^$(id -un):" /etc/subuid; then
        exec unshare --map-root-user --map-auto --mount "$0" --inside "$@"
    else
        exec unshare --map-root-user --mount "$0" --inside "$@"
    fi
}

# In the namespace: the kernel learns to run the guest's programs, and the guest
# gets this machine's /proc, /sys and /dev.
inside() {
    root=$(cd "$1" && pwd)
    shift
    [ $# -gt 0 ] || set -- /bin/sh -i
    mount --make-rprivate /
    mount --rbind "$root" "$root"
    cd "$root"
    # debootstrap leaves a link to itself there when it runs in a container.
    if [ -L proc ]; then rm proc && mkdir proc; fi
    mount --rbind /proc proc
    mount --rbind /sys sys
    mount --rbind /dev dev
    # How names of other machines are found is this machine's as well.
    for file in etc/hosts etc/resolv.conf; do
        if [ -f "/$file" ] && [ -f "$file" ]; then mount --bind "/$file" "$file"; fi
    done
    mount -t binfmt_misc binfmt_misc proc/sys/fs/binfmt_misc ||
        fail "this kernel has no binfmt_misc for namespaces (Linux 6.7 has)"
    "$DEMOTIC" binfmt install --mount "$root/proc/sys/fs/binfmt_misc"
    exec env -i ${http_proxy:+"http_proxy=$http_proxy"} ${https_proxy:+"https_proxy=$https_proxy"} \
        TERM="${TERM:-dumb}" HOME=/root LANG=C.UTF-8 \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        chroot "$root" "$@"
}

case ${1-} in
--wait)
    shift
    until grep -q . /proc/self/gid_map; do sleep 0.01; done
    # A program that is executed by the namespace's root has all rights in it.
    exec "$0" --inside "$@"
    ;;
--inside)
    shift
    inside "$@"
    ;;
*)
    enter "$@"
    ;;
esac
