# A redis server with persistence, its client, scripts, and redis-benchmark.
# packages: redis-server redis-tools
# seconds: 120
set -e
mkdir /tmp/data && cd /tmp/data
start() {
    redis-server --port 6379 --dir /tmp/data --daemonize yes --save '' --appendonly "$1" --logfile /tmp/log > /dev/null
    until [ "$(redis-cli ping 2> /dev/null)" = PONG ]; do sleep 0.1; done
}
start yes
redis-cli ping
redis-cli set greeting hello
redis-cli append greeting ' world'
redis-cli get greeting
for i in $(seq 1 200); do echo "ZADD scores $((i * 37 % 101)) member$i"; done | redis-cli | sort | uniq -c
redis-cli zrange scores 0 4 withscores
redis-cli eval 'local s = 0 for i = 1, 1000 do s = s + redis.call("INCRBY", KEYS[1], i) end return s' 1 counter
redis-cli eval 'return {cjson.encode({1, 2, {a = "b"}}), struct.pack(">I2", 258), bit.bxor(5, 3)}' 0
redis-cli hset h a 1 b 2.5
redis-cli hincrbyfloat h b 0.25
redis-cli pfadd hll a b c d e f g
redis-cli pfcount hll
redis-cli geoadd places 13.361389 38.115556 Palermo 15.087269 37.502669 Catania
redis-cli geodist places Palermo Catania km
redis-cli xadd stream 1-1 field value
redis-cli xrange stream - +
(sleep 1; redis-cli publish news extra > /dev/null) &
timeout 3 redis-cli subscribe news || true
redis-cli bgrewriteaof
redis-cli save
redis-benchmark -q -n 2000 -c 20 -r 100 -t ping,set,get,incr,lpush,rpop,sadd,hset,zadd,lrange_100,mset 2>&1 |
    tr '\r' '\n' | sed -n 's/: [0-9.]* requests per second.*//p' | sort
redis-benchmark -q -n 2000 -P 16 --threads 2 -t set,get 2>&1 | tr '\r' '\n' | sed -n 's/: [0-9.]* requests per second.*//p' | sort
redis-cli flushdb async
redis-cli set kept yes
redis-cli shutdown || true
redis-check-aof /tmp/data/appendonlydir/*.manifest | tail -n 1
start yes
redis-cli get kept
redis-cli dbsize
redis-cli shutdown nosave || true
