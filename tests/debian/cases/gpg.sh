# Keys, signatures and encryption with gpg and its agent.
# packages: gnupg gpg-agent
# seconds: 150
set -e
export GNUPGHOME=/tmp/gnupg
mkdir -m 700 $GNUPGHOME && cd /tmp
gpg="gpg --batch --quiet --no-tty --pinentry-mode loopback --passphrase secret --trust-model always"
echo 'the text' > text
for kind in rsa2048 ed25519/cv25519; do
    name=${kind%%/*}
    $gpg --quick-generate-key "$name <$name@example.org>" "${kind%%/*}" sign never 2> /dev/null
    finger=$(gpg --list-keys --with-colons "$name" | awk -F: '/^fpr/ { print $10; exit }')
    $gpg --quick-add-key "$finger" "${kind##*/}" encr
    gpg --list-keys --with-colons "$name" | grep -v '^tru' | cut -d: -f1,3,4,12 | sed 's/^fpr.*/fpr/'
    $gpg -u "$name" --clearsign -o text.asc text
    gpg --verify text.asc 2>&1 | grep -o 'Good signature.*>'
    sed -i 's/the text/another/' text.asc
    gpg --verify text.asc 2>&1 | grep -o 'BAD signature.*>'
    $gpg -r "$name" -o text.gpg -e text
    $gpg -d text.gpg 2> /dev/null
    rm text.asc text.gpg
done
for cipher in AES256 CAMELLIA128 TWOFISH CAST5; do
    $gpg --cipher-algo $cipher -c -o sym.gpg text && $gpg -d sym.gpg 2> /dev/null
    rm sym.gpg
done
gpg --print-mds text
$gpg --export-secret-keys -a ed25519 | grep -c 'PRIVATE KEY BLOCK'
gpgconf --kill all
