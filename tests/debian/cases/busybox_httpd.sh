# busybox httpd with CGI and passwords, asked by busybox wget and by a native client.
# packages: busybox-static
# native: curl
# seconds: 60
set -e
mkdir -p /tmp/www/cgi-bin /tmp/www/secret && cd /tmp
seq 1 1000 > www/page.txt
echo hidden > www/secret/page
printf '#!/bin/busybox sh\nprintf "Content-Type: text/plain\\r\\n\\r\\n$REQUEST_METHOD $QUERY_STRING "; cat\n' > www/cgi-bin/echo
chmod 755 www/cgi-bin/echo
printf '/secret:user:%s\n' word > conf
busybox httpd -p 8080 -h /tmp/www -c /tmp/conf
until busybox wget -q -O /dev/null http://127.0.0.1:8080/page.txt; do sleep 0.1; done
client() { chroot /native curl -s "$@"; }
busybox wget -q -O - http://127.0.0.1:8080/page.txt | md5sum
client http://127.0.0.1:8080/page.txt | md5sum
client -d body 'http://127.0.0.1:8080/cgi-bin/echo?a=b'; echo
client -r 100-109 http://127.0.0.1:8080/page.txt; echo
for user in user:word user:wrong; do client -u $user -o /dev/null -w '%{http_code}\n' http://127.0.0.1:8080/secret/page; done
client -o /dev/null -w '%{http_code}\n' http://127.0.0.1:8080/missing
for i in $(seq 100); do echo "url = http://127.0.0.1:8080/page.txt"; done > urls
client -Z -K /tmp/urls | md5sum
