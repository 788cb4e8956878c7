# PHP: numbers of this width only as far as both have them, strings, arrays, objects, generators, regular expressions, files.
# packages: php-cli
# seconds: 60
cat > /tmp/script.php << 'PHP'
<?php
ini_set('serialize_precision', '17');
function section(string $name): void { echo "-- $name\n"; }

section('numbers');
var_dump(7 / 2, intdiv(-7, 2), -7 % 3, 2 ** 10, 2 ** 0.5, 0.1 + 0.2, 1e100, PHP_FLOAT_EPSILON, fdiv(1, 0), is_nan(NAN), 0x7fffffff, 1_000_000, "10" == "1e1", 0 == "a", "abc" <=> "abd", 7 <=> 7.0);
echo number_format(1234567.891, 2), ' ', round(2.5), ' ', round(-3.455, 2), ' ', floor(-1.5), ' ', base_convert('ff', 16, 2), ' ', hypot(3, 4), ' ', fmod(10, 3), ' ', bin2hex(pack('nvNVC', 1, 2, 3, 4, 5)), "\n";
mt_srand(42); echo mt_rand(1, 1000), ' ', mt_rand(1, 1000), ' ', crc32('x') & 0x7fffffff, ' ', dechex(hexdec('7f')), ' ', 5 <=> 3, ' ', 6 & 3 | 8, ' ', ~5, ' ', 1 << 20, "\n";

section('strings');
printf("%05.1f|%-6s|%+d|%x|%b|%'*10s|%e|%c\n", 3.14159, 'ab', 5, 255, 5, 'pad', 12345.678, 65);
echo strrev('hello'), ' ', ucwords('the quick fox'), ' ', wordwrap('The quick brown fox', 10, "\n", true), ' ', similar_text('World', 'Word'), ' ', levenshtein('kitten', 'sitting'), ' ', soundex('Robert'), ' ', metaphone('Thompson'), ' ', nl2br("a\nb"), ' ', strtr('hi all', ['hi' => 'bye', 'all' => 'you']), "\n";
echo md5('abc'), ' ', sha1('abc'), ' ', hash('sha256', str_repeat('x', 100000)), ' ', hash('crc32b', 'hello'), ' ', hash('xxh3', 'hello'), ' ', base64_encode('bytes'), ' ', bin2hex(hash_hmac('md5', 'a', 'k', true)), "\n";
echo preg_replace_callback('/(\w)(\w*)/', fn($m) => strtoupper($m[1]) . $m[2], 'hello big world'), ' ', preg_match('/(?<y>\d{4})-(\d\d)/', 'on 2024-05-06', $m), $m['y'], ' ', implode('|', preg_split('/[\s,]+/', "a, b  c,d")), ' ', preg_match('/^\p{Lu}\w+$/u', 'Édith'), ' ', preg_replace('/(?<=o)x/', '-', 'oxax'), ' ', strlen(preg_replace('/a/', 'bb', str_repeat('a', 50000))), "\n";
echo json_encode(['a' => [1, 2.5, null, true, "é\"/"], 'o' => new stdClass]), ' ', json_decode('{"x":{"y":[1,2,{"z":3}]}}')->x->y[2]->z, ' ', json_last_error_msg(), ' ', serialize(['k' => 1.5, 2 => false]), ' ', unserialize('a:1:{i:0;s:1:"x";}')[0], ' ', var_export([1, 'a' => null], true), "\n";

section('arrays');
$seed = 42; $list = [];
for ($i = 0; $i < 20000; $i++) { $seed = ($seed * 1103 + 12345) % 1000003; $list[] = $seed % 10007; }
sort($list); echo md5(implode(' ', $list)), ' '; usort($list, fn($a, $b) => $a % 100 <=> $b % 100 ?: $b <=> $a); echo md5(implode(' ', $list)), ' ', array_sum($list), ' ', count(array_unique($list)), "\n";
$h = []; for ($i = 0; $i < 50000; $i++) $h["k$i"] = $i; for ($i = 0; $i < 50000; $i += 2) unset($h["k$i"]); echo count($h), ' ', array_sum($h), ' ', array_key_first($h), "\n";
[$a, [, $b]] = [1, [2, 3]]; ['k' => $c] = ['k' => 4]; echo "$a$b$c ", implode(',', array_map(null, [1, 2], [3, 4])[1]), ' ', implode(',', array_filter(range(1, 10), fn($x) => $x & 1)), ' ', array_reduce([1, 2, 3], fn($c, $x) => $c * 10 + $x), ' ', implode(',', array_slice([1, 2, 3, 4], -2)), ' ', implode(',', array_merge([1], [...[2, 3]])), ' ', json_encode(array_chunk([1, 2, 3], 2)), ' ', implode(',', array_splice($list, 0, 3)), ' ', json_encode(array_count_values(str_split('hello'))), "\n";
$x = ['b' => 1, 'a' => 2, 10 => 3, '9' => 4]; ksort($x); echo json_encode($x), ' '; arsort($x); echo json_encode($x), ' '; $n = ['img12', 'img10', 'IMG2']; natcasesort($n); echo implode(',', $n), ' ', max([1, 5, 3]), ' ', compact('a', 'b')['b'], "\n";

section('objects');
enum Suit: string { case Hearts = 'H'; case Spades = 'S'; public function label(): string { return ucfirst(strtolower($this->name)); } }
interface Shape { public function area(): float; } trait Named { public function name(): string { return static::class; } }
final class Circle implements Shape { use Named; public function __construct(private readonly float $r) {} public function area(): float { return round(M_PI * $this->r ** 2, 6); } public function __get($k) { return "no $k"; } public function __destruct() { echo "[gone]"; } }
$c = new Circle(2); echo $c->area(), ' ', $c->name(), ' ', $c->nothing, ' ', Suit::from('H')->label(), ' ', Suit::tryFrom('X')?->label() ?? 'none', ' '; unset($c); echo "\n";
function numbers() { $got = yield 1; echo "got $got "; yield from [2, 3]; return 4; } $g = numbers(); echo $g->current(), ' '; $g->send('x'); for (; $g->valid(); $g->next()) echo $g->current(), ' '; echo $g->getReturn(), ' ', match (true) { $g->valid() => 'more', default => 'done' }, "\n";
try { try { throw new DomainException('inner', 3); } finally { echo 'finally '; } } catch (LogicException $e) { echo get_class($e), $e->getCode(), ' '; } try { intdiv(1, 0); } catch (DivisionByZeroError $e) { echo $e->getMessage(), ' '; } try { (function (int $x) {})('a'); } catch (TypeError $e) { echo 'TypeError', "\n"; }
$f = new Fiber(function ($x) { $y = Fiber::suspend($x * 2); echo "resumed with $y "; return 'end'; }); echo $f->start(5), ' '; $f->resume('z'); echo $f->getReturn(), ' '; $o = new ArrayObject([3, 1, 2]); $o->uasort(fn($a, $b) => $a <=> $b); echo implode(',', (array) $o), ' '; $q = new SplPriorityQueue; foreach ([3, 9, 1] as $p) $q->insert("p$p", $p); echo $q->extract(), ' ', (new ReflectionClass('Shape'))->isInterface() ? 'interface' : '', "\n";
function fib($n) { return $n < 2 ? $n : fib($n - 1) + fib($n - 2); } echo fib(22), ' ', (function ($n) { $s = 0; for ($i = 1; $i <= $n; $i++) for ($j = $i; $j <= $n; $j += $i) $s += $i & 7; return $s; })(3000), ' ', str_repeat('=', 3), "\n"; function deep($n) { return $n ? 1 + deep($n - 1) : 0; } echo deep(20000), ' '; $cycle = []; for ($i = 0; $i < 20000; $i++) { $a = new stdClass; $b = new stdClass; $a->b = $b; $b->a = $a; } echo gc_collect_cycles() > 0 ? 'collected' : 'none', "\n";

section('the system');
$name = tempnam('/tmp', 'php'); file_put_contents($name, implode("\n", range(1, 1000))); echo filesize($name), ' ', count(file($name)), ' ', md5_file($name), ' '; $f = fopen($name, 'r+'); fseek($f, -4, SEEK_END); echo fread($f, 10), ' ', var_export(feof($f), true), ' ', flock($f, LOCK_EX), ' '; ftruncate($f, 10); rewind($f); echo json_encode(stream_get_contents($f)), ' ', decoct(fileperms($name) & 0777), ' '; touch($name, 1000000000); clearstatcache(); echo gmdate('Y-m-d H:i:s', filemtime($name)), ' '; unlink($name); echo var_export(@file_get_contents($name), true), "\n";
echo shell_exec('echo shell'), exec('echo one; echo last', $lines, $status), ' ', count($lines), ' '; passthru('exit 3', $status); echo $status, ' '; $p = proc_open(['tr', 'a-z', 'A-Z'], [['pipe', 'r'], ['pipe', 'w']], $pipes); fwrite($pipes[0], 'loud'); fclose($pipes[0]); echo stream_get_contents($pipes[1]), ' ', proc_close($p), ' ', getenv('NONE') === false ? 'unset' : '', "\n";
$s = stream_socket_server('tcp://127.0.0.1:0'); $c = stream_socket_client('tcp://' . stream_socket_get_name($s, false)); $a = stream_socket_accept($s); fwrite($c, "over tcp\n"); echo trim(fgets($a)), ' '; [$l, $r] = stream_socket_pair(STREAM_PF_UNIX, STREAM_SOCK_STREAM, 0); fwrite($l, 'pair'); $read = [$r]; $w = $e = null; echo stream_select($read, $w, $e, 1), fread($r, 4), ' ', (new DateTime('@0'))->modify('+1 year')->format('c'), ' ', date('D, d M Y', 86400 * 365), ' ', (new DateTime('2024-01-31', new DateTimeZone('UTC')))->diff(new DateTime('2024-03-01', new DateTimeZone('UTC')))->days, ' ', checkdate(2, 29, 2023) ? 'yes' : 'no', "\n";
if (function_exists('pcntl_fork')) { $pid = pcntl_fork(); if (!$pid) exit(7); pcntl_waitpid($pid, $status); echo pcntl_wexitstatus($status), ' '; pcntl_async_signals(true); pcntl_signal(SIGUSR1, function ($n) { echo $n === SIGUSR1 ? 'usr1' : $n, "\n"; }); exec("kill -USR1 " . getmypid()); }
echo gzuncompress(gzcompress(str_repeat('z', 1000))) === str_repeat('z', 1000) ? 'zlib ' : '', implode(' ', array_map('strlen', [uniqid(), password_hash('x', PASSWORD_BCRYPT, ['cost' => 4])])), ' ', password_verify('x', password_hash('x', PASSWORD_BCRYPT, ['cost' => 4])) ? 'verified' : 'wrong', "\n";

PHP
exec php -d display_errors=stderr /tmp/script.php
