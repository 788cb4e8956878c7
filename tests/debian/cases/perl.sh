# What of perl's core leans on what is below it: numbers, sorting, regular expressions, processes, threads, files.
# packages: perl
# seconds: 60
cat > /tmp/script.pl << 'PERL'
use strict;
use warnings;
use Config;
use threads;
use threads::shared;
use Thread::Queue;
use POSIX qw(:sys_wait_h :fcntl_h strftime setlocale floor fmod SIGUSR1 SIGALRM);
use Time::HiRes qw(usleep alarm);
use Socket;
use IO::Handle;
use IO::Select;
use File::Temp qw(tempdir);
use Storable qw(freeze thaw dclone);
use Digest::SHA qw(sha256_hex);
use Digest::MD5 qw(md5_hex);
use List::Util qw(sum reduce shuffle first max);
use Math::BigInt;
use Encode;
use Data::Dumper;
$| = 1;
$Data::Dumper::Sortkeys = $Data::Dumper::Indent = 1;
sub section { print "-- @_\n" }

section 'numbers';
print join(' ', 7 / 2, int(-7 / 2), -7 % 3, 2**0.5, 1e15 + 0.3, 0xff, 0b101, 1_000, 1e1000, -9**9**9, 10 % 3.7), "\n";
print join(' ', map { sprintf '%.15g|%5d|%-4s|%03b|%e|%g|%s', $_, $_, $_, $_, $_, $_, $_ } 3, 12.5), "\n";
print unpack('H*', pack('nNvVCa3A3x2w', 1, 2, 3, 4, 5, 'ab', 'cd', 300)), ' ', unpack('%32C*', 'checksum'), ' ', join(',', unpack('(A2)*', 'aabbcc')), "\n";
print join(' ', unpack('H*', pack('d>f<', 3.14, -2.5)), oct('0x1f'), hex('ffff'), ~0 > 4e9, 9007199254740993, 18446744073709551615, 1 << 31), "\n";
print Math::BigInt->new('123456789012345678901234567890')->bpow(3), ' ', Math::BigInt->new(100)->bfac->length, "\n";
print join(' ', floor(-1.5), fmod(7, 3), POSIX::strtol('777', 8), strftime('%Y-%m-%d %H:%M', gmtime(1e9))), "\n";

section 'sorting';
my $seed = 42;
sub random { $seed = ($seed * 1103515245 + 12345) % 2147483648 }
my @numbers = map { random() % 100000 } 1 .. 20000;
my @sorted = sort { $a <=> $b } @numbers;
print md5_hex("@sorted"), ' ', md5_hex(join ' ', sort @numbers), ' ', md5_hex(join ' ', reverse sort { $b % 100 <=> $a % 100 or $a <=> $b } @numbers), "\n";
my %count; $count{$_ % 1000}++ for @numbers;
print join(' ', (sort { $count{$b} <=> $count{$a} || $a <=> $b } keys %count)[0 .. 4]), ' ', scalar(keys %count), ' ', sum(@numbers), ' ', max(@numbers), "\n";
my $words = dclone([map { { w => $_, l => length } } qw(pear fig banana apple)]);
print join(' ', map { $_->{w} } sort { $a->{l} <=> $b->{l} or $a->{w} cmp $b->{w} } @$words), "\n";

section 'regular expressions';
my $text = join ' ', map { "w$_=" . $_ * 3 } 1 .. 3000;
my $hits = () = $text =~ /w(\d+)=(?=\d*5\b)/g;
print "$hits ", $text =~ s/(\d+)=(\d+)/$2 - $1/ger =~ tr/-//, "\n";
print "$1-$2-$+{year}\n" if 'on 2024-05-06' =~ /(?<year>\d{4})-(\d\d)/;
my $nested = qr/\((?:[^()]++|(?R))*\)/; print "$&\n" if 'f(a(b)c(d(e)))g' =~ $nested;
print join('|', split /(,)\s*/, 'a, b,c'), ' ', join('|', 'aXbXXc' =~ /[^X]+/g), ' ', ('a' x 18) =~ /^(a?){18}a{18}$/ ? 'slow' : 'no', "\n";
print join(' ', map { sprintf '%s:%d', $_, pos($text) // -1 } $text =~ /\G(w\d+)=\d+ /gc ? $1 : ()), "\n";
my $u = "Straße ÉCOLE \x{1F600} \x{3b1}"; $u = decode_utf8("Stra\xc3\x9fe \xc3\x89COLE \xce\xb1") ; binmode STDOUT, ':utf8';
print lc $u, ' ', uc $u, ' ', length $u, ' ', $u =~ /^\w+ \p{Lu}+ \p{Greek}$/ ? 'matches' : 'no', "\n"; binmode STDOUT, ':raw';
(my $code = 'x=1+2') =~ s/(\d)\+(\d)/$1 + $2/e; print "$code ", 'aabb' =~ /^(a)(?(1)a|b)b+(??{ '' })$/ ? 1 : 0, ' ', 'foobar' =~ /(?<=foo)bar(?!baz)/ ? $-[0] : '', "\n";

section 'processes';
my ($r, $w); pipe $r, $w or die; my $pid = fork // die; if (!$pid) { close $r; print $w "from child\n"; close $w; exit 3 }
close $w; print <$r>; waitpid $pid, 0; print $? >> 8, ' ', `echo quoted; exit 2`, $? >> 8, "\n";
my @kids = map { my $n = $_; my $k = fork; exit $n unless $k; $k } 1 .. 10; print join(' ', map { waitpid $_, 0; $? >> 8 } reverse @kids), ' ', wait, "\n";
open my $sort, '|-', 'sort -n' or die; print $sort "$_\n" for 10, 9, 100; close $sort; open my $list, '-|', 'seq', 1, 4 or die; print map { chomp; "$_ " } <$list>; close $list; print "\n";
my $got = ''; $SIG{USR1} = sub { $got .= "usr1($_[0])" }; kill USR1 => $$; $SIG{ALRM} = sub { die "alarm\n" }; eval { alarm 0.05; select undef, undef, undef, 10 while 1 }; print "$got $@";
eval { alarm 0.05; 1 while 1 }; print "again $@"; $SIG{CHLD} = sub { 1 while waitpid(-1, WNOHANG) > 0; $got = 'reaped' }; if (!fork) { exit } for (1 .. 200) { last if $got eq 'reaped'; usleep 20000 } print "$got\n"; $SIG{CHLD} = 'DEFAULT';
my $set = POSIX::SigSet->new(SIGUSR1); POSIX::sigprocmask(POSIX::SIG_BLOCK(), $set); kill USR1 => $$; $got = ''; my $pending = POSIX::SigSet->new; POSIX::sigpending($pending); print $pending->ismember(SIGUSR1), "[$got] "; POSIX::sigprocmask(POSIX::SIG_UNBLOCK(), $set); print "$got\n";
my ($s, $t); socketpair $s, $t, AF_UNIX, SOCK_STREAM, PF_UNSPEC or die; $s->autoflush(1); print $s "over a socket\n"; print scalar <$t>; system 'sh', '-c', 'kill -9 $$'; print $? & 127, "\n"; print exec('/nonexistent') ? '' : "$!\n" if 0; print system({'/bin/sh'} 'renamed', '-c', 'echo $0'), "\n";
socket my $server, PF_INET, SOCK_STREAM, 0 or die; bind $server, sockaddr_in(0, INADDR_LOOPBACK) or die; listen $server, 5; my ($port) = sockaddr_in getsockname $server;
if (!fork) { socket my $c, PF_INET, SOCK_STREAM, 0; connect $c, sockaddr_in($port, INADDR_LOOPBACK) or exit 1; $c->autoflush(1); print $c "x" x 100000, "\n"; print <$c>; exit 0 } accept my $conn, $server; print length(<$conn>), ' ', (IO::Select->new($conn)->can_write(1) ? 'writable' : ''), "\n"; print $conn "reply\n"; close $conn; wait;

section 'threads';
my $total : shared = 0; my @t = map { my $n = $_; threads->create(sub { for (1 .. 500) { lock $total; $total += $n } return $n * $n }) } 1 .. 6; print join(' ', map { $_->join } @t), " $total\n";
my ($in, $out) = (Thread::Queue->new, Thread::Queue->new); my @w = map { threads->create(sub { while (defined(my $x = $in->dequeue)) { $out->enqueue($x * $x) } }) } 1 .. 3; $in->enqueue(1 .. 200); $in->end; $_->join for @w; $out->end; my $sum = 0; while (defined(my $x = $out->dequeue)) { $sum += $x } print "$sum\n";
my %h : shared; $h{x} = shared_clone([1, 2, { y => 3 }]); threads->create(sub { lock %h; $h{x}[2]{y}++; cond_signal(%h) })->join; print $h{x}[2]{y}, ' ', threads->create({ context => 'list' }, sub { (1, 2, 3) })->join, ' ', scalar(threads->list), "\n";
my $e = threads->create(sub { die "in a thread\n" }); { local *STDERR; open STDERR, '>', '/dev/null'; $e->join } print $e->error; my $k = threads->create(sub { local $SIG{KILL} = sub { threads->exit(5) }; sleep 1 while 1 }); usleep 100000; $k->kill('KILL'); $k->join; print "killed\n";

section 'files';
my $dir = tempdir(CLEANUP => 1); open my $f, '+>', "$dir/f" or die; print $f map { "line $_\n" } 1 .. 10000; seek $f, 0, 0; my @l = <$f>; print scalar(@l), ' ', tell $f, ' '; truncate $f, 100; print -s $f, ' '; sysseek $f, 5 * 2**30, 0; syswrite $f, 'end'; close $f; print -s "$dir/f", "\n";
sysopen my $x, "$dir/x", O_CREAT | O_EXCL | O_WRONLY, 0640 or die; flock $x, 2; printf "%o %s\n", (stat $x)[2] & 07777, sysopen(my $y, "$dir/x", O_CREAT | O_EXCL) ? 'opened' : 0 + $!{EEXIST}; utime 1e9, 1e9 + 1, "$dir/x"; print join(' ', (stat "$dir/x")[8, 9]), ' ', -d $dir ? 'dir' : '', ' ', join(',', sort map { s/.*\///r } glob "$dir/*"), "\n";
open my $m, '<', \"in\nmemory\n"; print scalar(() = <$m>), ' '; opendir my $d, $dir; print join(' ', sort readdir $d), ' '; rename "$dir/x", "$dir/z"; symlink 'z', "$dir/s"; print readlink "$dir/s", ' ', unlink("$dir/s", "$dir/z"), "\n"; { local $! = 13; print "$!\n" } print join(' ', map { $_ + 0 } $!{ENOENT} // 0), "\n";

section 'the rest';
print thaw(freeze({ a => [1, 2, { b => 3 }] }))->{a}[2]{b}, ' ', sha256_hex('x' x 100000), ' ', eval { die { code => 7 } } // $@->{code}, ' ', (reduce { $a * $b } 1 .. 10), "\n";
print Dumper({ list => [1, 'two', undef], sub => \'ref', n => -1.5 }), join(' ', map { ref } \1, [], {}, sub { }, qr/x/, \\1), "\n"; { package Counter; sub new { bless { n => $_[1] }, $_[0] } sub DESTROY { print "gone $_[0]{n}\n" } our $AUTOLOAD; sub AUTOLOAD { my $m = $AUTOLOAD =~ s/.*:://r; "called $m" } use overload '+' => sub { Counter->new($_[0]{n} + (ref $_[1] ? $_[1]{n} : $_[1])) }, '""' => sub { "<$_[0]{n}>" } } { my $c = Counter->new(1) + 5; print "$c ", $c->anything, "\n" }
my $deep = sub { my ($f, $n) = @_; $n ? 1 + $f->($f, $n - 1) : 0 }; { no warnings 'recursion'; print $deep->($deep, 5000), "\n" } my $closure = do { my $n = 0; sub { ++$n } }; $closure->() for 1 .. 99; print $closure->(), ' ', join(',', map { local $_ = $_; tr/a-c/A-C/; $_ } qw(abc cab)), ' ', wantarray() // 'undef', ' ', "@{[map { $_ ** 2 } grep { $_ & 1 } 1 .. 9]}", "\n";
our ($name, $amount) = ('widget', 12.345); eval "format STDOUT =\n@<<<<<<<< @>>>>> @##.##\n\$name, 'x', \$amount\n.\n1" or die; write; print "ok\n";
PERL
exec perl /tmp/script.pl
