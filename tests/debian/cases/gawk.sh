# gawk: arrays, regular expressions, numbers, pipes both ways, sorting, and a little interpreter.
# packages: gawk
# seconds: 60
export LC_ALL=C.UTF-8 TZ=UTC0
gawk 'BEGIN { printf "%d %5.2f %e %x %c %s %i\n", 2^53, 3.14159, 1e300, 255, 65, "s", -7.9; print 1e6, 0.1 + 0.2, 2^0.5, -7 % 3, 1/3; print substr("héllo", 2, 3), length("héllo"), toupper("é") }'
gawk 'BEGIN { print int("0x1A"), strtonum("0x1A"), (1e400 > 1), sin(1), atan2(0, -1), exp(1), and(12, 10), or(12, 10), xor(12, 10), lshift(1, 40) }'
seq 1 20000 | gawk '{ s += $1 * $1; a[$1 % 97] += $1 } END { print s; n = asort(a, b); for (i = 1; i <= 3; i++) print b[i]; print length(a) }'
gawk 'BEGIN { for (i = 0; i < 50000; i++) h[i "key" (i * 7)] = i; for (i = 0; i < 50000; i += 2) delete h[i "key" (i * 7)]; n = 0; for (k in h) n += h[k]; print n, length(h) }'
printf 'a:b;c\nd e:f\n' | gawk -F '[:;]' '{ print NF, $2; $3 = "new"; print; NF = 2; print }' OFS=-
gawk 'BEGIN { s = "the cat sat on the mat"; print gsub(/[cms]at/, "<&>", s), s, match(s, /<s(.)t>/, m), m[1], RSTART, RLENGTH; print gensub(/(t)(h)/, "\\2\\1", "g", s); n = split(s, w, / +/, seps); print n, w[n]; patsplit("a1b22", d, /[0-9]+/); print d[2] }'
printf 'x,"y,z",w\n' | gawk 'BEGIN { FPAT = "([^,]*)|(\"[^\"]+\")" } { print $2 }'; printf 'abcdef\n' | gawk 'BEGIN { FIELDWIDTHS = "1 2 3" } { print $3, $2 }'; printf 'r1\n\nr2 l1\nr2 l2\n' | gawk 'BEGIN { RS = "" } END { print NR, $NF }'
gawk 'BEGIN { while (("seq 1 5" | getline l) > 0) s = s l; close("seq 1 5"); print s; print "b\na\nc" | "sort"; close("sort"); "exit 3" | getline; print close("exit 3"); print system("exit 4") }'
gawk 'BEGIN { c = "sort -n"; for (i = 9; i > 0; i -= 2) print i |& c; close(c, "to"); while ((c |& getline l) > 0) printf "%s ", l; close(c); print "" }'
gawk 'BEGIN { PROCINFO["sorted_in"] = "@val_num_desc"; a["x"] = 3; a["y"] = 20; a["z"] = 1; for (k in a) printf "%s ", k; a2[1][2] = 3; print isarray(a2[1]), a2[1][2]; print strftime("%Y-%m-%d %H:%M:%S", 1e9), mktime("2001 09 09 01 46 40") }'
gawk -M 'BEGIN { print 2^200, 7^77 % 1000007 }' 2> /dev/null || echo no big numbers
gawk 'function f(n) { return n < 2 ? n : f(n - 1) + f(n - 2) } function ack(m, n) { return m == 0 ? n + 1 : n == 0 ? ack(m - 1, 1) : ack(m - 1, ack(m, n - 1)) } BEGIN { print f(19), ack(2, 9) }'
gawk 'BEGIN { srand(42); a = rand(); srand(42); print (a == rand()), srand(); x = "3x"; print x + 0, ("10" < "9"), (10 < 9), ("a" < "b"), !x, -"", length() }' < /dev/null
gawk 'BEGIN { n = 3000; for (i = 2; i <= n; i++) if (!c[i]) { p++; for (j = i * i; j <= n; j += i) c[j] = 1 } print p; for (i = 0; i < 200000; i++) z = (z * 1103515245 + 12345) % 2147483648; print z }'
printf '3 4 + 2 *\n2 3 ^ 1 -\n' | gawk '{ t = 0; for (i = 1; i <= NF; i++) if ($i ~ /^[0-9]+$/) s[++t] = $i; else { b = s[t--]; a = s[t--]; s[++t] = $i == "+" ? a + b : $i == "-" ? a - b : $i == "*" ? a * b : a ^ b } print s[1] }'
gawk 'BEGIN { getline l < "/nonexistent"; print ERRNO; print "to stderr" > "/dev/stderr"; printf "no newline" > "/dev/stdout"; print ""; exit 5 } END { print "end" }' 2>&1; echo $?
gawk '@include "nonexistent"' 2> /dev/null; echo $?; yes | gawk 'NR == 100000 { print NR; exit }'; gawk 'BEGIN { printf "%c%c", 0, 255 }' | od -An -tx1; echo 'ünï' | gawk '{ print index($0, "ï"), match($0, /[^a-z]+$/) }'
