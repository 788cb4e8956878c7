# Keys of each kind, their formats, signatures and certificates.
# packages: openssh-client
# seconds: 60
set -e
cd /tmp
for kind in rsa ecdsa ed25519; do
    ssh-keygen -q -t $kind -N '' -C comment -f $kind
    ssh-keygen -l -f $kind.pub | awk '{ print $1, $3, $4 }'
    ssh-keygen -y -f $kind | cmp - $kind.pub && echo same
    ssh-keygen -e -f $kind.pub > rfc && ssh-keygen -i -f rfc | cut -d' ' -f1
    echo text > message
    ssh-keygen -q -Y sign -n test -f $kind message 2> /dev/null
    echo "me $(cat $kind.pub)" > allowed
    ssh-keygen -Y verify -n test -f allowed -I me -s message.sig < message | sed 's/ SHA256.*//'
    echo other | ssh-keygen -Y verify -n test -f allowed -I me -s message.sig 2>&1 || true
    rm message.sig
done
ssh-keygen -q -s ed25519 -I identity -n user -V 20200101:20300101 rsa.pub
ssh-keygen -L -f rsa-cert.pub | grep -E 'Type|Key ID|Valid'
ssh-keygen -q -p -N secret -P '' -f rsa
ssh-keygen -y -P wrong -f rsa 2>&1 | tail -n 1
ssh-keygen -y -P secret -f rsa | cut -d' ' -f1
