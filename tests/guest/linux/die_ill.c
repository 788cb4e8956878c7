/* Covers: death by SIGILL: the architecture's permanently undefined instruction. */
#include "t.h"
int main(void)
{
    puts("before");
    fflush(stdout);
#if defined __thumb__
    __asm__ volatile(".short 0xde00");
#elif defined __arm__
    __asm__ volatile(".word 0xe7f000f0");
#elif defined __mips16
    __asm__ volatile(".half 0xf000, 0xe000"); /* ASMACRO */
#elif defined __mips_micromips
    __asm__ volatile(".half 0x0000, 0x003f"); /* POOL32A with an unassigned function */
#elif defined __mips__
    __asm__ volatile(".word 0x7c00003f"); /* SPECIAL3 with an unassigned function */
#else
    __asm__ volatile("ud2");
#endif
    puts("after");
    return 0;
}
