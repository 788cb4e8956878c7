// Runs the tests of a batch, each in a process of its own:
//
//     batch SECONDS [INDEX ...]
//
// Only the tests named by INDEX, if there are any.  A line on the standard output says for each how it has ended:
// its index and 0, or its exit status, or 128 and the signal.  What a test prints is lost.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

typedef int test(int, char **, char **);

// BATCH is a file with a line TEST(name) for each test.
#define TEST(name) extern test name;
#include BATCH
#undef TEST
#define TEST(name) name,
static test *const tests[] = {
#include BATCH
};
enum { COUNT = sizeof tests / sizeof *tests };

// What the tests have for exit(): none of them has a handler for it.  The library's walks through much more code,
// which each process would have to translate anew.
void batch_exit(int status) {
    fflush(NULL);
    _exit(status);
}

static int run(test *test, unsigned seconds) {
    pid_t child = fork();
    if (child == 0) {
        char name[] = "test";
        char *arguments[] = {name, NULL};
        int null = open("/dev/null", O_WRONLY);
        dup2(null, 1);
        dup2(null, 2);
        close(null);
        alarm(seconds);
        batch_exit(test(1, arguments, environ));
    }
    int status;
    if (child < 0 || waitpid(child, &status, 0) < 0)
        return 255;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void report(int index, unsigned seconds) {
    char line[32];
    int length = snprintf(line, sizeof line, "%d %d\n", index, run(tests[index], seconds));
    if (write(1, line, length) != length)
        _exit(1);
}

// What many tests use, so that it is translated already when they begin.
static void warm(void) {
    char *volatile text = malloc(64);
    memset(text, 'x', 63);
    text[63] = 0;
    memcpy(text + 32, text, strlen(text) / 2);
    if (memcmp(text, text + 32, 16) || strcmp(text, text + 1) == 0)
        abort();
    free(text);
    fflush(NULL);
}

int main(int argc, char **argv) {
    warm();
    if (argc < 2)
        return 2;
    unsigned seconds = atoi(argv[1]);
    for (int at = 2; at < argc; at++) {
        int index = atoi(argv[at]);
        if (index >= 0 && index < COUNT)
            report(index, seconds);
    }
    for (int index = 0; argc == 2 && index < COUNT; index++)
        report(index, seconds);
    return 0;
}
