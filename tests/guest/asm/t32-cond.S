/* See arm-cond.inc; the same source serves A32 and T32. */
#include "arm-cond.inc"
