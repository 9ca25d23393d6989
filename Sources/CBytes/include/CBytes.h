#pragma once
// Byte scanning that Swift cannot spell: libc's vectorised searches, with the bound beside them.
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/// Index of the first `byte` in `bytes[from ..< count]`, or `count` when there is none.
static inline size_t crenel_find(const uint8_t *bytes, size_t from, size_t count, uint8_t byte) {
  if (from >= count) return count;
  const void *hit = memchr(bytes + from, byte, count - from);
  return hit ? (size_t)((const uint8_t *)hit - bytes) : count;
}

/// How often `byte` stands in `bytes[0 ..< count]`; blocks of 255 keep the sums in one byte each, so
/// that the compiler compares and adds whole vectors.
static inline size_t crenel_count(const uint8_t *bytes, size_t count, uint8_t byte) {
  size_t total = 0;
  while (count >= 64) {
    size_t blocks = count / 64 < 255 ? count / 64 : 255;
    uint8_t sums[64] = {0};
    for (size_t block = 0; block < blocks; block++, bytes += 64)
      for (size_t i = 0; i < 64; i++) sums[i] += bytes[i] == byte;
    for (size_t i = 0; i < 64; i++) total += sums[i];
    count -= blocks * 64;
  }
  for (size_t i = 0; i < count; i++) total += bytes[i] == byte;
  return total;
}
