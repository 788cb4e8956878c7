/* A minimal run-time for the examples: no C library, so that a static program
 * is a few kilobytes.  Enough for programs that read, compute and print. */
#ifndef MINI_H
#define MINI_H
#include <stddef.h>
#include <stdint.h>

int main(int argc, char **argv);

/* System calls; a negative result is an error number. */
int sys_open(const char *path);                 /* for reading */
int sys_close(int fd);
int sys_read(int fd, void *buf, size_t n);
int sys_write(int fd, const void *buf, size_t n);
void sys_exit(int status) __attribute__((noreturn));

/* Buffered standard output; flushed when main returns. */
void putch(char c);
void flush(void);
/* Knows %d %u %x %s %c %% with a width and leading zeros. */
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));

size_t strlen(const char *s);
#endif
