/* Covers: a switch-heavy stack machine running small programs (jump tables). */
#include "t.h"

enum { HALT, PUSH, POP, DUP, SWAP, OVER, ADD, SUB, MUL, DIV, MOD, AND, OR, XOR, SHL, SHR, NOT, NEG,
       EQ, LT, GT, JMP, JZ, JNZ, LOAD, STORE, CALL, RET, PRINT, ROT };

static int run(const int *code, int limit)
{
    int st[64], rs[64], mem[16] = {0}, sp = 0, rp = 0, pc = 0, steps = 0;
    for (; steps < limit; steps++) {
        int op = code[pc++], t;
        switch (op) {
        case HALT: printf("halt after %d steps, top %d\n", steps, sp ? st[sp - 1] : -1); return steps;
        case PUSH: st[sp++] = code[pc++]; break;
        case POP: sp--; break;
        case DUP: st[sp] = st[sp - 1]; sp++; break;
        case SWAP: t = st[sp - 1]; st[sp - 1] = st[sp - 2]; st[sp - 2] = t; break;
        case OVER: st[sp] = st[sp - 2]; sp++; break;
        case ROT: t = st[sp - 3]; st[sp - 3] = st[sp - 2]; st[sp - 2] = st[sp - 1]; st[sp - 1] = t; break;
        case ADD: sp--; st[sp - 1] = (int)((unsigned)st[sp - 1] + (unsigned)st[sp]); break;
        case SUB: sp--; st[sp - 1] -= st[sp]; break;
        case MUL: sp--; st[sp - 1] = (int)((unsigned)st[sp - 1] * (unsigned)st[sp]); break;
        case DIV: sp--; st[sp - 1] /= st[sp]; break;
        case MOD: sp--; st[sp - 1] %= st[sp]; break;
        case AND: sp--; st[sp - 1] &= st[sp]; break;
        case OR: sp--; st[sp - 1] |= st[sp]; break;
        case XOR: sp--; st[sp - 1] ^= st[sp]; break;
        case SHL: sp--; st[sp - 1] = (int)((unsigned)st[sp - 1] << st[sp]); break;
        case SHR: sp--; st[sp - 1] = (int)((unsigned)st[sp - 1] >> st[sp]); break;
        case NOT: st[sp - 1] = ~st[sp - 1]; break;
        case NEG: st[sp - 1] = -st[sp - 1]; break;
        case EQ: sp--; st[sp - 1] = st[sp - 1] == st[sp]; break;
        case LT: sp--; st[sp - 1] = st[sp - 1] < st[sp]; break;
        case GT: sp--; st[sp - 1] = st[sp - 1] > st[sp]; break;
        case JMP: pc = code[pc]; break;
        case JZ: pc = st[--sp] ? pc + 1 : code[pc]; break;
        case JNZ: pc = st[--sp] ? code[pc] : pc + 1; break;
        case LOAD: st[sp++] = mem[code[pc++]]; break;
        case STORE: mem[code[pc++]] = st[--sp]; break;
        case CALL: rs[rp++] = pc + 1; pc = code[pc]; break;
        case RET: pc = rs[--rp]; break;
        case PRINT: printf("%d ", st[--sp]); break;
        default: printf("bad opcode %d\n", op); return -1;
        }
    }
    printf("limit\n");
    return -1;
}

int main(void)
{
    /* sum of i*i mod 1000 for i = 1..2000 */
    static const int squares[] = {PUSH, 2000, STORE, 0, /* 4: */ LOAD, 0, JZ, 26, LOAD, 0, DUP, MUL, PUSH, 1000,
        MOD, LOAD, 1, ADD, STORE, 1, LOAD, 0, PUSH, 1, JMP, 32, /* 26: */ LOAD, 1, PRINT, LOAD, 1, HALT,
        /* 32: */ SUB, STORE, 0, JMP, 4};
    /* gcd(1071, 462) with a subroutine */
    static const int gcd[] = {PUSH, 1071, PUSH, 462, CALL, 8, PRINT, HALT,
        /* 8: */ DUP, JZ, 17, SWAP, OVER, MOD, JMP, 8, HALT, /* 17: */ POP, RET};
    /* bit tricks: a linear feedback register for 500 rounds */
    static const int lfsr[] = {PUSH, 44257, STORE, 0, PUSH, 500, STORE, 1,
        /* 8: */ LOAD, 0, DUP, PUSH, 1, AND, JZ, 34, PUSH, 1, SHR, PUSH, 46080, XOR,
        /* 22: */ STORE, 0, LOAD, 1, PUSH, 1, SUB, DUP, STORE, 1, JNZ, 8, /* 34 is an operand of the jump's end */
        JMP, 39, HALT, HALT, HALT, /* 39: */ HALT};
    int fixed[sizeof lfsr / sizeof lfsr[0] + 8];
    memcpy(fixed, lfsr, sizeof lfsr);
    /* the even path is placed behind the program and jumps back into the loop */
    int n = sizeof lfsr / sizeof lfsr[0];
    fixed[15] = n;
    fixed[n] = PUSH; fixed[n + 1] = 1; fixed[n + 2] = SHR; fixed[n + 3] = JMP; fixed[n + 4] = 22;
    printf("%d\n", run(squares, 100000));
    printf("%d\n", run(gcd, 1000));
    printf("%d\n", run(fixed, 100000));
    static const int misc[] = {PUSH, 5, PUSH, 6, PUSH, 7, ROT, PRINT, PRINT, PRINT, PUSH, -8, NEG, PUSH, 3, SHL, PRINT,
        PUSH, -1, NOT, PRINT, PUSH, 3, PUSH, 4, LT, PRINT, PUSH, 3, PUSH, 4, GT, PRINT, PUSH, 4, PUSH, 4, EQ, PRINT,
        PUSH, 12, PUSH, 10, OR, PRINT, PUSH, -17, PUSH, 5, DIV, PRINT, PUSH, -17, PUSH, 5, MOD, PRINT, 99};
    printf("%d\n", run(misc, 1000));
    return t_done();
}
