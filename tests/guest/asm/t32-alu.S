/* See arm-alu.inc; the same source serves A32 and T32. */
#include "arm-alu.inc"
