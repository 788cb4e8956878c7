/* See arm-mem.inc; the same source serves A32 and T32. */
#include "arm-mem.inc"
