/* A byte-code machine with a switch: indirect jumps, operand decoding.  The
 * program counts primes by trial division and keeps a hash: 22 opcodes. */
#include "kernel.h"

enum { HALT, PUSHB, PUSHW, LOAD, STORE, ADD, SUB, MUL, MOD, AND, XOR, SHL, SHR, LT, EQ, NOT, DUP, SWAP, DROP, JMP, JZ, INC };

static const uint8_t code[] = {
    /*  0 */ PUSHB, 2, STORE, 0,                    /* i = 2 */
    /*  4 */ LOAD, 0, PUSHW, 2, 0, LT, JZ, 76,      /* while (i < 512) */
    /* 12 */ PUSHB, 2, STORE, 1,                    /*   d = 2 */
    /* 16 */ PUSHB, 1, STORE, 2,                    /*   prime = 1 */
    /* 20 */ LOAD, 1, DUP, MUL, LOAD, 0, SWAP, LT,  /*   while (!(i < d * d)) */
    /* 28 */ NOT, JZ, 49,
    /* 31 */ LOAD, 0, LOAD, 1, MOD, JZ, 42,         /*     if (i % d == 0) goto 42 */
    /* 38 */ INC, 1, JMP, 20,                       /*     d++ */
    /* 42 */ PUSHB, 0, STORE, 2, JMP, 49, HALT,     /*     prime = 0 */
    /* 49 */ LOAD, 3, DUP, PUSHB, 5, SHL, XOR,      /*   h = (h ^ h << 5) */
    /* 56 */ DUP, PUSHB, 3, SHR, ADD,               /*   h += h >> 3 */
    /* 61 */ LOAD, 2, ADD, LOAD, 0, XOR, STORE, 3,  /*   h = (h + prime) ^ i */
    /* 69 */ INC, 0, DUP, DROP, JMP, 4, HALT,       /*   i++ */
    /* 76 */ LOAD, 3, LOAD, 4, EQ, STORE, 5, HALT,
};

static uint32_t run(const uint8_t *p, uint32_t h)
{
    uint32_t st[32], var[8] = {0, 0, 0, h, 0, 0, 0, 0};
    uint32_t *sp = st, pc = 0;
    *sp = 0;
    for (;;) {
        switch (p[pc++]) {
        case HALT: return var[3];
        case PUSHB: *++sp = p[pc++]; break;
        case PUSHW: *++sp = (uint32_t)p[pc] << 8 | p[pc + 1]; pc += 2; break;
        case LOAD: *++sp = var[p[pc++]]; break;
        case STORE: var[p[pc++]] = *sp--; break;
        case ADD: sp--; *sp += sp[1]; break;
        case SUB: sp--; *sp -= sp[1]; break;
        case MUL: sp--; *sp *= sp[1]; break;
        case MOD: sp--; *sp %= sp[1]; break;
        case AND: sp--; *sp &= sp[1]; break;
        case XOR: sp--; *sp ^= sp[1]; break;
        case SHL: sp--; *sp <<= sp[1] & 31; break;
        case SHR: sp--; *sp >>= sp[1] & 31; break;
        case LT: sp--; *sp = *sp < sp[1]; break;
        case EQ: sp--; *sp = *sp == sp[1]; break;
        case NOT: *sp = !*sp; break;
        case DUP: sp++; *sp = sp[-1]; break;
        case SWAP: { uint32_t t = sp[0]; sp[0] = sp[-1]; sp[-1] = t; break; }
        case DROP: sp--; break;
        case JMP: pc = p[pc]; break;
        case JZ: pc = *sp-- ? pc + 1 : p[pc]; break;
        case INC: var[p[pc++]]++; break;
        default: return 0;
        }
    }
}

uint32_t kernel(uint32_t n)
{
    uint32_t h = 1;
    while (n--)
        h = run(OPAQUE(&code[0]), h);
    return h;
}
MAIN("vm", 12000)
