/* Linked lists: building, reversing, merge sort, searching, moving nodes;
 * dependent loads.  Nodes are indices into an array, so that the memory layout
 * is the same on 32- and 64-bit machines. */
#include "kernel.h"
#define N 1024
struct node { uint32_t key; uint16_t next, tag; };
static struct node v[N + 1];        /* index 0 ends a list */

static uint16_t merge(uint16_t a, uint16_t b)
{
    uint16_t head = 0, *t = &head;
    while (a && b) {
        uint16_t *from = v[a].key <= v[b].key ? &a : &b;
        uint16_t x = *from;
        *t = x;
        t = &v[x].next;
        *from = v[x].next;
    }
    *t = a ? a : b;
    return head;
}

static __attribute__((noinline)) uint16_t sort(uint16_t l)
{
    if (!l || !v[l].next)
        return l;
    uint16_t slow = l, fast = v[l].next;
    while (fast && v[fast].next) {
        slow = v[slow].next;
        fast = v[v[fast].next].next;
    }
    uint16_t b = v[slow].next;
    v[slow].next = 0;
    return merge(sort(l), sort(b));
}

uint32_t kernel(uint32_t n)
{
    uint32_t h = 0;
    while (n--) {
        uint16_t l = 0;
        for (uint16_t i = 1; i <= N; i++) {
            v[i].key = rnd();
            v[i].tag = i;
            v[i].next = l;
            l = i;
        }
        l = sort(l);
        /* reverse */
        uint16_t r = 0;
        while (l) {
            uint16_t x = v[l].next;
            v[l].next = r;
            r = l;
            l = x;
        }
        /* search a few keys, moving what is found to the front */
        for (int k = 0; k < 32; k++) {
            uint16_t want = (uint16_t)(rnd() % N + 1), p = r, before = 0;
            while (p && v[p].tag != want) {
                before = p;
                p = v[p].next;
            }
            if (before && p) {
                v[before].next = v[p].next;
                v[p].next = r;
                r = p;
            }
            h = h * 31 + v[r].key;
        }
    }
    return h;
}
MAIN("lists", 4500)
