/* A function made at run time, for the programs about code that changes. */
#ifndef EMIT_H
#define EMIT_H
#include <stdint.h>
#include <string.h>

typedef int (*fn)(int);

/* Writes "return x + k" (k < 128) at p; returns the entry and the length. */
static fn emit_add(unsigned char *p, int k, int *len)
{
#if defined __thumb__
    uint16_t c[] = {(uint16_t)(0x3000 | k), 0x4770};           /* adds r0, #k; bx lr */
    memcpy(p, c, sizeof c);
    *len = sizeof c;
    return (fn)((uintptr_t)p | 1);
#elif defined __arm__
    uint32_t c[] = {0xe2800000u | (uint32_t)k, 0xe12fff1e};    /* add r0, r0, #k; bx lr */
    memcpy(p, c, sizeof c);
    *len = sizeof c;
    return (fn)p;
#elif defined __mips__
    uint32_t c[] = {0x03e00008, 0x24820000u | (uint32_t)k};    /* jr ra; addiu v0, a0, k */
    memcpy(p, c, sizeof c);
    *len = sizeof c;
    return (fn)p;
#else
    unsigned char c[] = {0x8d, 0x47, (unsigned char)k, 0xc3};  /* lea eax, [rdi + k]; ret */
    memcpy(p, c, sizeof c);
    *len = sizeof c;
    return (fn)p;
#endif
}

static void flush(unsigned char *p, int n) { __builtin___clear_cache((char *)p, (char *)p + n); }
#endif
