# The guest's own compilers: a C program with threads and a C++ program with exceptions, at two levels of optimisation.
# packages: gcc g++ libc6-dev
# seconds: 120
set -e
cd /tmp
cat > c.c <<'C'
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int order(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }

static void *sum(void *argument) {
    unsigned *total = argument;
    for (unsigned i = 0; i < 100000; i++) *total += i ^ (i << 3);
    return NULL;
}

int main(void) {
    static int numbers[5000];
    unsigned totals[4] = {0, 1, 2, 3}, seed = 1;
    for (int i = 0; i < 5000; i++) numbers[i] = (int)((seed = seed * 1103515245 + 12345) >> 16);
    qsort(numbers, 5000, sizeof numbers[0], order);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) pthread_create(&threads[i], NULL, sum, &totals[i]);
    for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    printf("%d %d %u %u %.17g\n", numbers[0], numbers[4999], totals[0], totals[3], 1.0 / 3 * numbers[100]);
}
C
cat > cc.cc <<'CC'
#include <algorithm>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

struct Loud {
    std::string name;
    ~Loud() { std::cout << "gone: " << name << '\n'; }
};

static int risky(int depth) {
    Loud loud{"level " + std::to_string(depth)};
    if (depth == 0) throw std::runtime_error("deep enough");
    return risky(depth - 1) + 1;
}

int main() {
    std::map<std::string, int> counts;
    for (const char *word : {"pear", "apple", "pear", "fig", "apple", "pear"}) counts[word]++;
    for (const auto &[word, count] : counts) std::cout << word << ' ' << count << '\n';
    try {
        risky(3);
    } catch (const std::exception &error) {
        std::cout << error.what() << '\n';
    }
    std::vector<double> values(1000);
    std::generate(values.begin(), values.end(), [x = 0.5]() mutable { return x = 3.9 * x * (1 - x); });
    std::sort(values.begin(), values.end());
    std::cout.precision(6);
    std::cout << values[10] << ' ' << std::string("a1b22c").find('2') << '\n';
}
CC
for level in -O0 -O2; do
    gcc $level -Wall -pthread -o c c.c
    ./c
    g++ $level -Wall -o cc cc.cc
    ./cc
done
gcc -O2 -flto -static -pthread -o static c.c && ./static
echo 'int f(void) { return x; }' | gcc -c -x c - 2>&1 | sed -n 's/.*error: //p'
