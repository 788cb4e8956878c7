/* Jump tables that are what translators like to assume, and such that are not: one jump by two tables, a table that
 * begins to be used in the middle, and one that was read-only, is written, and is used again. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

enum { ADD, XOR, ROT, MUL, SUB, END, OPS };
typedef const void *table[OPS];

/* With `program` null, tells where the labels are. */
static __attribute__((noinline)) uint32_t run(const uint8_t *program, const void *const *jump, uint32_t h, table out)
{
    static const table forward = {&&add, &&xor, &&rot, &&mul, &&sub, &&end};
    if (!program) {
        memcpy(out, forward, sizeof forward);
        return 0;
    }
    if (!jump)
        jump = forward;
    goto *jump[*program++];
add:
    h += 0x9e3779b9;
    goto *jump[*program++];
xor:
    h ^= h >> 15;
    goto *jump[*program++];
rot:
    h = h << 7 | h >> 25;
    goto *jump[*program++];
mul:
    h *= 0x85ebca6b;
    goto *jump[*program++];
sub:
    h -= 12345;
    goto *jump[*program++];
end:
    return h;
}

/* The usual way: a switch. */
static __attribute__((noinline)) uint32_t chosen(const uint8_t *program, uint32_t h)
{
    for (;;) {
        switch (*program++) {
        case ADD: h += 0x9e3779b9; break;
        case XOR: h ^= h >> 15; break;
        case ROT: h = h << 7 | h >> 25; break;
        case MUL: h *= 0x85ebca6b; break;
        case SUB: h -= 12345; break;
        case END: return h;
        default: return 0;
        }
    }
}

int main(void)
{
    static const uint8_t program[] = {ADD, XOR, MUL, ROT, SUB, XOR, ADD, ROT, MUL, XOR, END};
    table labels, swapped;
    run(NULL, NULL, 0, labels);
    memcpy(swapped, labels, sizeof labels);
    swapped[ADD] = labels[SUB];
    swapped[SUB] = labels[ADD];

    uint32_t h = 1;
    for (int i = 0; i < 20000; i++)
        h = run(program, NULL, h, NULL);
    printf("one table   %08x\n", h);
    for (int i = 0; i < 20000; i++)
        h = run(program, i % 3 ? NULL : swapped, h, NULL);
    printf("two tables  %08x\n", h);

    const void **page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memcpy(page, labels, sizeof labels);
    mprotect(page, 4096, PROT_READ);
    for (int i = 0; i < 20000; i++)
        h = run(program, page, h, NULL);
    printf("read-only   %08x\n", h);
    mprotect(page, 4096, PROT_READ | PROT_WRITE);
    page[MUL] = labels[XOR];
    for (int i = 0; i < 20000; i++)
        h = run(program, page, h, NULL);
    printf("written     %08x\n", h);
    mprotect(page, 4096, PROT_READ);
    for (int i = 0; i < 20000; i++)
        h = run(program, page, h, NULL);
    printf("read again  %08x\n", h);

    for (int i = 0; i < 20000; i++)
        h = chosen(program, h);
    printf("switch      %08x\n", h);
    return 0;
}
