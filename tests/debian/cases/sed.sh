# sed: hold space, labels, ranges, files in place, and the programs that people show one another.
# packages: sed
# seconds: 60
export LC_ALL=C.UTF-8
dir=$(mktemp -d); cd "$dir" || exit 1
seq 1 12 > n
sed -n '2~3p;$=' n; sed '1!G;h;$!d' n | tr '\n' ' '; sed -n '$!{h;d};H;x;p' n; sed '/3/,/5/d;7q' n; sed '0,/1/s//X/' n | head -n 2
echo 'hello world' | sed -E 's/(\w+) (\w+)/\u\2 \U\1\E!/'; echo aaaa | sed 's/a/b/3g'; echo 1234567 | sed -E ':a;s/^([0-9]+)([0-9]{3})/\1,\2/;ta'
printf 'a\\\nb\nc\n' | sed -e :a -e '/\\$/N; s/\\\n//; ta'; printf 'one\ntwo\n' | sed 'y/abcdefghij/ABCDEFGHIJ/;a\  after' ; printf 'x\n' | sed 'i\before
c\changed'
printf 'p1l1\np1l2\n\np2l1\n' | sed -n '/./{H;$!d};x;s/\n/+/gp'; echo 'a.b.c' | sed 's/\./\n/2;P;D'; printf 'a\tb\001é\n' | sed -n l
sed -i.orig -e '1s/.*/first/' -e '$d' n; head -n 1 n n.orig; wc -l < n; sed -s -n '$p;1F' n n.orig; sed 'w copy' n > /dev/null; cmp n copy && echo same
echo 'touch made' | sed e; ls made; echo 5 | sed 's/.*/expr & + 1/e'; printf 'a\0b\0' | sed -z 's/^/-/' | tr '\0' ' '; echo
seq 1 100000 | sed -n '/7$/{s/7/seven/g;p}' | md5sum; seq 1 30000 | sed 'N;N;s/\n/,/g' | tail -n 1; printf '%050000d\n' 0 | sed 's/0/1/g' | md5sum
echo 'über straße' | sed 's/[[:alpha:]]/x/g'; echo abc | sed -E 's/(.)(.)(.)/\3\2\1/;s/./&&/2'; echo x | sed 'q5'; echo $?; sed p /nonexistent 2> /dev/null; echo $?
echo | sed -n ':a;s/$/1/;/1\{500\}/{p;q};ba' | wc -c
cd /; rm -r "$dir"
