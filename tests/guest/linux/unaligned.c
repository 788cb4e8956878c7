/* Covers: unaligned loads and stores.  ARM (and the native build) uses plain
 * accesses at odd addresses; MIPS uses packed structures, that is LWL/LWR. */
#include "t.h"

#ifdef __arm__
/* Says that this counts on unaligned accesses, which ARMv5 lacks (Tag_CPU_unaligned_access). */
__asm__(".eabi_attribute 34, 1");
#endif

static unsigned char buf[64];

#ifdef __mips__
struct __attribute__((packed)) u16 { uint16_t v; };
struct __attribute__((packed)) u32 { uint32_t v; };
struct __attribute__((packed)) u64 { uint64_t v; };
#define AT(t, p) (((struct u##t *)(p))->v)
#else
/* The pointer is hidden, so gcc assumes alignment and uses one access. */
#define AT(t, p) (*(volatile uint##t##_t *)OPAQUE((void *)(p)))
#endif

static uint64_t le(int off, int n)
{
    uint64_t r = 0;
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    for (int i = 0; i < n; i++)
        r = r << 8 | buf[off + i];
#else
    for (int i = n - 1; i >= 0; i--)
        r = r << 8 | buf[off + i];
#endif
    return r;
}

int main(void)
{
    int bad = 0;
    for (int i = 0; i < 64; i++)
        buf[i] = (unsigned char)(i * 29 + 3);
    for (int o = 0; o < 16; o++) {
        bad += AT(16, buf + o) != le(o, 2);
        bad += AT(32, buf + o) != le(o, 4);
    }
    CHECK(bad == 0);
    for (int o = 0; o < 16; o++) {
        AT(16, buf + o) = (uint16_t)(0xbeef + o);
        bad += le(o, 2) != (uint16_t)(0xbeef + o);
        AT(32, buf + o + 20) = 0xdeadbeefu + (uint32_t)o;
        bad += le(o + 20, 4) != 0xdeadbeefu + (uint32_t)o;
    }
    CHECK(bad == 0);
#ifdef __mips__
    for (int o = 0; o < 16; o++) {
        AT(64, buf + o) = 0x0123456789abcdefull * (uint64_t)(o + 1);
        bad += le(o, 8) != 0x0123456789abcdefull * (uint64_t)(o + 1);
        bad += AT(64, buf + o) != le(o, 8);
    }
#else
    /* sign extension of an unaligned half-word */
    buf[1] = 0x34; buf[2] = 0xf2;
    bad += *(volatile int16_t *)OPAQUE((void *)(buf + 1)) != (int16_t)0xf234;
#endif
    CHECK(bad == 0);
    /* across a page */
    static unsigned char big[3 * 4096];
    unsigned char *edge = (unsigned char *)(((uintptr_t)big + 4095) & ~4095ul) + 4096;
    for (int d = 1; d < 4; d++) {
        AT(32, edge - d) = 0x11223344;
        bad += AT(32, edge - d) != 0x11223344;
    }
    CHECK(bad == 0);
    return t_done();
}
