# Text tools on made-up data.
BB=$1
$BB seq 1 400 | $BB awk '{ s += $1; q[$1 % 7] += $1 } END { print s; for (i = 0; i < 7; i++) print i, q[i] }' > sums
$BB cat sums
$BB seq 400 -3 1 | $BB sort -n | $BB head -5
$BB seq 1 400 | $BB sort -r | $BB tail -3
$BB seq 1 100 | $BB grep -E '^(1|2).*[05]$' | $BB wc -l
echo 'The quick brown fox' | $BB sed -e 's/\([a-z]*\) \([a-z]*\)/\2 \1/' -e 'y/o/0/'
$BB seq 1 30 | $BB sha256sum
$BB seq 1 3000 | $BB md5sum
$BB seq 1 3000 | $BB cksum
$BB awk 'BEGIN { printf "%.6f %e %g %d\n", 3.14159265 / 7, 12345.678, 0.00001234, 42; print sqrt(2), exp(1), sin(1), int(-3.7) }'
echo 'b 2
a 10
c 3' | $BB sort -k2n | $BB cut -d' ' -f1 | $BB tr '\n' ,
echo
$BB seq 1 12 | $BB paste - - - | $BB rev
printf 'a\tb\n' | $BB od -c
printf 'x=1\ny=2\n' | $BB awk -F= '{ v[$1] = $2 } END { print v["x"] + v["y"] }'
$BB expr 17 \* 3 + 4
echo 'scale=5; 22/7' | $BB bc 2> /dev/null || echo no bc
$BB vi --help 2>&1 | $BB head -3
