# tar with each compressor, there and back, and their formats read by each other's tools.
# packages: tar xz-utils zstd gzip bzip2
# seconds: 60
set -e
mkdir -p /tmp/a/deep/er && cd /tmp
seq 1 60000 > a/numbers
head -c 300000 /bin/sh > a/noise || true
awk 'BEGIN { for (i = 0; i < 20000; i++) print i % 97, (i * i) % 1009 }' > a/deep/table
ln -s numbers a/link && chmod 640 a/deep/table && : > a/deep/er/empty
tree() { (cd "$1" && rm -f noise && find . -printf '%y %m %p %l\n' | sort && cat numbers deep/table | md5sum); }
tree a
for how in gzip bzip2 xz zstd; do
    tar --mtime=@0 --owner=0 --group=0 --sort=name -I "$how" -cf "a.$how" a
    mkdir "out.$how" && tar -I "$how" -xf "a.$how" -C "out.$how"
    tree "out.$how/a" | md5sum
    "$how" -t "a.$how" && "$how" -dc "a.$how" | md5sum
done
xz -T2 -6 -k --block-size=100000 a/numbers && xz --robot -l a/numbers.xz | tail -n 1 | cut -f 2-6
zstd -q -19 -T2 a/numbers && zstd -dc a/numbers.zst | md5sum
gzip -9 < a/numbers | wc -c
gzip -n < a/deep/table | md5sum
zstd -q -b1 -i1 a/numbers 2> /dev/null > /dev/null && echo measured
printf broken > broken.xz; xz -t broken.xz 2>&1 || echo "status $?"
