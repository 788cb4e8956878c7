# A repository's life: commits, branches, merges, gc, clone over file://, bisect.
# packages: git
# seconds: 60
set -e
cd /tmp
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
export GIT_AUTHOR_DATE='1700000000 +0000' GIT_COMMITTER_DATE='1700000000 +0000'
git config --global init.defaultBranch main
git config --global advice.detachedHead false
git init -q one && cd one
for i in $(seq 1 20); do
    seq "$i" $((i * 50)) > "file$((i % 5))"
    git add . && git commit -q -m "change $i"
done
git log --oneline | head -n 3
git checkout -q -b side HEAD~5
echo side > other && git add other && git commit -q -m side
git checkout -q main && git merge -q -m merged side
git diff --stat HEAD~3 | cat
git gc -q && git count-objects -v | grep -v size
git fsck --full 2>&1
cd .. && git clone -q file:///tmp/one two && cd two
git rev-parse HEAD
git log --format=%h --graph | head -n 5
git bisect start HEAD HEAD~10 > /dev/null
git bisect run grep -q '^17$' file3 | grep -c 'is the first bad commit'
git bisect reset 2> /dev/null
git archive HEAD | md5sum
git grep -c 99 | head -n 3
git stash list; git status --short; git blame -s file1 | tail -n 1
