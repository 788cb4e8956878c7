/* Covers: a mix of integer work in the way of embedded benchmarks: linked list
 * (insert, reverse, merge sort, search), integer matrix, a text state machine
 * and a running CRC-16 over all results. */
#include "t.h"

static uint16_t crc16(uint16_t crc, uint32_t v)
{
    for (int i = 0; i < 32; i++) {
        uint32_t bit = (v ^ crc) & 1;
        crc >>= 1;
        if (bit)
            crc ^= 0xa001;
        v >>= 1;
    }
    return crc;
}

struct node { struct node *next; int16_t key; int16_t tag; };
static struct node pool[300];

static struct node *reverse(struct node *l)
{
    struct node *r = NULL;
    while (l) {
        struct node *n = l->next;
        l->next = r;
        r = l;
        l = n;
    }
    return r;
}

static struct node *merge(struct node *a, struct node *b, int by_tag)
{
    struct node head, *t = &head;
    while (a && b) {
        int d = by_tag ? a->tag - b->tag : a->key - b->key;
        if (d <= 0) {
            t->next = a; t = a; a = a->next;
        } else {
            t->next = b; t = b; b = b->next;
        }
    }
    t->next = a ? a : b;
    return head.next;
}

static struct node *sort(struct node *l, int by_tag)
{
    if (!l || !l->next)
        return l;
    struct node *slow = l, *fast = l->next;
    while (fast && fast->next) {
        slow = slow->next;
        fast = fast->next->next;
    }
    struct node *b = slow->next;
    slow->next = NULL;
    return merge(sort(l, by_tag), sort(b, by_tag), by_tag);
}

static uint16_t list_work(uint16_t crc)
{
    struct node *l = NULL;
    int n = sizeof pool / sizeof pool[0];
    for (int i = 0; i < n; i++) {
        pool[i].key = (int16_t)(t_rand() >> 16);
        pool[i].tag = (int16_t)i;
        pool[i].next = l;
        l = &pool[i];
    }
    for (int round = 0; round < 10; round++) {
        l = sort(l, 0);
        int seen = 0;
        for (struct node *p = l; p; p = p->next)
            if ((p->key & 0xff) > round * 20)
                crc = crc16(crc, (uint32_t)(p->key * 3 + seen++));
        l = reverse(l);
        l = sort(l, 1);
        crc = crc16(crc, (uint16_t)l->key);
    }
    return crc;
}

#define N 24
static int16_t A[N][N], B[N][N];
static int32_t C[N][N];

static uint16_t matrix_work(uint16_t crc)
{
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            A[i][j] = (int16_t)(t_rand() & 0x3ff) - 512;
            B[i][j] = (int16_t)(t_rand() & 0x3ff) - 512;
        }
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < N; i++)
            for (int j = 0; j < N; j++) {
                int32_t s = 0;
                for (int k = 0; k < N; k++)
                    s += A[i][k] * B[k][j];
                C[i][j] = s;
            }
        int32_t sum = 0, last = 0;
        for (int i = 0; i < N; i++)
            for (int j = 0; j < N; j++) {
                int32_t c = C[i][j];
                sum += c > last ? 10 : (c >> 7) & 0x1f;
                last = c;
                A[i][j] = (int16_t)(c >> 6);
            }
        crc = crc16(crc, (uint32_t)sum);
    }
    return crc;
}

enum state { START, SIGN, INT, DOT, FRAC, EXP, ESIGN, EINT, BAD, NSTATES };

static enum state step(enum state s, char c)
{
    int digit = c >= '0' && c <= '9';
    switch (s) {
    case START: return digit ? INT : c == '-' || c == '+' ? SIGN : c == '.' ? DOT : BAD;
    case SIGN:  return digit ? INT : c == '.' ? DOT : BAD;
    case INT:   return digit ? INT : c == '.' ? FRAC : c == 'e' ? EXP : BAD;
    case DOT:   return digit ? FRAC : BAD;
    case FRAC:  return digit ? FRAC : c == 'e' ? EXP : BAD;
    case EXP:   return digit ? EINT : c == '-' || c == '+' ? ESIGN : BAD;
    case ESIGN: return digit ? EINT : BAD;
    case EINT:  return digit ? EINT : BAD;
    default:    return BAD;
    }
}

static uint16_t state_work(uint16_t crc)
{
    static const char *const words[] = {
        "5012", "-874.5", "+122", "35.54400", ".1234500", "-110.700", "+0.64400",
        "5.500e+3", "-.123e-2", "-87e+832", "+0.6e-12", "T0.3e-1F", "-T.T++Tq",
        "1T3.4e4z", "34.0e-T^", "", "e", "+.e3",
    };
    int final[NSTATES] = {0}, trans[NSTATES] = {0};
    for (int round = 0; round < 50; round++)
        for (size_t w = 0; w < sizeof words / sizeof words[0]; w++) {
            enum state s = START;
            for (const char *p = words[w]; *p && s != BAD; p++) {
                char c = (t_rand() & 63) == 0 ? ',' : *p;
                enum state n = step(s, c);
                if (n != s)
                    trans[s]++;
                s = n;
            }
            final[s]++;
        }
    for (int i = 0; i < NSTATES; i++) {
        crc = crc16(crc, (uint32_t)final[i]);
        crc = crc16(crc, (uint32_t)trans[i]);
    }
    return crc;
}

int main(void)
{
    uint16_t l = list_work(0), m = matrix_work(l), s = state_work(m);
    printf("list %04x\nmatrix %04x\nstate %04x\n", l, m, s);
    CHECK(crc16(0, 0x12345678) == crc16(0, OPAQUE(0x12345678u)));
    return t_done();
}
