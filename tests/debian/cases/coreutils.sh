# coreutils, each with an input that is not the usual one.
# packages: coreutils
# seconds: 60
export LC_ALL=C TZ=UTC0
dir=$(mktemp -d); cd "$dir" || exit 1
umask 022

section() { echo "-- $1"; }

section numbers
seq 1 3 10 | tr '\n' ' '; seq -w 8 11 | tr '\n' ' '; seq 0.1 0.3 1.2 | tr '\n' ' '; echo
factor 18446744073709551615 999999000001 97; expr 6 \* 7 + 1; expr abc : 'a\(.\)c'; expr 99999999999 + 1
numfmt --to=iec 1048576 123456789; numfmt --from=si 3M; printf '%d %o %e %s %c\n' 0x7f 8 12345.678 text char
echo 5 + 3 | tr -d ' ' | od -An -c; shuf -i 1-1000 | sort -n | md5sum

section text
seq 1 100000 | sort -R | sort -n | md5sum
seq 1 50000 | sort -k1,1r -S 1M --parallel=2 | head -n 3 | tr '\n' ' '
printf '10 b\n9 a\n10 a\n' | sort -k1n -k2; printf '1.5e3\n2K\n1M\n' | sort -h; printf 'a1.10\na1.9\n' | sort -V
printf 'x\nx\ny\n' | uniq -c; printf '1 a\n2 b\n' > l; printf '1 c\n3 d\n' > r; join -a1 l r; comm l r; paste -d, l r
printf 'one two\tthree\n' | cut -d ' ' -f 2; printf 'abcdef\n' | cut -c 2-4; printf 'a\tb\n' | expand -t 4
printf '        x\n' | unexpand -a | od -An -c; printf 'the quick brown fox jumps over the lazy dog\n' | fold -sw 12
printf 'a b c\nd e f\n' | fmt -w 4 | wc -l; seq 1 20 | pr -3 -t -l 10; seq 1 10 | nl -s: -w2 | tail -n 2; printf '1\n2\n3\n' | tac
echo 'Hello, World' | tr 'A-Za-z' 'N-ZA-Mn-za-m'; echo aabbcc | tr -s a-c; echo 'x-1' | tr -dc 0-9; echo
seq 1 1000 | tail -n +998 | tr '\n' ' '; seq 1 1000 | head -n -997 | tr '\n' ' '; head -c 100 /dev/zero | wc -c
seq 1 12 | split -l 5 - part.; cat part.ab | tr '\n' ' '; seq 1 30 | csplit -s - 10 20; wc -l xx* | tail -n 1
printf 'a b\nb c\nd a\n' | tsort | tr '\n' ' '; echo; wc -lwmc l r; printf 'some text to permute\n' | ptx | tr -s ' '

section sums
seq 1 30000 > big; for s in md5sum sha1sum sha224sum sha256sum sha384sum sha512sum b2sum cksum sum; do $s big; done
sha256sum big > sums; sha256sum -c sums; base64 -w 40 l; base32 l; basenc --base16 l; base64 big | base64 -d | cmp - big && echo same

section files
mkdir -p a/b/c; touch -d '2001-02-03 04:05:06.789' a/f; stat -c '%n %s %a %F %y' a/f; cp -a a copy; stat -c %y copy/f
ln -s a/f link; ln a/f hard; stat -c '%h %F' a/f link; readlink -f link | sed "s#$dir#DIR#"; realpath --relative-to=a copy/f
truncate -s 5G sparse; stat -c '%s %b' sparse; ls -l sparse | cut -d ' ' -f 5; tail -c 3 sparse | od -An -tx1
dd if=/dev/zero of=sparse bs=1 count=1 seek=5368709119 conv=notrunc 2> /dev/null; stat -c %s sparse
cp --sparse=always sparse other; stat -c %s other; dd if=big bs=1000 skip=3 count=2 2> /dev/null | md5sum
dd if=big conv=ucase,swab bs=7 2> /dev/null | md5sum; dd if=big of=out bs=4k oflag=append conv=notrunc,fsync 2>&1 | head -n 1
install -m 640 -D l deep/er/l; stat -c %a deep/er/l; chmod u=rwx,g=s,o+t deep; stat -c %A deep; mktemp -u XXXX | wc -c
mv a/f a/g; [ ! -e a/f ] && ls -1R a | tr '\n' ' '; rmdir a/b/c && ls a; du -b copy/f | cut -f 1; rm -rf copy; test -d copy; echo $?
touch 'new
line' 'sp ace' -- -dash; ls -b; ls -Q | head -n 2; ls --quoting-style=shell-escape | head -n 3; rm -- -dash
mkfifo p; [ -p p ] && stat -c %F p; touch -d @-1 early; stat -c %Y early; touch -d 2037-12-31 soon; date -r soon +%F

section dates
date -d @0 '+%F %T %Z %j %U %s'; date -d '2024-02-29 +1 year' +%F; date -d '1 Jan 2000 12:00 +0530' -R; date -d '1910-01-01' +%s
TZ=EST5EDT4,M3.2.0,M11.1.0 date -d '2024-07-04 12:00 UTC' '+%F %T %Z'; date --iso-8601=seconds -d @1700000000

section processes
env -i A=1 B=2 env; nice -n 5 nice; timeout 0.1 sleep 5; echo $?; timeout -s KILL 0.1 sleep 5; echo $?; timeout 5 sh -c 'exit 3'; echo $?
nohup true 2> /dev/null; echo $?; stdbuf -oL echo buffered; yes | head -n 100000 | md5sum; kill -l 9; nproc --all | grep -c .
tee x y < l > /dev/null; cmp x y && echo equal; printf 'a\n' | tee /dev/full 2> /dev/null; echo $?
(echo lost > /dev/full) 2> /dev/null; echo $?; test -t 0; echo $?; tty > /dev/null; echo $?; pwd | sed "s#$dir#DIR#"
basename /a/b.c .c; dirname /a/b; pathchk -p 'bad:name' 2> /dev/null; echo $?; id -u; uname -s
echo secret > shredded; shred -n 1 -u shredded; [ ! -e shredded ] && echo gone; sync big; sleep 0.01; df . > /dev/null && echo df
sh -c 'sleep 0.3; echo x >> l; sleep 0.3; echo y >> l' & tail -n +1 -f l --pid=$! > followed; wait; cat followed
cd /; rm -r "$dir"
