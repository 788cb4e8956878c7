#!/bin/bash
# Unpacks Debian packages of another architecture, with what they depend on, into
# a directory: without root rights, without running anything of them, and without
# touching this machine's own package state.
#
#   tests/tools/mkroot.sh ARCH DEST PACKAGE...
#
# Where to fetch from is taken from this machine's own apt sources.  Indexes and
# packages are kept in tests/.cache/apt-ARCH and used again.
set -eu
[ $# -ge 3 ] || { echo "usage: $0 ARCH DEST PACKAGE..." >&2; exit 2; }
arch=$1 dest=$2
shift 2
root=$(cd "$(dirname "$0")/../.." && pwd)
apt=$root/tests/.cache/apt-$arch
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
find "$apt/sources" -size 0 -delete

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

# An index is good for a day.  One suite may be missing for an architecture; that
# shows below if it matters.
if [ -z "$(find "$apt/updated" -mmin -1440 2> /dev/null)" ]; then
    if ! run update > "$apt/update.log" 2>&1; then
        echo "mkroot: some package indexes could not be fetched, see $apt/update.log" >&2
    fi
    touch "$apt/updated"
fi
if ! run --yes --download-only install "$@" > "$apt/install.log" 2>&1; then
    rm -f "$apt/updated"    # the index may be outdated: ask again next time
    tail -5 "$apt/install.log" >&2
    exit 1
fi
# Which files those are: the same question as a simulation.
for name in $(run --simulate install "$@" | sed -n 's/^Inst \([^ :]*\)[^(]*(\([^ ]*\) .*/\1_\2/p'); do
    deb=$apt/cache/archives/${name//:/%3a}_
    for f in "$deb$arch.deb" "${deb}all.deb"; do
        [ -e "$f" ] && deb=$f
    done
    [ -e "$deb" ] || { echo "mkroot: $deb was not downloaded" >&2; exit 1; }
    # merged /usr, as Debian has it; laid down before the first file
    for d in bin sbin lib; do
        mkdir -p "$dest/usr/$d"
        [ -e "$dest/$d" ] || ln -s "usr/$d" "$dest/$d"
    done
    dpkg-deb --fsys-tarfile "$deb" |
        tar -x -C "$dest" --keep-directory-symlink --no-same-owner --exclude='./usr/share/doc/*' --exclude='./dev/*'
done
