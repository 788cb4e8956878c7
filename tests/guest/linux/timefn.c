/* Covers: clock_gettime, gettimeofday, time, nanosleep, clock_nanosleep,
 * clock_getres, times, getitimer, localtime/strftime of fixed moments. */
#include "t.h"
#include <errno.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>
#include <unistd.h>

static long long ns(struct timespec t) { return t.tv_sec * 1000000000ll + t.tv_nsec; }

int main(void)
{
    struct timespec a, b, real, res;
    CHECK(clock_gettime(CLOCK_MONOTONIC, &a) == 0);
    struct timespec nap = {0, 5000000};
    CHECK(nanosleep(&nap, NULL) == 0);
    CHECK(clock_gettime(CLOCK_MONOTONIC, &b) == 0);
    CHECK(ns(b) - ns(a) >= 5000000 && ns(b) - ns(a) < 5000000000ll);
    nap.tv_nsec = 1000000000;
    CHECK(nanosleep(&nap, NULL) == -1 && errno == EINVAL);
    b.tv_nsec += 3000000;
    if (b.tv_nsec >= 1000000000) {
        b.tv_nsec -= 1000000000;
        b.tv_sec++;
    }
    CHECK(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &b, NULL) == 0);
    clock_gettime(CLOCK_MONOTONIC, &a);
    CHECK(ns(a) >= ns(b));

    struct timeval tv;
    CHECK(gettimeofday(&tv, NULL) == 0 && clock_gettime(CLOCK_REALTIME, &real) == 0);
    long long d = ns(real) / 1000 - (tv.tv_sec * 1000000ll + tv.tv_usec);
    CHECK(d >= 0 && d < 5000000);
    time_t now = time(NULL);
    CHECK(now >= tv.tv_sec - 1 && now - tv.tv_sec < 5 && now > 1600000000);
    CHECK(clock_getres(CLOCK_MONOTONIC, &res) == 0 && res.tv_sec == 0 && res.tv_nsec > 0);
    CHECK(clock_gettime((clockid_t)1234, &a) == -1 && errno == EINVAL);

    /* the CPU clocks run while this loop does */
    clock_t c0 = clock();
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
    do {
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
    } while (ns(b) - ns(a) < 10000000);
    CHECK(clock() - c0 >= 5000);
    struct tms tm;
    CHECK(times(&tm) != (clock_t)-1 && tm.tms_utime + tm.tms_stime >= 0);
    struct rusage ru;
    CHECK(getrusage(RUSAGE_SELF, &ru) == 0 && ru.ru_utime.tv_sec * 1000000ll + ru.ru_utime.tv_usec + ru.ru_stime.tv_sec * 1000000ll + ru.ru_stime.tv_usec > 0);

    struct itimerval it = {{0, 0}, {100, 0}}, was;
    CHECK(setitimer(ITIMER_REAL, &it, NULL) == 0 && getitimer(ITIMER_REAL, &was) == 0);
    CHECK(was.it_value.tv_sec >= 90 && was.it_value.tv_sec <= 100);
    memset(&it, 0, sizeof it);
    setitimer(ITIMER_REAL, &it, NULL);

    setenv("TZ", "UTC0", 1);
    static const int when[] = {0, 951782400, 1000000000, 2147483647, -1};
    for (size_t i = 0; i < sizeof when / sizeof when[0]; i++) {
        time_t t = when[i];
        char s[64];
        struct tm *x = gmtime(&t);
        strftime(s, sizeof s, "%Y-%m-%d %H:%M:%S %a %j", x);
        printf("%d = %s, back %d\n", when[i], s, (int)mktime(x));
    }
    return t_done();
}
