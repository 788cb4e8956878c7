/* See arm-media.inc; the same source serves A32 and T32. */
#include "arm-media.inc"
