/* queens [N]: counts the ways to place N queens (default 10) and draws one. */
#include "mini.h"

static int size = 10, row[16], drawn;

static unsigned place(int k, unsigned cols, unsigned left, unsigned right)
{
    unsigned count = 0;
    if (k == size) {
        if (!drawn++)
            for (int i = 0; i < size; i++) {
                for (int j = 0; j < size; j++)
                    print(row[i] == j ? " Q" : " .");
                print("\n");
            }
        return 1;
    }
    for (int i = 0; i < size; i++) {
        unsigned bit = 1u << i;
        if ((cols | left | right) & bit)
            continue;
        row[k] = i;
        count += place(k + 1, cols | bit, (left | bit) << 1, (right | bit) >> 1);
    }
    return count;
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        size = 0;
        for (const char *p = argv[1]; *p >= '0' && *p <= '9' && size < 100; p++)
            size = size * 10 + (*p - '0');
    }
    if (size < 1 || size > 14) {
        print("queens: a size from 1 to 14, please\n");
        return 2;
    }
    unsigned n = place(0, 0, 0, 0);
    print("%d queens: %u solutions\n", size, n);
    return n == 0;
}
