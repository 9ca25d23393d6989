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

typedef uint8_t crenel_block16 __attribute__((ext_vector_type(16)));
typedef _Bool crenel_mask16 __attribute__((ext_vector_type(16)));
typedef uint8_t crenel_block32 __attribute__((ext_vector_type(32)));
typedef _Bool crenel_mask32 __attribute__((ext_vector_type(32)));

/// One bit for each of the 16 bytes at `bytes` that equals `byte`, the first lowest.
static inline uint32_t crenel_equal16(const uint8_t *bytes, uint8_t byte) {
  crenel_block16 block;
  memcpy(&block, bytes, sizeof block);
  crenel_mask16 equal = __builtin_convertvector(block == byte, crenel_mask16);
  uint16_t mask;
  memcpy(&mask, &equal, sizeof mask);
  return mask;
}

/// One bit for each of the 32 bytes at `bytes` that equals `byte`, the first lowest.
static inline uint32_t crenel_equal32(const uint8_t *bytes, uint8_t byte) {
  crenel_block32 block;
  memcpy(&block, bytes, sizeof block);
  crenel_mask32 equal = __builtin_convertvector(block == byte, crenel_mask32);
  uint32_t mask;
  memcpy(&mask, &equal, sizeof mask);
  return mask;
}

/// What one pass over a line found.
typedef struct {
  /// Index of the line feed, or `count` when there is none.
  size_t end;
  /// Places of the first quotes `"`, in order.
  uint32_t quotes[8];
  /// How many quotes there are, which may be more than were noted.
  uint32_t quote_count;
  /// Not 0 when a backslash or a `#` stands in the line.
  uint32_t rare;
} crenel_line;

/// Scans `bytes[from ..< count]` up to the first line feed. Nothing outside is read; `count` is at
/// most `UINT32_MAX`. Places are of `bytes`.
crenel_line crenel_scan_line(const uint8_t *bytes, size_t from, size_t count);

/// The number that one to three digits before `end` are; sets `bad` when they are anything else,
/// have a leading zero or pass 255. Loads the four bytes before `end`.
static inline uint32_t crenel_octet(const uint8_t *bytes, size_t end, size_t digits, uint32_t *bad) {
  if (digits - 1 > 2) {
    *bad = 1;
    return 0;
  }
  uint32_t word;
  memcpy(&word, bytes + end - 4, sizeof word);
  unsigned shift = (unsigned)(4 - digits) * 8;
  // '0' to '9' become 0 to 9 and everything else more; what is before the digits is cleared.
  uint32_t w = (word ^ 0x30303030u) >> shift << shift;
  *bad |= ((w + 0x76767676u) | w) & 0x80808080u;
  *bad |= digits > 1 && ((w >> shift) & 0xff) == 0;
  uint32_t value = (w >> 24) + 10 * ((w >> 16) & 0xff) + 100 * ((w >> 8) & 0xff);
  *bad |= value > 255;
  return value;
}

/// Reads a dotted quad that a space follows at `bytes[at]`; its length, or 0 when there is none.
/// Loads nothing outside `bytes[at - 4 ..< at + 16]`, which must lie in `bytes[0 ..< count]`.
static inline size_t crenel_dotted_quad(
    const uint8_t *bytes, size_t at, size_t count, uint32_t *address) {
  if (at < 4 || count < 16 || at > count - 16) return 0;
  uint32_t dots = crenel_equal16(bytes + at, '.');
  uint32_t space = crenel_equal16(bytes + at, ' ');
  if (!space) return 0;
  unsigned end = (unsigned)__builtin_ctz(space);
  dots &= (1u << end) - 1;
  if (__builtin_popcount(dots) != 3) return 0;
  unsigned first = (unsigned)__builtin_ctz(dots);
  dots &= dots - 1;
  unsigned second = (unsigned)__builtin_ctz(dots);
  dots &= dots - 1;
  unsigned third = (unsigned)__builtin_ctz(dots);
  uint32_t bad = 0;
  *address = crenel_octet(bytes, at + first, first, &bad) << 24 |
             crenel_octet(bytes, at + second, second - first - 1, &bad) << 16 |
             crenel_octet(bytes, at + third, third - second - 1, &bad) << 8 |
             crenel_octet(bytes, at + end, end - third - 1, &bad);
  return bad ? 0 : end;
}
