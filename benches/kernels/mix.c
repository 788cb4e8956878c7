/* A mix in the way of embedded benchmarks: list handling, a small integer
 * matrix, a number-recognising state machine, and a CRC-16 over everything. */
#include "kernel.h"

static uint16_t crc16(uint16_t crc, uint32_t v)
{
    for (int i = 0; i < 16; i++) {
        uint32_t bit = (v ^ crc) & 1;
        crc >>= 1;
        if (bit)
            crc ^= 0xa001;
        v >>= 1;
    }
    return crc;
}

#define NODES 64
static struct { int16_t key; uint16_t next; } node[NODES + 1];

static __attribute__((noinline)) uint16_t list_work(uint16_t crc, uint32_t round)
{
    uint16_t head = 0;
    /* insert in order */
    for (uint16_t i = 1; i <= NODES; i++) {
        node[i].key = (int16_t)((i * 7919u + round) ^ round << 3);
        uint16_t *p = &head;
        while (*p && node[*p].key < node[i].key)
            p = &node[*p].next;
        node[i].next = *p;
        *p = i;
    }
    for (uint16_t p = head; p; p = node[p].next)
        if (node[p].key & 1)
            crc = (uint16_t)(crc * 3 + (uint16_t)node[p].key);
    return crc16(crc, head);
}

#define N 10
static int16_t A[N][N], B[N][N];
static int32_t C[N][N];

static __attribute__((noinline)) uint16_t matrix_work(uint16_t crc, int16_t seed16)
{
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            A[i][j] = (int16_t)(seed16 + i * 13 - j);
            B[i][j] = (int16_t)(seed16 - i + j * 7);
        }
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
            sum += C[i][j] > last ? 10 : (C[i][j] >> 4) & 0x7f;
            last = C[i][j];
        }
    return crc16(crc, (uint32_t)sum);
}

enum { START, SIGN, INT, DOT, FRAC, EXP, ESIGN, EINT, BAD, STATES };
static __attribute__((noinline)) uint16_t text_work(uint16_t crc, uint32_t round)
{
    static char text[] = "5012,-874.5,+122,35.54400,.1234500,-110.700,5.5e+3,-.123e-2,-87e+832,+0.6e-12,T0.3e-1F,34.0e-T^,";
    uint32_t final[STATES] = {0};
    int s = START;
    text[round % 90] ^= 1;
    for (const char *p = text; *p; p++) {
        char c = *p;
        if (c == ',') {
            final[s]++;
            s = START;
            continue;
        }
        int digit = c >= '0' && c <= '9';
        switch (s) {
        case START: s = digit ? INT : c == '-' || c == '+' ? SIGN : c == '.' ? DOT : BAD; break;
        case SIGN: s = digit ? INT : c == '.' ? DOT : BAD; break;
        case INT: s = digit ? INT : c == '.' ? FRAC : c == 'e' ? EXP : BAD; break;
        case DOT: s = digit ? FRAC : BAD; break;
        case FRAC: s = digit ? FRAC : c == 'e' ? EXP : BAD; break;
        case EXP: s = digit ? EINT : c == '-' || c == '+' ? ESIGN : BAD; break;
        case ESIGN: case EINT: s = digit ? EINT : BAD; break;
        default: break;
        }
    }
    for (int i = 0; i < STATES; i++)
        crc = crc16(crc, final[i]);
    text[round % 90] ^= 1;
    return crc;
}

uint32_t kernel(uint32_t n)
{
    uint16_t crc = 0;
    uint32_t h = 0;
    for (uint32_t i = 0; i < n; i++) {
        crc = list_work(crc, i);
        crc = matrix_work(crc, (int16_t)(crc & 63));
        crc = text_work(crc, i);
        h = h * 31 + crc;
    }
    return h;
}
MAIN("mix", 160000)
