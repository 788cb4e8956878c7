# Each algorithm of `openssl speed`, certificates, and TLS over the loopback.
# packages: openssl
# seconds: 600
set -e
cd /tmp
echo hello > text
for digest in md5 sha1 sha256 sha512 sha3-256 blake2b512 sm3 ripemd160; do
    openssl dgst -$digest text 2> /dev/null || echo "no $digest"
done
for cipher in aes-128-cbc aes-256-ctr aes-128-xts chacha20 camellia-128-cbc aria-128-gcm des-ede3-cbc; do
    openssl enc -$cipher -K 00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f \
        -iv 000102030405060708090a0b0c0d0e0f -in text 2> /dev/null | md5sum
done
openssl genpkey -algorithm ed25519 -out ca.key
openssl req -x509 -new -key ca.key -subj /CN=ca -days 30 -out ca.crt
for kind in 'RSA -pkeyopt rsa_keygen_bits:2048' 'EC -pkeyopt ec_paramgen_curve:P-256' 'ed448'; do
    # shellcheck disable=SC2086
    openssl genpkey -algorithm $kind -out key 2> /dev/null
    openssl req -new -key key -subj /CN=localhost -out csr
    openssl x509 -req -in csr -CA ca.crt -CAkey ca.key -days 10 -out crt 2> /dev/null
    openssl verify -CAfile ca.crt crt
    for tls in -tls1_2 -tls1_3; do
        openssl s_server -accept 4433 -cert crt -key key $tls -naccept 1 -rev -quiet 2> /dev/null &
        for try in $(seq 100); do
            # A socket that listens shows without being disturbed.
            grep -q ':1151 .* 0A ' /proc/net/tcp /proc/net/tcp6 && break
            sleep 0.1
        done
        server=$!
        # The client stays until it has its answer, for half a minute at most.
        : > answer
        (
            echo stressed
            for try in $(seq 300); do
                grep -qa desserts answer && break
                sleep 0.1
            done
        ) | openssl s_client -connect localhost:4433 -CAfile ca.crt -verify_return_error $tls > answer 2> /dev/null || true
        grep -aE '^(desserts|New, |Verify return|Verification)' answer | sort -u
        kill $server 2> /dev/null || true
        wait
    done
done
# Names of what has been measured; the numbers are not to be compared.  Each public key's algorithm is run by itself, since
# all that are longer are left out after one that takes a second, and for longer if it was not done once in that time.
measured() {
    for seconds in 1 5 30; do
        openssl speed -seconds $seconds -bytes 1024 "$@" 2> err > out
        sed -nE 's/^([a-z0-9() -]+[a-z0-9)]) +[0-9.]+k$/\1/p; s/^ *(rsa|dsa|.*(ecdsa|ecdh|EdDSA|SM2|ffdh)) .*/\1/p' out > names
        [ ! -s names ] || break
    done
    cat names
    sed -nE 's/^(Doing [^:]*) for [0-9]+s.*/\1/p; s/^(Doing [^:]*'"'"'s.*) for .*/\1/p' err
}
measured md5 sha1 sha256 sha512 rmd160 'hmac' des-ede3 aes-128-cbc aes-192-cbc aes-256-cbc \
    camellia-128-cbc camellia-192-cbc camellia-256-cbc ghash rand
for curve in p160 p192 p224 p256 p384 p521 k163 k233 k283 k409 k571 b163 b233 b283 b409 b571 \
    brp256r1 brp256t1 brp384r1 brp384t1 brp512r1 brp512t1; do
    measured ecdsa$curve
    measured ecdh$curve
done
for algorithm in rsa512 rsa1024 rsa2048 rsa3072 rsa4096 rsa7680 rsa15360 dsa512 dsa1024 dsa2048 ecdhx25519 ecdhx448 \
    ed25519 ed448 curveSM2 ffdh2048 ffdh3072 ffdh4096 ffdh6144 ffdh8192; do
    measured $algorithm
done
