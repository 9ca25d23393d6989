#pragma once
// Byte scanning that Swift cannot spell: libc's vectorised searches, with the bound beside them.
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/// Index of the first `byte` in `bytes[from ..< count]`, or `none` when there is none.
static inline size_t crenel_find(
    const uint8_t *bytes, size_t from, size_t count, size_t none, uint8_t byte) {
  if (from >= count) return none;
  const void *hit = memchr(bytes + from, byte, count - from);
  return hit ? (size_t)((const uint8_t *)hit - bytes) : none;
}
