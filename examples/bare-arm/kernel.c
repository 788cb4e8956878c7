/* A kernel of a page for the `bare-arm` machine: serial output, vectors, a timer
 * interrupt, system calls of a user task, power-off. */
#include <stdint.h>

#define REG(address) (*(volatile uint32_t *)(address))

#define UART_DR      REG(0x09000000)
#define UART_FR      REG(0x09000018)    /* bit 5: transmit FIFO full */
#define UART_LCRH    REG(0x0900002c)
#define UART_CR      REG(0x09000030)
#define TIMER_LOAD   REG(0x09010000)
#define TIMER_CTRL   REG(0x09010008)
#define TIMER_INTCLR REG(0x0901000c)
#define TIMER_MIS    REG(0x09010014)
#define POWER_OFF    REG(0x09020000)

enum { CALL_WRITE = 1, CALL_TICKS = 2, CALL_POWER_OFF = 3 };
enum { SYS_WRITE0 = 4 };                /* semihosting */

extern const uint32_t vectors[16];
void enter_user(void (*entry)(void)) __attribute__((noreturn));
uint32_t semihost(uint32_t operation, const void *argument);
void set_vbar(const void *table);
void undefined_instruction(void);
void user_main(void);

volatile uint32_t undefined_count;
static volatile uint32_t ticks;

static void put(const char *s)
{
    for (; *s; s++) {
        while (UART_FR & 0x20)
            ;
        UART_DR = (uint8_t)*s;
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
        __asm__ volatile("wfi");
}

void __attribute__((noreturn)) panic(const char *what, uint32_t where);
void panic(const char *what, uint32_t where)
{
    put("kernel: ");
    put(what);
    put(" at ");
    put_hex(where);
    put("\n");
    power_off(1);
}

/* From the IRQ vector.  The timer is the only source. */
void interrupt(void);
void interrupt(void)
{
    if (TIMER_MIS & 1) {
        TIMER_INTCLR = 1;
        ticks++;
    }
}

/* From the SVC vector, with interrupts on. */
uint32_t system_call(uint32_t number, uint32_t a, uint32_t b);
uint32_t system_call(uint32_t number, uint32_t a, uint32_t b)
{
    (void)b;
    switch (number) {
    case CALL_WRITE:
        put((const char *)a);
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

void kernel_main(void) __attribute__((noreturn));
void kernel_main(void)
{
    UART_LCRH = 0x70;                   /* 8 bits, FIFOs on */
    UART_CR = 0x301;                    /* enabled, both directions */
    put("bare-arm: hello from supervisor mode\n");

    /* Vectors at address 0 first: a copy of the table. */
    volatile uint32_t *low = (volatile uint32_t *)0;
    __asm__("" : "+r"(low));            /* gcc would take a null pointer for a mistake */
    for (int i = 0; i < 16; i++)
        low[i] = vectors[i];
    undefined_instruction();
    put(undefined_count == 1 ? "kernel: vectors at 0 work\n" : "kernel: vectors at 0 FAIL\n");
    /* Then in place, by the vector base register. */
    for (int i = 0; i < 16; i++)
        low[i] = 0;
    set_vbar(vectors);
    undefined_instruction();
    put(undefined_count == 2 ? "kernel: vectors by VBAR work\n" : "kernel: vectors by VBAR FAIL\n");

    semihost(SYS_WRITE0, "kernel: this line came by semihosting\n");

    TIMER_LOAD = 10000;                 /* 10 ms of the 1 MHz clock */
    TIMER_CTRL = 0xe2;                  /* enabled, periodic, interrupt, 32 bits */
    enter_user(user_main);
}
