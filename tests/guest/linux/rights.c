/* Covers: what a program is told about its rights, and which descriptors it finds open
 * (tests/programs/binfmt.rs gives it other ones than its caller has). */
#include "t.h"
#include <fcntl.h>
#include <sys/auxv.h>
#include <unistd.h>

int main(void)
{
    int more = 0;
    for (int fd = 3; fd < 100; fd++)
        more += fcntl(fd, F_GETFD) != -1;
    printf("user %s, group %s, secure %lu, more descriptors %d\n", getuid() == geteuid() ? "same" : "other",
           getgid() == getegid() ? "same" : "other", getauxval(AT_SECURE), more);
    CHECK(getauxval(AT_UID) == getuid() && getauxval(AT_EUID) == geteuid());
    CHECK(getauxval(AT_GID) == getgid() && getauxval(AT_EGID) == getegid());
    CHECK(getauxval(AT_EXECFD) == 0);
    return t_done();
}
