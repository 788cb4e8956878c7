/* The minimal run-time: entry code and system calls for each machine, buffered
 * output, a small print, and the functions that gcc may call on its own. */
#include "mini.h"
#include <stdarg.h>

/* Entry: the stack pointer points at argc, argv follows. */
#if defined __thumb__
__asm__(".text\n.globl _start\n.type _start, %function\n.thumb_func\n_start:\n"
        "    mov r0, sp\n    mov r1, sp\n    bic r1, r1, #7\n    mov sp, r1\n    bl start\n");
#elif defined __arm__
__asm__(".text\n.globl _start\n.type _start, %function\n_start:\n"
        "    mov r0, sp\n    bic sp, sp, #7\n    bl start\n");
#elif defined __mips__
__asm__(".text\n.globl __start\n.type __start, @function\n.set noreorder\n__start:\n"
        "    move $a0, $sp\n    li $t0, -8\n    and $sp, $sp, $t0\n"
        "    jal start\n    addiu $sp, $sp, -16\n    .set reorder\n"); /* room for argument registers */
#else
#error "no entry code for this machine"
#endif

#if defined __arm__
enum { NR_EXIT = 1, NR_READ = 3, NR_WRITE = 4, NR_OPEN = 5, NR_CLOSE = 6 };
static long call(long nr, long a, long b, long c)
{
    register long r7 __asm__("r7") = nr;
    register long r0 __asm__("r0") = a;
    register long r1 __asm__("r1") = b;
    register long r2 __asm__("r2") = c;
    __asm__ volatile("svc #0" : "+r"(r0) : "r"(r7), "r"(r1), "r"(r2) : "memory");
    return r0;
}
#else
enum { NR_EXIT = 4001, NR_READ = 4003, NR_WRITE = 4004, NR_OPEN = 4005, NR_CLOSE = 4006 };
static long call(long nr, long a, long b, long c)
{
    register long v0 __asm__("$2") = nr;
    register long a0 __asm__("$4") = a;
    register long a1 __asm__("$5") = b;
    register long a2 __asm__("$6") = c;
    register long a3 __asm__("$7");
    __asm__ volatile("syscall"
                     : "+r"(v0), "=r"(a3)
                     : "r"(a0), "r"(a1), "r"(a2)
                     : "memory", "$1", "$3", "$8", "$9", "$10", "$11", "$12", "$13", "$14", "$15", "$24", "$25", "hi", "lo");
    return a3 ? -v0 : v0;   /* a3 tells whether v0 is an error number */
}
#endif

int sys_open(const char *path) { return (int)call(NR_OPEN, (long)path, 0, 0); }
int sys_close(int fd) { return (int)call(NR_CLOSE, fd, 0, 0); }
int sys_read(int fd, void *buf, size_t n) { return (int)call(NR_READ, fd, (long)buf, (long)n); }
int sys_write(int fd, const void *buf, size_t n) { return (int)call(NR_WRITE, fd, (long)buf, (long)n); }
void sys_exit(int status)
{
    for (;;)
        call(NR_EXIT, status, 0, 0);
}

static char out[1024];
static size_t used;

void flush(void)
{
    for (size_t done = 0; done < used;) {
        int n = sys_write(1, out + done, used - done);
        if (n <= 0)
            break;
        done += (size_t)n;
    }
    used = 0;
}

void putch(char c)
{
    if (used == sizeof out)
        flush();
    out[used++] = c;
}

static void number(unsigned v, unsigned base, int negative, int width, char pad)
{
    char digit[12];
    int n = 0;
    do {
        digit[n++] = "0123456789abcdef"[v % base];
        v /= base;
    } while (v);
    if (negative && pad == '0')
        putch('-');
    for (int i = n + negative; i < width; i++)
        putch(pad);
    if (negative && pad != '0')
        putch('-');
    while (n)
        putch(digit[--n]);
}

void print(const char *f, ...)
{
    va_list ap;
    va_start(ap, f);
    for (; *f; f++) {
        if (*f != '%') {
            putch(*f);
            continue;
        }
        char pad = ' ';
        int width = 0;
        if (*++f == '0')
            pad = '0';
        for (; *f >= '0' && *f <= '9'; f++)
            width = width * 10 + (*f - '0');
        switch (*f) {
        case 'd': {
            int v = va_arg(ap, int);
            number(v < 0 ? 0u - (unsigned)v : (unsigned)v, 10, v < 0, width, pad);
            break;
        }
        case 'u': number(va_arg(ap, unsigned), 10, 0, width, pad); break;
        case 'x': number(va_arg(ap, unsigned), 16, 0, width, pad); break;
        case 'c': putch((char)va_arg(ap, int)); break;
        case 's': {
            const char *s = va_arg(ap, const char *);
            for (int i = (int)strlen(s); i < width; i++)
                putch(' ');
            while (*s)
                putch(*s++);
            break;
        }
        default: putch(*f); break;
        }
    }
    va_end(ap);
}

void start(long *sp) __attribute__((noreturn, used));
void start(long *sp)
{
    int status = main((int)sp[0], (char **)(sp + 1));
    flush();
    sys_exit(status);
}

/* gcc calls these for copies and fills in the source. */
void *memcpy(void *d, const void *s, size_t n)
{
    char *p = d;
    const char *q = s;
    while (n--)
        *p++ = *q++;
    return d;
}
void *memset(void *d, int c, size_t n)
{
    char *p = d;
    while (n--)
        *p++ = (char)c;
    return d;
}
size_t strlen(const char *s)
{
    size_t n = 0;
    while (s[n])
        n++;
    return n;
}

#ifdef __arm__
/* The division routines of libgcc refer to these: division by zero ends the
 * program, and nothing here is ever unwound. */
int raise(int sig);
int raise(int sig) { sys_exit(128 + sig); }
void __aeabi_unwind_cpp_pr0(void);
void __aeabi_unwind_cpp_pr0(void) {}
#endif
