# What bash does beyond POSIX, and what is easily wrong below it: jobs, traps, pipes, co-processes, descriptors.
# packages: bash
# seconds: 60
cat > /tmp/script.sh << 'SCRIPT'
export LC_ALL=C.UTF-8
cd "$(mktemp -d)" || exit 1

section() { printf -- '-- %s\n' "$1"; }

section arithmetic
echo $((2**62)) $((-7 / 2)) $((-7 % 3)) $((16#ff ^ 8#17)) $((1 << 40 | 5)) $((9223372036854775807 + 1))
((x = 5, y = x++ * ++x)); echo "$x $y"
for ((i = 0, s = 0; i < 20000; i++)); do ((s = (s * 31 + i) & 0xffffffff)); done; echo "$s"

section arrays
declare -a list=([3]=c [1]=a b)
echo "${!list[@]} ${list[*]} ${#list[@]} ${list[@]: -1}"
declare -A map
for word in the quick brown fox jumps over the lazy dog the end; do ((map[$word]++)); done
for word in $(printf '%s\n' "${!map[@]}" | sort); do printf '%s=%s ' "$word" "${map[$word]}"; done; echo
mapfile -t lines < <(seq 1 5000); echo "${#lines[@]} ${lines[4321]}"
read -r -a words <<< 'one   two three'; echo "${words[1]}-${#words[@]}"

section expansion
path=/usr/local/lib/libfoo.so.1.2
echo "${path##*/} ${path%/*} ${path%%.*} ${path/local/LOCAL} ${path//o/0} ${path:5:5} ${path^^} ${#path}"
echo {a..e}{1..3} {10..1..3} {01..03}
set -- 'a b' c; echo "$# ${*} ${@:2} ${1@Q}"
unset none; echo "${none:-default} ${none:+set} ${none=given} $none"
word=héllo; echo "${#word} ${word:1:1} ${word^}"
shopt -s extglob nullglob
touch a.c b.c c.h 'odd name'
echo *.@(c|h) !(*.c) none*
[[ abc123def =~ ([a-z]+)([0-9]+) ]] && echo "${BASH_REMATCH[@]}"
printf '%s|%5d|%-5s|%05.1f|%q|%b|%x\n' str 42 left 3.14159 'sp ace' 'tab\tnew' 255
printf '%(%Y-%m-%d)T\n' 86400

section descriptors
exec 5> file; echo five >&5; exec 5>&-; exec 6< file; read -r line <&6; echo "$line"; exec 6<&-
{ echo out; echo err >&2; } 2>&1 | sort
cat <(echo substituted) <(seq 3)
tee >(tr a-z A-Z > upper) <<< text > /dev/null; for i in {1..100}; do [ -s upper ] && break; sleep 0.05; done; cat upper
exec {fd}<> file; echo more >&"$fd"; exec {fd}>&-; cat file
sleep 1 | { read -r -t 0.05 nothing; echo "read: $(($? > 128))"; }

section 'jobs and traps'
trap 'echo "got USR1"' USR1
kill -USR1 $$; echo after
(trap 'echo "inner $?"' EXIT; exit 3); echo $?
sleep 30 & kill $!; wait $!; echo "killed: $?"
(exit 7) & wait $!; echo "waited: $?"
for i in 1 2 3 4 5; do (exit $i) & pids[i]=$!; done
for i in 5 3 1 2 4; do wait "${pids[i]}"; printf '%s ' $?; done; echo
echo "$(trap 'echo child' CHLD; set -m; true & wait; set +m; trap - CHLD)"
(kill -SEGV $BASHPID) 2> /dev/null; echo "by a signal: $?"
bash -c 'trap "" PIPE; exit 4' | true; echo "${PIPESTATUS[@]}"
yes | head -n 1; echo "${PIPESTATUS[0]} ${PIPESTATUS[1]}"
set -o pipefail; false | true; echo $?; set +o pipefail
coproc tr a-z A-Z; echo shout >&"${COPROC[1]}"; eval "exec ${COPROC[1]}>&-"; read -r loud <&"${COPROC[0]}"; echo "$loud"; wait
trap 'echo "line failed"' ERR; false; trap - ERR
timeout 0.2 bash -c 'while :; do :; done'; echo "timed out: $?"

section functions
fibonacci() { local n=$1; ((n < 2)) && { echo "$n"; return; }; echo $(($(fibonacci $((n - 1))) + $(fibonacci $((n - 2))))); }
fibonacci 7
deep() { (($1)) && deep $(($1 - 1)) || echo bottom; }; deep 300
swap() { local -n left=$1 right=$2; local t=$left; left=$right right=$t; }
p=1 q=2; swap p q; echo "$p $q"
caller_of() { echo "${FUNCNAME[1]}"; }; outer() { caller_of; }; outer

section 'long lines'
long=$(printf '%0100000d' 7); echo "${#long}"; echo "$long" | wc -c
echo "$long" | { read -r same; [[ $same == "$long" ]] && echo same; }
printf '%s\n' {1..30000} | sort -rn | head -n 2
echo {1..2000} | xargs -n 100 echo | wc -l
cd /; rm -r "$OLDPWD"
SCRIPT
exec bash /tmp/script.sh
