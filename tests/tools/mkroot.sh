#!/bin/bash
# Unpacks Debian packages of another architecture, with what they depend on, into
# a directory: without root rights, without running anything of them, and without
# touching this machine's own package state.  The directory serves as the guest's
# root for `demotic -L`; with -b also as one that can be entered with chroot, where
# the guest's own apt and dpkg go on from there.
#
#   tests/tools/mkroot.sh [-b] [-p] [-s SUITE] ARCH DEST PACKAGE...
#
#   -b        a base system besides the packages: all that Debian calls essential,
#             apt, this machine's apt sources, and the database of dpkg
#   -p        only the last point release, without the updates since, which not all
#             architectures get: then all have the same versions
#   -s SUITE  instead of the suite of this machine's apt sources
#
# What DEST already has is kept.  Where to fetch from is taken from this machine's
# own apt sources.  Indexes and packages are kept in tests/.cache/apt-ARCH and used
# again.
set -eu
usage() { sed -n '/^#   tests/s/^# */usage: /p' "$0" >&2; exit 2; }
base="" point="" suite=""
while getopts bps: option; do
    case $option in
    b) base=yes ;;
    p) point=yes ;;
    s) suite=$OPTARG ;;
    *) usage ;;
    esac
done
shift $((OPTIND - 1))
[ $# -ge 3 ] || { [ $# = 2 ] && [ "$base" ]; } || usage
arch=$1 dest=$2
shift 2
root=$(cd "$(dirname "$0")/../.." && pwd)
apt=$root/tests/.cache/apt-$arch${suite:+-$suite}${point:+-point}
mkdir -p "$apt/sources" "$apt/lists/partial" "$apt/cache/archives/partial" "$dest/usr"
dest=$(cd "$dest" && pwd)

# Only Debian's own entries, and without their restriction to this machine's architecture.
for f in /etc/apt/sources.list.d/*.sources; do
    [ -e "$f" ] || continue
    awk 'BEGIN { RS = ""; ORS = "\n\n" } /URIs:[^\n]*debian/' "$f" |
        sed '/^Architectures:/d' > "$apt/sources/$(basename "$f")"
done
for f in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [ -e "$f" ] || continue
    { grep '^deb .*debian' "$f" || true; } |
        sed -E 's/ ?arch=[^] ]*//; s/^deb \[ *\]/deb/' > "$apt/sources/$(basename "$f" .list).list"
done
if [ "$point" ]; then
    for f in "$apt"/sources/*; do
        case $f in
        *.list) sed -i -E '/ [a-z]+-(security|updates|backports)[ /]/d' "$f" ;;
        *) awk 'BEGIN { RS = ""; ORS = "\n\n" } {
               gsub(/ [a-z]+-(security|updates|backports)[^ \n]*/, "")
               if (/Suites: *[^ \n]/) print
           }' "$f" > "$f.new" && mv "$f.new" "$f" ;;
        esac
    done
fi
find "$apt/sources" -size 0 -delete
if [ "$suite" ]; then
    ours=$(. /etc/os-release; echo "${VERSION_CODENAME:-stable}")
    sed -i -E "s/(^|[ /])$ours(-|[ /]|\$)/\\1$suite\\2/g" "$apt"/sources/*
fi

: > "$apt/status"
cat > "$apt/apt.conf" <<CONF
APT::Architecture "$arch";
APT::Architectures { "$arch"; };
APT::Install-Recommends "false";
APT::Keep-Downloaded-Packages "true";
Binary::apt-get::APT::Keep-Downloaded-Packages "true";
APT::Sandbox::User "$(id -un)";
Acquire::Languages "none";
Debug::NoLocking "true";
Dir::State::status "$apt/status";
Dir::State::lists "$apt/lists";
Dir::Cache "$apt/cache";
Dir::Log "$apt";
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "$apt/sources";
Dir::Etc::preferencesparts "/dev/null";
Dir::Etc::parts "/dev/null";
Dir::Etc::main "/dev/null";
CONF
# How the host reaches the network (proxies and the like) holds here as well; its
# other settings, such as hooks after an update, do not.
apt-config dump | grep '^Acquire::[hf]t' >> "$apt/apt.conf" || true
run() { APT_CONFIG=$apt/apt.conf apt-get -qq "$@"; }
available() { APT_CONFIG=$apt/apt.conf apt-cache dumpavail; }

# An index is good for a day.  One suite may be missing for an architecture; that
# shows below if it matters.
if [ -z "$(find "$apt/updated" -mmin -1440 2> /dev/null)" ]; then
    if ! run update > "$apt/update.log" 2>&1; then
        echo "mkroot: some package indexes could not be fetched, see $apt/update.log" >&2
    fi
    touch "$apt/updated"
fi
if [ "$base" ]; then
    mapfile -t essential < <(available | awk '/^Package:/ { p = $2 } /^Essential: yes/ { print p }' | sort -u)
    set -- "${essential[@]}" apt netbase ca-certificates "$@"
fi
if ! run --yes --download-only install "$@" > "$apt/install.log" 2>&1; then
    rm -f "$apt/updated"    # the index may be outdated: ask again next time
    tail -5 "$apt/install.log" >&2
    exit 1
fi

# merged /usr, as Debian has it; laid down before the first file
for d in bin sbin lib; do
    mkdir -p "$dest/usr/$d"
    [ -e "$dest/$d" ] || ln -s "usr/$d" "$dest/$d"
done

# dpkg's record of an unpacked package, as if it had been configured.
info=$dest/var/lib/dpkg/info
record() { # FILE
    local name multi stem
    name=$(dpkg-deb -f "$1" Package)
    multi=$(dpkg-deb -f "$1" Multi-Arch)
    stem=$info/$name
    [ "$multi" = same ] && stem=$stem:$arch
    [ ! -e "$stem.list" ] || return 0
    dpkg-deb --fsys-tarfile "$1" | tar -t | sed 's#^\./#/#; s#/$##; s#^$#/.#' > "$stem.list"
    local control
    control=$(mktemp -d)
    dpkg-deb -e "$1" "$control"
    local file
    for file in "$control"/*; do
        [ "${file##*/}" = control ] || cp "$file" "$stem.${file##*/}"
    done
    {
        sed '/^Package:/a Status: install ok installed' "$control/control"
        if [ -s "$control/conffiles" ]; then
            echo "Conffiles:"
            while read -r file; do
                [ ! -e "$dest$file" ] || echo " $file $(md5sum < "$dest$file" | cut -d' ' -f1)"
            done < <(grep '^/' "$control/conffiles")
        fi
        echo
    } >> "$dest/var/lib/dpkg/status"
    rm -r "$control"
}

if [ "$base" ]; then
    mkdir -p "$info" "$dest/var/lib/dpkg/updates" "$dest/var/lib/dpkg/triggers"
    touch "$dest/var/lib/dpkg/status" "$dest/var/lib/dpkg/available"
    echo 1 > "$info/format"
    owner=$([ "$(id -u)" = 0 ] && echo --same-owner || echo --no-same-owner)
    leave=(--exclude='./dev/*')
else
    owner=--no-same-owner
    leave=(--exclude='./dev/*' --exclude='./usr/share/doc/*')
fi

# Which files those are: the same question as a simulation.
for name in $(run --simulate install "$@" | sed -n 's/^Inst \([^ :]*\)[^(]*(\([^ ]*\) .*/\1_\2/p'); do
    deb=$apt/cache/archives/${name//:/%3a}_
    for f in "$deb$arch.deb" "${deb}all.deb"; do
        [ -e "$f" ] && deb=$f
    done
    [ -e "$deb" ] || { echo "mkroot: $deb was not downloaded" >&2; exit 1; }
    dpkg-deb --fsys-tarfile "$deb" |
        tar -x -C "$dest" --keep-directory-symlink "$owner" "${leave[@]}"
    [ -z "$base" ] || record "$deb"
done

# What the packages' scripts would do, as far as programs depend on it.
mkdir -p "$dest"/{dev,etc/alternatives,proc,root,run,sys,tmp}
[ ! -O "$dest/tmp" ] || chmod 1777 "$dest/tmp"
# FILE, then commands that print what it is to hold: the first that succeeds counts
default() {
    local file=$dest$1
    shift
    [ ! -e "$file" ] || return 0
    for command; do
        if eval "$command" > "$file" 2> /dev/null; then return 0; fi
    done
}
default /etc/passwd 'cat "$dest/usr/share/base-passwd/passwd.master"' 'echo root:x:0:0:root:/root:/bin/sh'
default /etc/group 'cat "$dest/usr/share/base-passwd/group.master"' 'echo root:x:0:'
default /etc/hosts 'echo 127.0.0.1 localhost'
default /etc/nsswitch.conf 'cat "$dest/usr/share/libc-bin/nsswitch.conf"' 'echo hosts: files dns'
# The names that are chosen among alternatives, and what they may stand for, best first.
while read -r link candidates; do
    [ ! -e "$dest$link" ] && [ ! -L "$dest$link" ] || continue
    for pattern in $candidates; do
        for file in "$dest"$pattern; do
            if [ -e "$file" ] || [ -L "$file" ]; then
                ln -s "${file##*/}" "$dest$link" 2> /dev/null || true
                continue 3
            fi
        done
    done
done <<'ALTERNATIVES'
/usr/bin/awk /usr/bin/gawk /usr/bin/mawk
/usr/bin/c++ /usr/bin/g++
/usr/bin/cc /usr/bin/gcc
/usr/bin/lua /usr/bin/lua5.[0-9]
/usr/bin/nc /usr/bin/nc.*
/usr/bin/node /usr/bin/nodejs
/usr/bin/pager /usr/bin/less /usr/bin/more
/usr/bin/php /usr/bin/php[0-9]*
/usr/bin/vi /usr/bin/vim.*
/usr/bin/vim /usr/bin/vim.*
/usr/bin/which /usr/bin/which.debianutils
ALTERNATIVES
for java in "$dest"/usr/lib/jvm/java-*-openjdk-"$arch"; do
    [ -e "$java/bin/java" ] || continue
    for program in "$java"/bin/*; do
        link=$dest/usr/bin/${program##*/}
        [ -e "$link" ] || ln -s "../lib/jvm/${java##*/}/bin/${program##*/}" "$link"
    done
    # The list of virtual machines is made from one of these when the package is configured.
    version=${java##*/java-} version=${version%%-*}
    etc=$dest/etc/java-$version-openjdk
    [ ! -d "$etc" ] || [ -e "$etc/jvm-$arch.cfg" ] || [ ! -e "$java/lib/jvm.cfg-default" ] ||
        cp "$java/lib/jvm.cfg-default" "$etc/jvm-$arch.cfg"
done

# Absolute links lead out of the directory when it is not entered: make them relative.
find "$dest" -xdev -type l -lname '/*' ! -lname '/proc/*' ! -lname '/dev/*' ! -lname '/sys/*' -print0 |
    while IFS= read -r -d '' link; do
        target=$(realpath -sm --relative-to="$(dirname "$link")" "$dest$(readlink "$link")")
        ln -sfn "$target" "$link"
    done

if [ "$base" ]; then
    mkdir -p "$dest"/etc/apt/{apt.conf.d,sources.list.d,trusted.gpg.d}
    cp "$apt"/sources/* "$dest/etc/apt/sources.list.d/"
    # Keys that the sources name, and how this machine reaches the network.
    cat "$apt"/sources/* | grep -oE '/[^] ]*\.(gpg|asc|pgp)' | sort -u | while read -r key; do
        [ -e "$dest$key" ] || install -D -m 644 "$key" "$dest$key"
    done
    grep '^Acquire::[hf]t' "$apt/apt.conf" > "$dest/etc/apt/apt.conf.d/90host" || true
    [ -e "$dest/etc/resolv.conf" ] || : > "$dest/etc/resolv.conf"
fi
