/* Covers: computed goto (indirect jumps through a table of label addresses),
 * with a threaded-code interpreter for a tiny tape language. */
#include "t.h"

static void tape(const char *prog)
{
    static unsigned char cell[300];
    memset(cell, 0, sizeof cell);
    static const void *disp[128];
    for (int i = 0; i < 128; i++)
        disp[i] = &&skip;
    disp['>'] = &&right; disp['<'] = &&left; disp['+'] = &&inc; disp['-'] = &&dec;
    disp['.'] = &&out; disp['['] = &&open; disp[']'] = &&close; disp[0] = &&end;
    const char *pc = prog;
    unsigned char *p = cell;
    long steps = 0;
#define NEXT do { steps++; goto *disp[(unsigned char)*++pc]; } while (0)
    goto *disp[(unsigned char)*pc];
skip: NEXT;
right: p++; NEXT;
left: p--; NEXT;
inc: ++*p; NEXT;
dec: --*p; NEXT;
out: putchar(*p); NEXT;
open:
    if (!*p)
        for (int d = 1; d;) {
            pc++;
            d += (*pc == '[') - (*pc == ']');
        }
    NEXT;
close:
    if (*p)
        for (int d = 1; d;) {
            pc--;
            d += (*pc == ']') - (*pc == '[');
        }
    NEXT;
end:
    printf("steps %ld\n", steps);
}

int main(void)
{
    /* a program that prints a text by moving one cell up and down */
    static char prog[2000];
    char *w = prog;
    int cur = 0;
    for (const char *t = "Guest program!\n"; *t; t++) {
        for (; cur < *t; cur++)
            *w++ = '+';
        for (; cur > *t; cur--)
            *w++ = '-';
        *w++ = '.';
    }
    tape(prog);
    tape("++++++++[>++++++++<-]>[->+>+<<]>>-.<+."); /* 8*8, copied twice, minus and plus one */
    tape("++++++++++[>++++++++++[>++++++++++[>++++++++++<-]<-]<-]>>>[-<<<+>>>]<<<");
    /* a Duff-like state walk: labels in arrays */
    static const void *const walk[] = {&&a, &&b, &&c, &&stop};
    uint32_t h = 7;
    int i = 0, n = 0;
step:
    goto *walk[i];
a: h = h * 33 + 1; i = (h >> 4) % 3; goto tail;
b: h ^= h >> 7; i = (h & 1) ? 0 : 2; goto tail;
c: h += 0x9e3779b9u; i = h % 2; goto tail;
tail:
    if (++n == 1000)
        i = 3;
    goto step;
stop:
    printf("walk %08x\n", (unsigned)h);
    return t_done();
}
