# node: compiled and collected code, workers, WebAssembly, files, processes, a web server, crypto, zlib.
# packages: nodejs
# seconds: 120
set -e
cd /tmp
cat > hot.js <<'JS'
function fib(n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
console.log(fib(24));
class Shape { constructor(n) { this.n = n; } area() { return this.n * this.n; } }
class Other extends Shape { area() { return super.area() + 0.5; } }
let sum = 0;
for (let i = 0; i < 200000; i++) sum += (i % 3 ? new Shape(i % 100) : new Other(i % 100)).area();
console.log(sum);
const words = new Map();
for (let i = 0; i < 50000; i++) words.set('k' + (i % 1000), (words.get('k' + (i % 1000)) || 0) + i);
console.log(words.size, words.get('k7'));
console.log([3, 1, 2].sort().join(), JSON.stringify({ a: [1, { b: null }], c: 'é' }), 0.1 + 0.2, 2n ** 100n);
console.log('2023-11-05 x'.replace(/(?<y>\d+)-(?<m>\d+)/u, '$<m>/$<y>'), new Date(0).toISOString());
let garbage = [];
for (let i = 0; i < 100; i++) { garbage.push(new Array(2000).fill(i)); if (i % 10 === 9) garbage = []; }
function deopt(x) { return x + 1; }
for (let i = 0; i < 20000; i++) deopt(i);
console.log(deopt('s'), deopt(1.5), deopt(2 ** 31), Math.imul(0x12345678, 0x9abcdef0), -1 >>> 0, 1e21 + 1);
try { (function f() { f(); })(); } catch (e) { console.log(e instanceof RangeError); }
try { null.x; } catch (e) { console.log(e.message); }
const view = new DataView(new ArrayBuffer(16));
view.setFloat64(1, Math.PI); console.log(view.getUint32(3).toString(16), Math.sin(1e5).toFixed(12));
function* gen() { for (let i = 0; ; i++) yield i * i; }
for (const x of gen()) { if (x > 50) break; sum += x; }
console.log(sum, [...new Set([1, 1, 2])].length, Symbol('s').toString());
JS
node hot.js
cat > async.js <<'JS'
const { Worker, isMainThread, parentPort, workerData } = require('worker_threads');
if (!isMainThread) {
    let x = workerData.seed;
    for (let i = 0; i < 100000; i++) x = (x * 1103515245 + 12345) & 0x7fffffff;
    Atomics.add(new Int32Array(workerData.shared), 0, 1);
    parentPort.postMessage(x);
} else (async () => {
    const shared = new SharedArrayBuffer(4);
    const run = seed => new Promise((ok, bad) => {
        const w = new Worker(__filename, { workerData: { seed, shared } });
        w.on('message', ok); w.on('error', bad);
    });
    console.log(await Promise.all([1, 2, 3].map(run)), Atomics.load(new Int32Array(shared), 0));
    const fs = require('fs').promises;
    await fs.writeFile('f', 'x'.repeat(100000));
    console.log((await fs.readFile('f')).length, (await fs.stat('f')).size);
    const crypto = require('crypto'), zlib = require('zlib');
    console.log(crypto.createHash('sha256').update('a').digest('hex'));
    console.log(crypto.pbkdf2Sync('p', 's', 1000, 16, 'sha512').toString('hex'));
    console.log(zlib.gunzipSync(zlib.gzipSync('y'.repeat(5000))).length, zlib.brotliDecompressSync(zlib.brotliCompressSync('z'.repeat(500))).length);
    const cp = require('child_process');
    console.log(cp.execSync('echo from a shell').toString().trim(), cp.spawnSync('sh', ['-c', 'kill -9 $$']).signal);
    const wasm = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 7, 1, 96, 2, 127, 127, 1, 127, 3, 2, 1, 0, 7, 7, 1, 3, 97, 100, 100, 0, 0, 10, 9, 1, 7, 0, 32, 0, 32, 1, 106, 11]);
    const { instance } = await WebAssembly.instantiate(wasm);
    console.log(instance.exports.add(40, 2));
    const http = require('http');
    const server = http.createServer((q, r) => { let n = 0; q.on('data', d => n += d.length).on('end', () => r.end(q.method + ' ' + n)); });
    await new Promise(ok => server.listen(0, ok));
    const ask = () => new Promise(ok => {
        const q = http.request({ port: server.address().port, method: 'POST' }, r => r.on('data', d => ok(String(d))));
        q.end('b'.repeat(70000));
    });
    for (let i = 0; i < 20; i++) await ask();
    console.log(await ask());
    server.close();
    process.on('SIGUSR2', () => { console.log('signal'); clearInterval(timer); });
    const timer = setInterval(() => {}, 1000);
    setTimeout(() => process.kill(process.pid, 'SIGUSR2'), 50);
})();
JS
node async.js
node -e 'process.exit(3)' || echo "status $?"
node -e 'throw new Error("uncaught")' 2>&1 | grep '^Error'
node --expose-gc -e 'for (let i = 0; i < 5; i++) { let a = []; for (let j = 0; j < 20000; j++) a.push({j}); gc(); } console.log("collected")'
echo 'console.log(1 + 1)' | node -
