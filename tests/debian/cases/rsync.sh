# rsync locally, through a remote shell, deltas, deletions and hard links.
# packages: rsync
# seconds: 60
set -e
mkdir -p /tmp/from/sub && cd /tmp
seq 1 100000 > from/numbers
head -c 200000 /bin/sh > from/sub/noise
ln from/numbers from/hard; ln -s numbers from/soft; chmod 751 from/sub
touch -d '2020-02-02 02:02:02.123456789' from/numbers
list() { (cd "$1" && find . ! -name noise -printf '%y %m %n %s %T@ %p\n' | grep -v ' \.$' | sed 's/^\(d.*\) [0-9]* [0-9.]* /\1 /' | sort); }
touch -d '2021-01-01' from/sub/noise from/sub
touch -h -d '2021-01-01' from/soft
touch -d '2021-01-01' from
rsync -aH from/ to/
list to
sed -i '500s/.*/changed/' to/numbers
echo surplus > to/surplus
touch to
rsync -aHc --delete --no-whole-file --inplace -i from/ to/ | sort
rsync -aHc --delete -n -i from/ to/ | sort
# What goes through a remote shell goes through these pipes.
printf '#!/bin/sh\nshift; exec "$@"\n' > shell && chmod 755 shell
rsync -az -e ./shell --checksum-choice=md5 there:/tmp/from/ three/
cmp three/numbers from/numbers && cmp three/sub/noise from/sub/noise && echo same
echo more >> three/sub/added
rsync -rz -e ./shell --zc=zlibx --exclude 'n*' --stats three/ there:/tmp/from/ |
    grep -E '^Number of (created|regular) files'
ls from/sub
rsync missing there 2>&1 | sed 's/ *\[.*//; s/(code.*//' || true
