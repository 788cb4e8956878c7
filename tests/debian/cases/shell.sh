# Pipes, background jobs, traps and text tools of the base system.
set -e
cd /tmp
seq 1 2000 | awk '{ s += $1 * $1 } END { print s }'
seq 1 5000 | sort -r | sort -n | md5sum
find /usr/bin -name 'chown' -o -name 'chgrp' | sort
printf '%s\n' one two three | sed -n '2{s/w/W/;p}' | grep -c W
bash -c 'trap "echo trapped" USR1; kill -USR1 $$; (exit 7) & wait $!; echo $?; echo $((2**40)) ${#PATH}'
for i in 1 2 3; do echo "$i" > "file$i"; done
ls file* | xargs -n 1 -P 2 cat | sort
tar -cf - file1 file2 | tar -tf -
diff file1 file2 || echo differ
dd if=/dev/zero bs=1k count=100 2> /dev/null | cksum
env -u HOME sh -c 'echo ${HOME-none}'
sleep 0.1 && echo slept
