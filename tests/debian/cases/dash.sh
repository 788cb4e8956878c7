# A POSIX shell: dash, with here-documents, subshells, traps and many processes.
# packages: dash
# seconds: 60
LC_ALL=C; export LC_ALL
dir=$(mktemp -d); cd "$dir" || exit 1

echo "-- parameters"
set -- a 'b c' "d'e" ''; echo $# "$3" "${4:-empty}"; shift 2; echo "$*" $#
IFS=:; set -- $(echo x:y::z); echo $# "$2" "[$3]"; unset IFS
f=/a/b/c.tar.gz; echo "${f##*/}" "${f%%.*}" "${f#/}" "${f%.*}" ${#f}
: ${v:=assigned}; echo $v; (: ${w:?unset}) 2> /dev/null; echo $?

echo "-- control"
i=0; while [ $i -lt 5000 ]; do i=$((i + 1)); case $i in 10|20) continue ;; 4990) break ;; esac; done; echo $i
for x in 1 2 3; do for y in 1 2 3; do [ $y = 2 ] && continue 2; printf '%s%s ' $x $y; done; done; echo
until [ $i -le 4985 ]; do i=$((i - 1)); done; echo $i
echo $((0x1f + 010 - -3)) $((1 ? 2 : 3)) $((5 & 3 | 8)) $((~0 < 0)) $((7 / -2)) $((1 << 33))
f() { [ "$1" -eq 0 ] && return 9; f $(($1 - 1)); }; f 200; echo $?

echo "-- here-documents"
cat << EOF
variable $v, command $(echo inner), arithmetic $((6 * 7)), \$literal
EOF
cat <<- 'EOF'
	$v is not expanded
	EOF
big=$(seq 1 20000); wc -l << EOF
$big
EOF

echo "-- processes"
n=0; while [ $n -lt 60 ]; do (exit $((n % 7))); last=$?; /bin/true; n=$((n + 1)); done; echo $n $last
sleep 20 & p=$!; kill -TERM $p; wait $p; echo $?
(sleep 0.1; exit 5) & (exit 6) & wait; echo $?
trap 'echo term' TERM; kill -TERM $$; trap '' INT; kill -INT $$; echo alive; trap - TERM
sh -c 'kill -KILL $$'; echo $?
sh -c 'kill -ABRT $$' 2> /dev/null; echo $?
{ echo a; echo b >&2; } 2> err | cat; cat err
exec 3> three; echo to three >&3; exec 3>&-; cat three
cat /nonexistent 2> /dev/null || echo failed $?
/nonexistent 2> /dev/null; echo $?; : > plain; ./plain 2> /dev/null; echo $?
printf '#!/bin/sh\necho "script $0 $1"\n' > script; chmod +x script; ./script arg
printf '#!%s/script -x\n' "$dir" > second; chmod +x second; ./second | sed "s#$dir#DIR#g"
printf 'echo no interpreter $1\n' > third; chmod +x third; ./third arg
mkfifo pipe; (for k in 1 2 3; do echo "line $k"; done > pipe) & while read -r l; do echo "$l"; done < pipe; wait
umask 027; : > masked; ls -l masked | cut -c1-10; ulimit -n 64; ulimit -n
cd /; rm -r "$dir"
