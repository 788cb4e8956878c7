/* count [FILE...]: lines, words and bytes of files, or of standard input. */
#include "mini.h"

static int count(int fd, const char *name)
{
    static char buf[16384];
    unsigned lines = 0, words = 0, bytes = 0;
    int in_word = 0, n;
    while ((n = sys_read(fd, buf, sizeof buf)) > 0)
        for (int i = 0; i < n; i++) {
            char c = buf[i];
            int blank = c == ' ' || (c >= 9 && c <= 13);
            bytes++;
            lines += c == '\n';
            words += !blank && !in_word;
            in_word = !blank;
        }
    if (n == 0)
        print("%7u %7u %7u %s\n", lines, words, bytes, name);
    return n;
}

int main(int argc, char **argv)
{
    int status = 0;
    if (argc < 2)
        return count(0, "") < 0;
    for (int i = 1; i < argc; i++) {
        int fd = sys_open(argv[i]);
        if (fd < 0 || count(fd, argv[i]) < 0) {
            print("cannot read %s\n", argv[i]);
            status = 1;
        }
        if (fd >= 0)
            sys_close(fd);
    }
    return status;
}
