/* Covers: plain loads and stores at unaligned addresses.  Linux does them for programs on MIPS, where the processor
 * does not; on ARM the processor does those of one word, and Linux those of two.  Here the instructions themselves
 * are used: lw, lh, lhu, sw, sh, and those of the floating-point unit; ldr, ldrd, ldm. */
#include "t.h"
#include <sys/mman.h>

#ifdef __arm__
/* Says that this counts on unaligned accesses, which ARMv5 lacks (Tag_CPU_unaligned_access). */
__asm__(".eabi_attribute 34, 1");
#endif

#if defined __mips__
/* Registers are named so that all of the encodings have an instruction for them. */
#define LOAD(insn, type, p) ({ type v_; __asm__ volatile(insn " %0, 0(%1)" : "=d"(v_) : "d"(p) : "memory"); v_; })
#define STORE(insn, p, v) __asm__ volatile(insn " %0, 0(%1)" :: "d"(v), "d"(p) : "memory")
#define LOAD32(p) LOAD("lw", uint32_t, p)
#define LOAD16(p) LOAD("lhu", uint32_t, p)
#define LOADS16(p) LOAD("lh", int32_t, p)
#define STORE32(p, v) STORE("sw", p, (uint32_t)(v))
#define STORE16(p, v) STORE("sh", p, (uint32_t)(v))
#else
#define LOAD32(p) (*(volatile uint32_t *)OPAQUE((void *)(p)))
#define LOAD16(p) (*(volatile uint16_t *)OPAQUE((void *)(p)))
#define LOADS16(p) (*(volatile int16_t *)OPAQUE((void *)(p)))
#define STORE32(p, v) (*(volatile uint32_t *)OPAQUE((void *)(p)) = (v))
#define STORE16(p, v) (*(volatile uint16_t *)OPAQUE((void *)(p)) = (v))
#endif

/* What memory holds at p, byte by byte. */
static uint64_t bytes(const unsigned char *p, int n)
{
    uint64_t value = 0;
    for (int i = 0; i < n; i++)
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        value = value << 8 | p[i];
#else
        value |= (uint64_t)p[i] << (8 * i);
#endif
    return value;
}

static void fill(unsigned char *p, int n)
{
    for (int i = 0; i < n; i++)
        p[i] = (unsigned char)(i * 37 + 129);
}

static int words(unsigned char *at)
{
    int bad = 0;
    for (int o = 0; o < 9; o++) {
        unsigned char *p = at + o;
        fill(at, 32);
        bad += LOAD32(p) != (uint32_t)bytes(p, 4);
        bad += LOAD16(p) != (uint16_t)bytes(p, 2);
        bad += LOADS16(p) != (int16_t)bytes(p, 2);
        STORE32(p, 0xdeadbe00u + o);
        bad += bytes(p, 4) != 0xdeadbe00u + o || p[4] != (unsigned char)((o + 4) * 37 + 129);
        STORE16(p, 0xca00 + o);
        bad += bytes(p, 2) != 0xca00u + o;
    }
    return bad;
}

#if defined __mips__ && defined __mips_hard_float && !defined __mips16
/* ldc1 and sdc1, which 32-bit programs have for two words; and a word into a register for floats. */
static int doubles(unsigned char *at)
{
    int bad = 0;
    for (int o = 0; o < 9; o++) {
        unsigned char *p = at + o;
        fill(at, 32);
        double d;
        float f;
        __asm__ volatile("ldc1 %0, 0(%1)" : "=f"(d) : "d"(p) : "memory");
        __asm__ volatile("lwc1 %0, 0(%1)" : "=f"(f) : "d"(p) : "memory");
        uint64_t wide;
        uint32_t narrow;
        memcpy(&wide, &d, 8), memcpy(&narrow, &f, 4);
        bad += wide != bytes(p, 8) || narrow != (uint32_t)bytes(p, 4);
        memset(at, 0, 32);
        __asm__ volatile("sdc1 %0, 0(%1)" :: "f"(d), "d"(p) : "memory");
        bad += bytes(p, 8) != wide;
        __asm__ volatile("swc1 %0, 0(%1)" :: "f"(f), "d"(p + 9) : "memory");
        bad += bytes(p + 9, 4) != narrow;
    }
    return bad;
}
#elif defined __arm__
/* Two words, and several: word-aligned addresses suffice by the architecture, and Linux does the rest. */
static int doubles(unsigned char *at)
{
    int bad = 0;
    for (int o = 0; o < 9; o++) {
        unsigned char *p = at + o;
        fill(at, 32);
        uint32_t a, b;
        __asm__ volatile("ldrd r2, r3, [%2]\n mov %0, r2\n mov %1, r3" : "=&r"(a), "=&r"(b) : "r"(p) : "r2", "r3", "memory");
        bad += ((uint64_t)b << 32 | a) != bytes(p, 8);
        __asm__ volatile("ldmia %2, {r2, r3}\n mov %0, r2\n mov %1, r3" : "=&r"(a), "=&r"(b) : "r"(p) : "r2", "r3", "memory");
        bad += ((uint64_t)b << 32 | a) != bytes(p, 8);
        a = 0x01020304, b = 0x05060708;
        memset(at, 0, 32);
        __asm__ volatile("mov r2, %0\n mov r3, %1\n strd r2, r3, [%2]" :: "r"(a), "r"(b), "r"(p) : "r2", "r3", "memory");
        bad += bytes(p, 8) != 0x0506070801020304ull;
        memset(at, 0, 32);
        __asm__ volatile("mov r2, %0\n mov r3, %1\n stmia %2, {r2, r3}" :: "r"(a), "r"(b), "r"(p) : "r2", "r3", "memory");
        bad += bytes(p, 8) != 0x0506070801020304ull;
    }
    return bad;
}
#else
static int doubles(unsigned char *at)
{
    int bad = 0;
    for (int o = 0; o < 9; o++) {
        fill(at, 32);
        volatile uint64_t *p = (volatile uint64_t *)OPAQUE((void *)(at + o));
        bad += *p != bytes(at + o, 8);
    }
    return bad;
}
#endif

int main(void)
{
    static unsigned char buffer[64] __attribute__((aligned(16)));
    CHECK(words(buffer) == 0);
    CHECK(doubles(buffer) == 0);
    /* Across the edge of two pages. */
    unsigned char *pages = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(words(pages + 4096 - 8) == 0);
    CHECK(doubles(pages + 4096 - 8) == 0);
    /* In a loop that is worth translating, among aligned ones. */
    uint32_t sum = 0, want = 0;
    fill(pages, 8192);
    for (int round = 0; round < 200; round++)
        for (int i = 0; i < 64; i++) {
            unsigned char *p = pages + i + (i % 5 == 0 ? 1 : 0);
            sum += LOAD32(OPAQUE(p));
            want += (uint32_t)bytes(p, 4);
        }
    CHECK(sum == want);
    return t_done();
}
