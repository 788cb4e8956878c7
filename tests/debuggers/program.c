/* What the debuggers' tests debug. */
#include <stdio.h>
#include <string.h>
int counter;
int leaf(int x)
{
    int y = x * 3;
    counter += y;
    return y;
}
int middle(int a, int b)
{
    int r = leaf(a);
    r += leaf(b);
    return r;
}
int main(int argc, char **argv)
{
    char s[20];
    int i;
    strcpy(s, "hello");
    for (i = 0; i < 3; i++)
        printf("%s %d\n", s, middle(i, i + 1));
    return counter & 0x7f;
}
