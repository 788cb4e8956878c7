# ruby: big numbers, strings, fibers, threads, processes, files, the garbage collector.
# packages: ruby
# seconds: 60
cat > /tmp/script.rb << 'RUBY'
require 'digest'
require 'json'
require 'set'
require 'socket'
require 'stringio'
require 'tempfile'
require 'timeout'
require 'open3'
require 'zlib'
$stdout.sync = true
def section(name) = puts("-- #{name}")

section 'numbers'
p 2**200, (1..60).inject(:*), -7 / 2, -7 % 3, 7.fdiv(2), 1e20.to_i, 0.1 + 0.2, 10.pow(77, 1_000_007), 3.14.rationalize(Rational(1, 100)), Complex(1, 2)**3
p 123456789**9 % 987654321, (2**64).bit_length, 255.to_s(16), '1010'.to_i(2), 1.0 / 0, 0.0 / 0, Integer.sqrt(10**30), 17.digits, 1e-7, 100.0, 1e16, 12.gcd(18)
p Random.new(42).then { |r| [r.rand(1000), r.rand(1000), r.rand.round(6)] }, [5, 3, 9].pack('nVq>').unpack1('H*'), 3.7.floor, -3.7.round, 2.5.round(half: :even)

section 'strings'
p 'héllo wörld'.upcase, 'abc'.succ, 'az'.succ, 'hello'[1..3], 'a-b_c'.tr('-_', '  '), 'x' * 3 + 'y', 'hello world'.scan(/o\w?/), 'straße'.bytes.sum, "a\tb".inspect
p '2024-05-06'[/(\d+)-(\d+)/, 2], 'foobar'.gsub(/(?<first>o)/) { $~[:first].upcase }, format('%05.1f|%-5s|%+d|%x|%08b', 3.14159, 'ab', 5, 255, 37), 'abc'.unpack('C*'), 'été'.encode('ISO-8859-1').bytes
p 'The Cat'.swapcase, 'a,b,,c'.split(','), 'a1b22'.scan(/[a-z]\d+/), 'ab' <=> 'b', 'aAbB'.sum, 'hello'.hash == 'hello'.hash, :sym.to_proc.call('x') rescue p $!.class
puts Digest::SHA256.hexdigest('x' * 100_000), Digest::MD5.hexdigest('abc'), Zlib.crc32('hello'), Zlib.inflate(Zlib.deflate('z' * 10_000)).size

section 'collections'
seed = 42
numbers = Array.new(20_000) { seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648; seed % 100_000 }
puts Digest::MD5.hexdigest(numbers.sort.join(' ')), numbers.tally.max_by { |k, v| [v, k] }.inspect, numbers.each_slice(7).map(&:sum).minmax.inspect, numbers.group_by { _1 % 10 }.transform_values(&:size).sort.first(3).inspect
p [3, 1, 2].sort_by { -_1 }, (1..10).each_cons(3).to_a.length, [1, [2, [3]]].flatten, { a: 1, 'b' => 2 }.to_a, %w[x y z].each_with_index.to_h, [1, 2, 3, 4].partition(&:even?), (1..Float::INFINITY).lazy.select(&:even?).map { _1 * 3 }.first(3)
p Set[1, 2] | Set[2, 3], JSON.parse('{"a":[1,2.5,null,true,"\u00e9"]}'), JSON.generate({ x: [1, nil], y: 'q"' }), Marshal.load(Marshal.dump([1, 'two', :three, 4.5, { five: 2**70 }]))
case { name: 'x', list: [1, 2, 3] }
in { name: String => name, list: [first, *rest] }
  p [name, first, rest]
end
h = {}; 50_000.times { |i| h["k#{i}"] = i }; 25_000.times { |i| h.delete("k#{i * 2}") }; p h.size, h.sum { |_, v| v }

section 'control'
fiber = Fiber.new { |x| 3.times { |i| x = Fiber.yield(x + i) }; :done }; p fiber.resume(10), fiber.resume(20), fiber.resume(30), fiber.resume(0)
e = Enumerator.new { |y| a, b = 0, 1; loop { y << a; a, b = b, a + b } }; p e.take(12), e.next, e.next, e.peek
p(catch(:found) { 10.times { |i| throw :found, i if i == 7 } }, begin; Integer('x'); rescue ArgumentError => x; x.message; ensure; 1; end)
def deep(n) = n.zero? ? 0 : 1 + deep(n - 1)
p deep(3000), (def endless(n) = endless(n + 1); begin; endless(0); rescue SystemStackError; :too_deep; end)
p (begin; Timeout.timeout(0.2) { loop {} }; rescue Timeout::Error; :timed_out; end), ObjectSpace.respond_to?(:garbage_collect)
100.times { Array.new(1000) { 'garbage' * 10 } }; GC.start; GC.compact rescue nil; p GC.count.positive?
class Matrix2 < Struct.new(:a, :b, :c, :d); def *(o) = Matrix2.new(a * o.a + b * o.c, a * o.b + b * o.d, c * o.a + d * o.c, c * o.b + d * o.d); end
p (1..90).inject(Matrix2.new(1, 0, 0, 1)) { |m, _| m * Matrix2.new(1, 1, 1, 0) }.b

section 'threads'
total = 0; lock = Mutex.new; (1..8).map { |n| Thread.new { 500.times { lock.synchronize { total += n } } } }.each(&:join); p total
queue, results = Queue.new, Queue.new; workers = 3.times.map { Thread.new { while (x = queue.pop) do results << x * x end } }; (1..200).each { queue << _1 }; queue.close; workers.each(&:join); p results.size.times.sum { results.pop }
p Thread.new { Thread.current[:x] = 5; Thread.stop; Thread.current[:x] }.then { |t| sleep 0.01 until t.stop?; t.run; t.value }, Thread.new { raise 'inside' }.tap { _1.report_on_exception = false }.then { |t| t.join rescue $!.message }
condition, ready = ConditionVariable.new, false; waiter = Thread.new { lock.synchronize { condition.wait(lock) until ready; :woken } }; lock.synchronize { ready = true; condition.signal }; p waiter.value, Thread.new { sleep }.tap { |t| sleep 0.05; t.kill; t.join }.status

section 'processes'
p `echo quoted; exit 3`, $?.exitstatus, system('exit 4'), $?.exitstatus, Open3.capture3('cat; echo e >&2', stdin_data: 'in').first(2)
r, w = IO.pipe; pid = fork { r.close; w.puts 'child'; exit! 6 }; w.close; puts r.read; Process.wait(pid); p $?.exitstatus, $?.signaled?
got = []; trap('USR1') { got << :usr1 }; Process.kill(:USR1, Process.pid); sleep 0.01 while got.empty?; p got; pid = spawn('sleep 30'); Process.kill(:TERM, pid); Process.wait(pid); p $?.termsig, (1..8).map { |i| fork { exit! i } }.map { Process.wait2(_1)[1].exitstatus }
server = TCPServer.new('127.0.0.1', 0); client = Thread.new { TCPSocket.open('127.0.0.1', server.addr[1]) { |s| s.write('x' * 100_000); s.close_write; s.read } }; c = server.accept; p c.read.size; c.write 'reply'; c.close; p client.value
a, b = UNIXSocket.pair; a.send_io(File.open('/dev/zero')); p b.recv_io.read(4).bytes, IO.select([b], [a], nil, 0.1).map(&:size), begin; b.read_nonblock(1); rescue IO::WaitReadable; :would_block; end

section 'files'
Tempfile.create('f') { |f| f.puts((1..10_000).map { "line #{_1}" }); f.flush; p f.size, File.foreach(f.path).first(2), f.tap { _1.seek(5 * 2**30) }.write('end'); f.flush; p File.size(f.path), File.stat(f.path).file?, f.flock(File::LOCK_EX); f.truncate(10); f.rewind; p f.read; File.utime(0, 1_000_000_000, f.path); p File.mtime(f.path).utc }
p Time.at(1_000_000_000).utc.strftime('%F %T %j'), Time.at(2**40).utc.year, Time.utc(1900, 1, 1).to_i, Dir.exist?('/tmp'), (File.read('/nonexistent') rescue $!.class), Process.clock_gettime(Process::CLOCK_MONOTONIC).class
at_exit { puts 'bye' }
RUBY
exec ruby /tmp/script.rb
