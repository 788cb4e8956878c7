# python3 with its tests, as `tests/debian/python/run` needs it; here only that the interpreter agrees about itself.
# packages: python3 libpython3.11-testsuite media-types netbase tzdata
# seconds: 30
set -e
python3 - << 'PYTHON'
import decimal, hashlib, json, random, re, sqlite3, struct, subprocess, threading, zlib
random.seed(42)
numbers = [random.randrange(1 << 70) for _ in range(5000)]
print(hashlib.sha256(json.dumps(sorted(numbers)).encode()).hexdigest(), sum(numbers) % 1000003)
print(decimal.Decimal(2).sqrt(), 2**0.5, 1e16 + 1, round(2.675, 2), struct.pack('>iqd', 1, -2, 3.5).hex(), zlib.crc32(b'x' * 10000))
print(re.sub(r'(\w+) (\w+)', r'\2 \1', 'hello world'), '{:>10,.2f}|{!r}'.format(1234567.891, 'é'), hash(12345) == 12345)
print(subprocess.run(['tr', 'a-z', 'A-Z'], input=b'child', stdout=subprocess.PIPE).stdout, subprocess.call('exit 3', shell=True))
total, lock = 0, threading.Lock()
def add(n):
    global total
    for _ in range(1000):
        with lock:
            total += n
threads = [threading.Thread(target=add, args=(n,)) for n in range(8)]
[t.start() for t in threads], [t.join() for t in threads]
print(total, sqlite3.connect(':memory:').execute('select sum(value) from json_each(?)', (json.dumps(list(range(1000))),)).fetchone())
try:
    exec('def deep(n): return deep(n + 1)\ndeep(0)')
except RecursionError as error:
    print(type(error).__name__)
PYTHON
