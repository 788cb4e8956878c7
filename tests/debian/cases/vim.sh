# vim in ex mode: substitutions, macros, its script language, filters, sorting.
# packages: vim
# seconds: 30
set -e
cd /tmp
seq 1 300 | sed 's/$/ line with some words/' > text
vim -e -s -u NONE -N text <<'EX'
%s/\v(\d*[05]) line/\=submatch(1) * 2 . ' LINE'/
g/some words$/normal! gUiwA!
10,40sort! n
$r !echo filtered | tr a-z A-Z
1,5join
let total = 0
for n in range(1, 2000)
  let total += n % 7 ? n : -n
endfor
call append('$', 'total ' . total . ' ' . printf('%.6f', sqrt(2.0)))
call append('$', json_encode({'list': map([1, 2, 3], 'v:val * v:val')}))
call append('$', matchstr('foo123bar', '\d\+') . ' ' . sha256('text'))
v/./d
wq
EX
md5sum text
head -n 12 text
tail -n 4 text
vim -e -s -u NONE -c 'verbose echo has("nosuch") strlen(repeat("ab", 1000))' -c q 2>&1; echo
printf 'one\ntwo\n' > small
printf '%%s/o/0/g\nw\nq\n' | vim -E -s -u NONE small && cat small
vim -es -u NONE -c 'cquit 3' || echo "status $?"
