/* CRC-32 with a table: byte loads, table look-ups, a long dependency chain. */
#include "kernel.h"
#define N 65536
static uint32_t table[256];
static uint8_t data[N];
uint32_t kernel(uint32_t n)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;
        for (int k = 0; k < 8; k++)
            c = c & 1 ? 0xedb88320u ^ c >> 1 : c >> 1;
        table[i] = c;
    }
    for (uint32_t i = 0; i < N; i++)
        data[i] = (uint8_t)rnd();
    uint32_t crc = 0;
    while (n--) {
        crc = ~crc;
        const uint8_t *p = OPAQUE(&data[0]);
        for (uint32_t i = 0; i < N; i++)
            crc = table[(crc ^ p[i]) & 255] ^ crc >> 8;
        crc = ~crc;
    }
    return crc;
}
MAIN("crc32", 2500)
