# find and xargs: deep trees, times, sizes, links, actions, odd names.
# packages: findutils
# seconds: 60
export LC_ALL=C
dir=$(mktemp -d); cd "$dir" || exit 1
umask 022
for d in a b c; do for e in 1 2 3; do mkdir -p tree/$d/$e; for i in 1 2 3 4; do echo "$d$e $i" > tree/$d/$e/file$i.txt; done; done; done
ln -s ../a tree/b/loop; ln -s nowhere tree/broken; touch 'tree/sp ace' "tree/quo'te" 'tree/new
line'
mkfifo tree/fifo; truncate -s 3G tree/large; touch -d '2001-01-01' tree/old; chmod 4755 tree/old; mkdir tree/empty

echo "-- tests"
find tree -type f | wc -l; find tree -maxdepth 1 -type d | sort; find tree -name 'file[12].txt' -path '*a/3*' | sort
find tree -size +2G -printf '%p %s\n'; find tree -type l ! -xtype l | sort; find tree -xtype l; find tree -type p; find tree -empty | sort
find tree -perm -4000; find tree -not -newermt 2002-01-01 -printf '%p %TY\n'; find tree -newer tree/old -name 'large'
find -L tree/b -maxdepth 2 -name 1 | sort; find tree -regextype posix-extended -regex '.*/(a|c)/1/file[34]\.txt' | sort
find tree \( -name a -o -name b \) -prune -o -type f -print | sort | head -n 4; find tree -mindepth 3 -iname 'FILE1*' | wc -l
find tree -samefile tree/old; find tree -inum "$(stat -c %i tree/large)"; find tree -type f -size -1k | wc -l; find tree -user "$(id -un)" | wc -l

echo "-- actions"
find tree -name file1.txt -exec cat {} + | sort | head -n 3; find tree -name file2.txt -execdir echo {} \; | sort | uniq -c
find tree -type f -name 'file*' -printf '%f %d %h %m %y %l|\n' | sort | tail -n 2; find tree -depth | tail -n 1
find tree -name file4.txt -delete; find tree -name 'file4*' | wc -l; find tree -name fifo -print -quit
find tree -type f -name 'file*' -print0 | sort -z | xargs -0 md5sum -- | md5sum; find tree -maxdepth 1 -name 'new*' -print0 | od -An -c
find tree -maxdepth 1 -ls | wc -l; find nowhere 2> /dev/null; echo $?

echo "-- xargs"
seq 1 10000 | xargs | wc -w; seq 1 1000 | xargs -n 7 | tail -n 1; seq 1 5 | xargs -I{} echo '<{}>' | tr '\n' ' '; echo
printf 'a b\n"c d" e\\ f\n' | xargs -n 1; seq 1 40 | xargs -P 4 -n 1 sh -c 'echo $(($0 * $0))' | sort -n | tail -n 2
printf '1\n2\n' | xargs -n 1 sh -c 'exit $0'; echo $?; echo x | xargs false; echo $?; echo x | xargs /nonexistent 2> /dev/null; echo $?
xargs -r echo < /dev/null; seq 1 200000 | xargs echo | wc -w; yes a | head -n 3 | xargs -t 2>&1
echo x | xargs sh -c 'kill -9 $$' 2> /dev/null; echo $?; seq 1 100 | xargs -s 100 | wc -w
cd /; rm -r "$dir"
