# Files, archives, compression, links, permissions, find.
BB=$1
$BB mkdir -p tree/a/b tree/c
$BB seq 1 5000 > tree/a/numbers
$BB seq 1 50 > tree/a/b/few
echo hidden > tree/c/.hidden
$BB ln -s ../a/numbers tree/c/link
$BB ln tree/a/b/few tree/c/hard
$BB chmod 640 tree/a/numbers
$BB touch -d '2020-01-02 03:04:05' tree/a/b/few tree/a/numbers tree/c/.hidden
$BB find tree | $BB sort
$BB find tree -type f -size +1k -name 'num*'
$BB stat -c '%n %s %a %F %h' tree/a/numbers tree/c/hard tree/c/link
$BB readlink tree/c/link
$BB tar cf t.tar tree && $BB tar tf t.tar | $BB sort
$BB gzip -k t.tar && $BB gunzip -c t.tar.gz | $BB cmp - t.tar && echo same
$BB mkdir out && $BB tar xzf t.tar.gz -C out && $BB sha256sum out/tree/a/numbers out/tree/c/hard
$BB bzip2 -k tree/a/numbers && $BB bunzip2 -c tree/a/numbers.bz2 | $BB cmp - tree/a/numbers && echo same
$BB cp -a tree copy && $BB diff -r tree copy && echo 'no difference'
$BB dd if=tree/a/numbers of=piece bs=100 skip=2 count=3 2> /dev/null && $BB wc -c piece
$BB mv piece moved && [ ! -e piece ] && echo moved
$BB rm -r copy && $BB ls
$BB du -b moved 2> /dev/null | $BB cut -f1
$BB head -c 20000 /dev/zero | $BB tr '\0' x | $BB wc -c
$BB date -u -d @1000000000 '+%Y-%m-%d %H:%M:%S'
$BB dirname /a/b/c; $BB basename /a/b/c.txt .txt
