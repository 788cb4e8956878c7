# Loops, functions, pipes, command substitution, arithmetic, traps, here documents.
BB=$1
i=0
while [ $i -lt 20 ]; do i=$((i + 3)); echo "i=$i"; done
f() { local x=$1; [ "$x" -le 1 ] && { echo 1; return; }; echo $((x * $(f $((x - 1))))); }
echo "7! = $(f 7)"
for word in alpha beta gamma; do printf '%s:%d\n' "$word" ${#word}; done | $BB sort -r
echo "nested $(echo $(echo deep | $BB tr a-z A-Z))"
case $(echo abc) in a*) echo match;; *) echo none;; esac
cat_here() { $BB cat; }
cat_here <<END
here $((6 * 7)) ${UNSET:-default}
END
trap 'echo bye' EXIT
(exit 3); echo "status $?"
set -- one two "three four"; echo $# "$3"
x=abcdef; echo "${x#abc} ${x%def} ${x:1:3}"
sleep_and_tell() { $BB usleep 1000; echo slept; }
sleep_and_tell & wait $!; echo "waited $?"
$BB false || echo "false is false"
kill -0 $$ && echo alive
$BB seq 1 5 | while read n; do echo $((n * n)); done
read a b <<END
left right
END
echo "$b $a"
