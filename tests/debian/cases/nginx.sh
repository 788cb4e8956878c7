# nginx with two workers serves 10,000 requests to a native client, and TLS, ranges, errors, a reload.
# packages: nginx-light openssl
# native: apache2-utils curl
# seconds: 120
set -e
mkdir -p /tmp/www && cd /tmp
seq 1 500 > www/page.txt
head -c 1000000 /dev/zero | tr '\0' x > www/large
openssl req -x509 -newkey rsa:2048 -nodes -keyout key -out crt -subj /CN=localhost -days 10 2> /dev/null
cat > nginx.conf <<'CONF'
user root;
worker_processes 2;
pid /tmp/nginx.pid;
error_log /tmp/error.log;
events { worker_connections 200; }
http {
    access_log /tmp/access.log;
    client_body_temp_path /tmp/body; proxy_temp_path /tmp/proxy; fastcgi_temp_path /tmp/fastcgi;
    uwsgi_temp_path /tmp/uwsgi; scgi_temp_path /tmp/scgi;
    sendfile on;
    gzip on; gzip_types text/plain; gzip_min_length 10;
    server {
        listen 8080; listen 8443 ssl;
        ssl_certificate /tmp/crt; ssl_certificate_key /tmp/key;
        root /tmp/www;
        location /back/ { proxy_pass http://127.0.0.1:8080/; }
        location = /gone { return 410; }
        location ~ ^/old/(.*)$ { return 301 /new/$1; }
    }
}
CONF
nginx -c /tmp/nginx.conf -t 2>&1 | tail -n 1
nginx -c /tmp/nginx.conf
until [ -s nginx.pid ]; do sleep 0.1; done
client() { chroot /native curl -s "$@"; }
for count in 1 20; do
    chroot /native ab -q -n 5000 -c "$count" http://127.0.0.1:8080/page.txt |
        grep -E '^(Complete|Failed|Non-2xx|Document Length|HTML transferred)'
done
chroot /native ab -q -k -n 1000 -c 5 http://127.0.0.1:8080/page.txt | grep -E '^(Complete|Failed|Keep-Alive)'
client http://127.0.0.1:8080/page.txt | md5sum
client --compressed http://127.0.0.1:8080/page.txt | md5sum
client -k https://127.0.0.1:8443/large | md5sum
client http://127.0.0.1:8080/back/large | md5sum
client -r 1000-1009 http://127.0.0.1:8080/page.txt | md5sum
for path in gone old/x missing; do client -o /dev/null -w '%{http_code} %{redirect_url}\n' "http://127.0.0.1:8080/$path"; done
nginx -c /tmp/nginx.conf -s reload
sleep 1
client http://127.0.0.1:8080/page.txt | md5sum
nginx -c /tmp/nginx.conf -s quit
while [ -e nginx.pid ]; do sleep 0.1; done
wc -l < access.log
grep -cE 'emerg|crit' error.log || true
