#include "CBytes.h"

// Compiled twice where that helps: for machines with compares of 32 bytes, and for all. The loader
// takes the one that fits the machine it runs on; both give the same answer.
#if defined(__x86_64__) && defined(__linux__)
#define CRENEL_CLONES __attribute__((target_clones("arch=x86-64-v3", "default")))
#else
#define CRENEL_CLONES
#endif

enum { quote_room = sizeof(((crenel_line *)0)->quotes) / sizeof(uint32_t) };

/// Notes the places of the quotes that are set in `mask`, of a block that begins at `at`, after the
/// `n` that are noted; how many there are then.
static inline uint32_t crenel_note_quotes(
    uint32_t places[quote_room], uint32_t n, uint32_t mask, size_t at) {
  for (; mask; mask &= mask - 1, n++)
    if (n < quote_room) places[n] = (uint32_t)(at + (size_t)__builtin_ctz(mask));
  return n;
}

CRENEL_CLONES
crenel_line crenel_scan_line(const uint8_t *bytes, size_t from, size_t count) {
  crenel_line line = {.end = count};
  uint32_t n = 0, rare = 0;
  size_t at = from;
  for (; at < count && count - at >= 32; at += 32) {
    uint32_t feed = crenel_equal32(bytes + at, '\n');
    uint32_t quotes = crenel_equal32(bytes + at, '"');
    uint32_t rarely = crenel_equal32(bytes + at, '\\') | crenel_equal32(bytes + at, '#');
    uint32_t before = feed ? (feed & -feed) - 1 : UINT32_MAX;
    rare |= rarely & before;
    n = crenel_note_quotes(line.quotes, n, quotes & before, at);
    if (feed) {
      line.end = at + (size_t)__builtin_ctz(feed);
      break;
    }
  }
  for (; line.end == count && at < count; at++) {
    uint8_t byte = bytes[at];
    if (byte == '\n') {
      line.end = at;
      break;
    }
    rare |= byte == '\\' || byte == '#';
    n = crenel_note_quotes(line.quotes, n, byte == '"', at);
  }
  line.quote_count = n;
  line.rare = rare;
  return line;
}
