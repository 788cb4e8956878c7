/* Covers: argc/argv, the environment, the auxiliary vector and the start state
 * of the stack.  The runner gives the arguments of envargs.args. */
#include "t.h"
#include <elf.h>
#include <link.h>
#include <sys/auxv.h>
#include <unistd.h>

extern char **environ;
static int local_data = 5;

int main(int argc, char **argv, char **envp)
{
    printf("argc %d\n", argc);
    for (int i = 1; i < argc; i++)
        printf("[%s]\n", argv[i]);
    const char *base = strrchr(argv[0], '/');
    printf("argv0 %s\n", base ? base + 1 : argv[0]);
    CHECK(argv[argc] == NULL && envp == argv + argc + 1 && environ == envp);
    CHECK(getenv("DEMOTIC_TEST") && !strcmp(getenv("DEMOTIC_TEST"), "1"));
    CHECK(getenv("NO_SUCH_NAME") == NULL);
    setenv("ADDED", "value", 1);
    putenv("OTHER=x");
    CHECK(!strcmp(getenv("ADDED"), "value") && !strcmp(getenv("OTHER"), "x"));
    unsetenv("ADDED");
    CHECK(getenv("ADDED") == NULL);
    clearenv();
    CHECK(environ == NULL || *environ == NULL);

    /* argument strings lie above the vectors, in order */
    int ordered = 1;
    for (int i = 1; i < argc; i++)
        ordered &= argv[i] == argv[i - 1] + strlen(argv[i - 1]) + 1;
    CHECK(ordered);
    CHECK((char *)argv < argv[0] && (char *)&argc < (char *)argv);

    CHECK(getauxval(AT_PAGESZ) == 4096);
    CHECK(getauxval(AT_CLKTCK) == 100);
    CHECK(getauxval(AT_PHENT) == sizeof(ElfW(Phdr)) && getauxval(AT_PHNUM) > 2);
    CHECK(getauxval(AT_UID) == getuid() && getauxval(AT_EGID) == getegid());
    CHECK(getauxval(AT_ENTRY) != 0 && getauxval(AT_RANDOM) != 0);
    const ElfW(Phdr) *ph = (const void *)getauxval(AT_PHDR);
    int loads = 0, holds_main = 0, holds_data = 0;
    for (unsigned i = 0; i < getauxval(AT_PHNUM); i++)
        if (ph[i].p_type == PT_LOAD) {
            loads++;
            holds_main |= (uintptr_t)main - ph[i].p_vaddr < ph[i].p_memsz && (ph[i].p_flags & PF_X);
            holds_data |= (uintptr_t)&local_data - ph[i].p_vaddr < ph[i].p_memsz && (ph[i].p_flags & PF_W);
        }
    CHECK(loads >= 2 && holds_main && holds_data);
    const unsigned char *rnd = (const void *)getauxval(AT_RANDOM);
    int any = 0;
    for (int i = 0; i < 16; i++)
        any |= rnd[i];
    CHECK(any);
#ifdef __arm__
    /* half-word loads exist, and the platform names a version */
    int hw = (getauxval(AT_HWCAP) & 2) && *(const char *)getauxval(AT_PLATFORM) == 'v';
#else
    int hw = 1;
#endif
    CHECK(hw);
    return t_done();
}
