/* A kernel of a page for the `bare-mips` machine, either byte order: serial
 * output, exceptions through EBase, the Count/Compare timer, system calls of a
 * user task in kuseg, power-off. */
#include <stdint.h>

/* Devices, through the uncached window of physical memory. */
#define KSEG1(physical) (0xa0000000u + (physical))
#define UART(n)   (*(volatile uint8_t *)KSEG1(0x1f000900 + (n)))
#define POWER_OFF (*(volatile uint32_t *)KSEG1(0x1f000500))
enum { THR = 0, FCR = 2, LCR = 3, LSR = 5 };    /* 16550 registers */

/* With a fixed mapping, user address X is the RAM at offset X, which the kernel
 * sees at KSEG0(X). */
#define KSEG0(physical) (0x80000000u + (physical))
#define USER_BASE  0x00100000u
#define USER_STACK 0x00200000u

#define TICK 500000u    /* 10 ms of a Count that runs at 50 MHz */

enum { STATUS_IE = 1, STATUS_EXL = 2, STATUS_UM = 0x10, STATUS_IM7 = 0x8000 };
enum { EXC_INTERRUPT = 0, EXC_SYSCALL = 8, EXC_BREAK = 9 };
enum { CALL_WRITE = 1, CALL_TICKS = 2, CALL_POWER_OFF = 3 };

struct frame {          /* as start.S saves it */
    uint32_t sp, at, v[2], a[4], t[10], ra, hi, lo, epc, status;
};

extern const uint32_t user_image[], user_image_end[];
void enter_user(uint32_t entry, uint32_t stack, uint32_t status) __attribute__((noreturn));
void break_instruction(void);

static volatile uint32_t ticks, breaks;

#define MFC0(reg, sel) ({ uint32_t v_; __asm__ volatile("mfc0 %0, $" #reg ", " #sel : "=r"(v_)); v_; })
#define MTC0(reg, sel, value) __asm__ volatile("mtc0 %0, $" #reg ", " #sel "\n\tehb" : : "r"(value) : "memory")

static void put(const char *s)
{
    for (; *s; s++) {
        while (!(UART(LSR) & 0x20))
            ;
        UART(THR) = (uint8_t)*s;
    }
}

static void put_hex(uint32_t v)
{
    char s[9];
    for (int i = 0; i < 8; i++)
        s[i] = "0123456789abcdef"[v >> (28 - 4 * i) & 15];
    s[8] = 0;
    put(s);
}

static void __attribute__((noreturn)) power_off(uint32_t code)
{
    POWER_OFF = code;
    for (;;)
        ;
}

static void __attribute__((noreturn)) panic(uint32_t cause, uint32_t epc)
{
    put("kernel: exception, cause ");
    put_hex(cause);
    put(" at ");
    put_hex(epc);
    put(" address ");
    put_hex(MFC0(8, 0));        /* BadVAddr */
    put("\n");
    power_off(1);
}

/* Sets Compare, which also takes the interrupt back.  The moment must not have
 * passed already, or the next match is a whole round of Count away. */
static void next_tick(void)
{
    do
        MTC0(11, 0, MFC0(9, 0) + TICK);
    while ((int32_t)(MFC0(9, 0) - MFC0(11, 0)) >= 0);
}

/* A user address as the kernel sees it. */
static const char *from_user(uint32_t address)
{
    return (const char *)KSEG0(address & 0x03ffffff);
}

static uint32_t system_call(uint32_t number, uint32_t a)
{
    switch (number) {
    case CALL_WRITE:
        put(from_user(a));
        return 0;
    case CALL_TICKS:
        return ticks;
    case CALL_POWER_OFF:
        put("kernel: power off\n");
        power_off(a);
    default:
        return (uint32_t)-1;
    }
}

void exception(struct frame *f);
void exception(struct frame *f)
{
    uint32_t cause = MFC0(13, 0), code = cause >> 2 & 31;
    int in_delay_slot = cause >> 31;
    if (code == EXC_INTERRUPT && (cause & STATUS_IM7)) {
        next_tick();
        ticks++;
    } else if (code == EXC_SYSCALL && !in_delay_slot) {
        f->epc += 4;
        f->v[0] = system_call(f->v[0], f->a[0]);
    } else if (code == EXC_BREAK && !in_delay_slot) {
        f->epc += 4;
        breaks++;
    } else {
        panic(cause, f->epc);
    }
}

void kernel_main(void) __attribute__((noreturn));
void kernel_main(void)
{
    UART(LCR) = 3;              /* 8 bits, no parity */
    UART(FCR) = 1;              /* FIFOs on */
    put("bare-mips: hello from kernel mode, ");
    put(*(const uint8_t *)&(const uint16_t){1} ? "little-endian\n" : "big-endian\n");

    break_instruction();
    put(breaks == 1 ? "kernel: exceptions by EBase work\n" : "kernel: exceptions by EBase FAIL\n");

    /* Load the user task, and let instruction fetches see it. */
    uint32_t *to = (uint32_t *)KSEG0(USER_BASE);
    for (const uint32_t *from = user_image; from < user_image_end; from++, to++) {
        *to = *from;
        __asm__ volatile("synci 0(%0)" : : "r"(to) : "memory");
    }
    __asm__ volatile("sync" : : : "memory");

    next_tick();
    enter_user(USER_BASE, USER_STACK - 16, STATUS_IM7 | STATUS_UM | STATUS_EXL | STATUS_IE);
}
