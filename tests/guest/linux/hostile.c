/* Covers: a program that tries to reach what is not its own memory: system
 * calls with ranges that end beyond the address space or begin in nobody's
 * land, descriptors of other memory, mappings everywhere.  Each must fail as
 * Linux fails it, and whatever succeeds must leave the machine running. */
#include "t.h"
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096ul
/* The last addresses there are, and ranges that wrap around from them. */
#define TOP ((char *)-PAGE)
#define WRAP ((size_t)-1 / 2 + 1)


/* That nothing is done is what counts; why differs with how many addresses a machine has. */
#define REFUSED(call) refused((call), #call)
static void refused(long result, const char *call)
{
    int right = result == -1 && (errno == EFAULT || errno == EINVAL || errno == ENOMEM);
    printf("%s %s\n", right ? "ok" : "FAIL", call);
    t_failures += !right;
}

static int zero, null, pipes[2], pair[2];

static void transfers(void)
{
    struct iovec bad[2] = {{TOP, 2 * PAGE}, {0}}, sum[2];
    static char some[64];
    REFUSED(read(zero, TOP, 2 * PAGE));
    REFUSED(read(zero, (void *)16, 64));
    REFUSED(read(zero, TOP, 64));
    REFUSED(pread(zero, TOP, 2 * PAGE, 0));
    REFUSED(write(pipes[1], TOP, 2 * PAGE));
    REFUSED(write(pipes[1], TOP, 64));
    REFUSED(getrandom(TOP, 64, 0));
    REFUSED(syscall(SYS_getrandom, TOP, 2 * PAGE, 0));
    REFUSED(readv(zero, bad, 1));
    REFUSED(writev(pipes[1], bad, 1));
    /* Lengths whose sum is small again. */
    sum[0] = (struct iovec){some, WRAP};
    sum[1] = (struct iovec){some, WRAP + 16};
    REFUSED(readv(zero, sum, 2));
    REFUSED(writev(pipes[1], sum, 2));
    REFUSED(readv(zero, (void *)TOP, 1));
    REFUSED(readv(zero, bad, 100000));
    REFUSED(readv(zero, bad, -1));
    REFUSED(vmsplice(pipes[1], bad, 1, 0));
    REFUSED(syscall(SYS_getcwd, TOP, 2 * PAGE));
    REFUSED(readlink("/proc/self/cwd", TOP, 64));
    REFUSED(syscall(SYS_mincore, TOP, 2 * PAGE, some));
}

static void messages(void)
{
    struct iovec good = {"x", 1}, bad = {TOP, 2 * PAGE};
    struct msghdr m = {.msg_iov = &bad, .msg_iovlen = 1};
    REFUSED(sendmsg(pair[0], &m, 0));
    REFUSED(sendmsg(pair[0], (void *)TOP, 0));
    m = (struct msghdr){.msg_iov = (void *)TOP, .msg_iovlen = 3};
    REFUSED(sendmsg(pair[0], &m, 0));
    m = (struct msghdr){.msg_iov = &good, .msg_iovlen = 1, .msg_control = TOP, .msg_controllen = 64};
    REFUSED(sendmsg(pair[0], &m, 0));
    m = (struct msghdr){.msg_iov = &good, .msg_iovlen = 1, .msg_name = TOP, .msg_namelen = 16};
    REFUSED(sendmsg(pair[0], &m, 0));
    REFUSED(send(pair[0], TOP, 64, 0));
    CHECK(send(pair[0], "y", 1, 0) == 1);
    m = (struct msghdr){.msg_iov = &bad, .msg_iovlen = 1};
    REFUSED(recvmsg(pair[1], &m, MSG_DONTWAIT));
    char c[4];
    CHECK(recv(pair[1], c, 1, MSG_DONTWAIT) == 1 && c[0] == 'y');
    REFUSED(bind(pair[0], (void *)TOP, 16));
    REFUSED(getsockname(pair[0], (void *)TOP, (void *)TOP));
    REFUSED(setsockopt(pair[0], SOL_SOCKET, SO_RCVBUF, TOP, 4));
    REFUSED(getsockopt(pair[0], SOL_SOCKET, SO_RCVBUF, c, (void *)TOP));
    /* Options that hold addresses, of which the kernel would write to. */
    char option[128];
    memset(option, 0x41, sizeof option);
    socklen_t n = sizeof option;
    int s = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(getsockopt(s, 284, 4, option, &n) == -1);
    CHECK(setsockopt(s, 283, 4, option, 32) == -1);
    CHECK(getsockopt(s, IPPROTO_TCP, 35, option, &n) == -1);
    close(s);
}

static void structures(void)
{
    REFUSED(syscall(SYS_uname, TOP));
    REFUSED(syscall(SYS_sysinfo, TOP));
    REFUSED(syscall(SYS_pipe2, TOP, 0));
    REFUSED(syscall(SYS_getitimer, ITIMER_REAL, TOP));
    REFUSED(syscall(SYS_rt_sigaction, SIGUSR1, TOP, 0, 8) == -1 ? -1 : syscall(SYS_rt_sigaction, SIGUSR1, TOP, 0, 16));
    REFUSED(syscall(SYS_sigaltstack, TOP, 0));
    REFUSED(poll((void *)TOP, 4000, 0));
    REFUSED(poll((void *)(TOP + PAGE - 8), 3, 0));
        REFUSED(syscall(SYS_getrusage, RUSAGE_SELF, TOP));
    REFUSED(syscall(SYS_nanosleep, TOP, 0));
    REFUSED(syscall(SYS_gettimeofday, TOP, TOP));
    REFUSED(syscall(SYS_clock_gettime, CLOCK_REALTIME, TOP));
    REFUSED(syscall(SYS_statx, AT_FDCWD, "/", 0, 0x7ff, TOP));
    REFUSED(syscall(SYS_getdents64, open("/", O_RDONLY), TOP, PAGE * 2));
    REFUSED(open(TOP, O_RDONLY));
    REFUSED(mkdir((char *)-1, 0700));
    REFUSED(execve("/proc/self/exe", (void *)TOP, 0));
    REFUSED(getgroups(-1, (void *)TOP));
    REFUSED(syscall(SYS_timer_create, CLOCK_REALTIME, TOP, TOP));
    REFUSED(syscall(SYS_futex, TOP, 0, 0, 0, 0, 0) == -1 && errno == EAGAIN ? 0 : (errno = EFAULT, -1));
    int e = epoll_create1(0);
    REFUSED(epoll_ctl(e, EPOLL_CTL_ADD, pipes[0], (void *)TOP));
    REFUSED(epoll_wait(e, (void *)TOP, 1 << 28, 0));
    close(e);
}

/* Mappings where none can be, or where the kernel's own pages are. */
static void mappings(void)
{
    int bad = 0, made = 0;
    char *own = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    strcpy(own, "still here");
    for (uint64_t at = 0; at < 1ull << 32; at += 1 << 26) {
        /* Just tries that nothing is where it may be; what is there stays. */
        char *p = mmap((void *)(uintptr_t)at, PAGE, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
        if (p != MAP_FAILED) {
            bad += p != (char *)(uintptr_t)at;
            *p = 1;
            made++;
            munmap(p, PAGE);
        }
    }
    CHECK(!bad && made > 8);
    REFUSED((long)mmap(TOP, 2 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
    REFUSED((long)mmap(TOP, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
    REFUSED((long)mmap(0, -PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    REFUSED((long)mmap((void *)(16 * PAGE), -PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
    REFUSED(munmap(TOP, 2 * PAGE));
    REFUSED(munmap(own, -PAGE));
    REFUSED(mprotect(TOP, 2 * PAGE, PROT_READ));
    REFUSED(mprotect(own, -PAGE, PROT_READ));
    REFUSED(madvise(own, -PAGE, MADV_DONTNEED));
    REFUSED(msync(own, -PAGE, MS_SYNC));
    REFUSED((long)mremap(own, PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, TOP));
    REFUSED((long)mremap(own, PAGE, -PAGE, MREMAP_MAYMOVE));
    REFUSED((long)mremap(own, -PAGE, PAGE, MREMAP_MAYMOVE));
    REFUSED((long)mremap(TOP, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, own));
    CHECK(!strcmp(own, "still here"));
    char *heap = sbrk(0);
    CHECK((char *)syscall(SYS_brk, 0L) == heap);
    CHECK((char *)syscall(SYS_brk, -1L) == heap && (char *)syscall(SYS_brk, 4096L) == heap);
    int id = shmget(IPC_PRIVATE, 2 * PAGE, 0600 | IPC_CREAT);
    CHECK(shmat(id, TOP, 0) == (void *)-1 && shmat(id, TOP, SHM_REMAP) == (void *)-1);
    shmctl(id, IPC_RMID, 0);
}

/* Whether every way to open a process's memory by this path is closed, or leads to the guest's own. */
static int closed(const char *path)
{
    static const char secret[] = "the guest's own";
    int fd = open(path, O_RDWR);
    if (fd < 0)
        return 1;
    char found[sizeof secret] = "";
    int own = pread(fd, found, sizeof secret, (uintptr_t)secret) == sizeof secret && !memcmp(found, secret, sizeof secret);
    close(fd);
    return own;
}

/* The same of a descriptor that may be for writing only. */
static int own_or_none(int fd)
{
    static char target[8];
    int own = fd < 0 || (pwrite(fd, "written", 8, (uintptr_t)target) == 8 && !strcmp(target, "written"));
    close(fd);
    return own;
}

static void processes(void)
{
    char path[64];
    CHECK(closed("/proc/self/mem") && closed("/proc/thread-self/mem") && closed("/proc/self/../self/mem"));
    CHECK(own_or_none(creat("/proc/self/mem", 0600)));
    struct { uint64_t flags, mode, resolve; } how = {O_RDWR};
    CHECK(own_or_none(syscall(SYS_openat2, AT_FDCWD, "/proc/self/mem", &how, sizeof how)));
    sprintf(path, "/proc/%d/mem", getpid());
    CHECK(closed(path));
    sprintf(path, "/proc/self/task/%d/mem", getpid());
    CHECK(closed(path));
    /* A path that is opened without rights first, and in earnest by its descriptor. */
    int fd = open("/proc/self/mem", O_PATH);
    sprintf(path, "/proc/self/fd/%d", fd);
    CHECK(closed(path));
    close(fd);
    pid_t parent = getpid(), child = fork();
    if (child == 0) {
        sprintf(path, "/proc/%d/mem", parent);
        int open_parent = !closed(path);
        pause();
        _exit(open_parent);
    }
    sprintf(path, "/proc/%d/mem", child);
    CHECK(closed(path));
    kill(child, SIGKILL);
    waitpid(child, 0, 0);
    CHECK(prctl(PR_SET_MM, PR_SET_MM_START_BRK, 0x10000, 0, 0) == -1);
    CHECK(prctl(59 /* PR_SET_SYSCALL_USER_DISPATCH */, 1, 0, -1, TOP) == -1);
    CHECK(syscall(SYS_perf_event_open, TOP, 0, -1, -1, 0) == -1);
    CHECK(syscall(SYS_bpf, 5, TOP, 64) == -1);
    CHECK(syscall(SYS_set_robust_list, TOP, 7) == -1);
}

/* What a tracer may ask for, where addresses are nobody's, and what is no tracee. */
static void tracing(void)
{
    static const char secret[] = "a tracee's own";
    char found[sizeof secret] = "";
    long words[64];
    pid_t child = fork();
    if (child == 0) {
        ptrace(PTRACE_TRACEME, 0, 0, 0);
        raise(SIGSTOP);
        _exit(0);
    }
    waitpid(child, 0, 0);
    struct iovec here = {found, sizeof found}, there = {(void *)secret, sizeof secret}, bad = {TOP, 2 * PAGE};
    CHECK(process_vm_readv(child, &here, 1, &there, 1, 0) == sizeof secret && !strcmp(found, secret));
    REFUSED(process_vm_readv(child, &here, 1, &bad, 1, 0));
    REFUSED(process_vm_writev(child, &here, 1, &bad, 1, 0));
    bad.iov_len = WRAP;
    REFUSED(process_vm_readv(child, &here, 1, &bad, 1, 0));
    REFUSED(syscall(SYS_ptrace, PTRACE_PEEKDATA, child, secret, TOP + PAGE - 4));
    REFUSED(syscall(SYS_ptrace, PTRACE_GETREGS, child, 0, TOP));
    REFUSED(syscall(SYS_ptrace, PTRACE_SETREGS, child, 0, TOP));
    REFUSED(syscall(SYS_ptrace, PTRACE_GETREGSET, child, 1, TOP));
    REFUSED(syscall(SYS_ptrace, PTRACE_SETREGSET, child, 1, &bad));
    CHECK(syscall(SYS_ptrace, PTRACE_PEEKDATA, child, TOP + PAGE - 1, words) == -1);
    CHECK(syscall(SYS_ptrace, PTRACE_POKEDATA, child, TOP + PAGE - 1, -1L) == -1);
    CHECK(syscall(SYS_ptrace, PTRACE_POKEDATA, child, 0, -1L) == -1);
    CHECK(syscall(SYS_ptrace, PTRACE_PEEKUSER, child, -4L, words) == -1);
    CHECK(syscall(SYS_ptrace, PTRACE_POKEUSER, child, 0x10000, 0) == -1);
    CHECK(syscall(SYS_ptrace, PTRACE_SEIZE, getppid(), 4, 0) == -1);
    /* What looks as a stop of Demotic's own shows nothing. */
    siginfo_t forged = {.si_signo = SIGTRAP, .si_code = -0x0d3071c};
    forged.si_value.sival_ptr = TOP;
    syscall(SYS_rt_tgsigqueueinfo, child, child, SIGTRAP, &forged);
    kill(child, SIGKILL);
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status));
}

int main(void)
{
    setvbuf(stdout, 0, _IOLBF, 0);
    zero = open("/dev/zero", O_RDONLY), null = open("/dev/null", O_WRONLY);
    pipe(pipes);
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    transfers();
    messages();
    structures();
    mappings();
    processes();
    tracing();
    return t_done();
}
