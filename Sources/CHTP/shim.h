#pragma once
#include <htp/htp.h>

// Macros that Swift cannot see.
static inline const uint8_t *crenel_bstr_bytes(const bstr *string) { return bstr_ptr(string); }
static inline size_t crenel_bstr_count(const bstr *string) { return bstr_len(string); }

// The flags of a transaction that say its length can be read in more than one way.
static inline int crenel_htp_is_ambiguous(uint64_t flags) {
  return (flags & (HTP_REQUEST_SMUGGLING | HTP_REQUEST_INVALID_C_L | HTP_REQUEST_INVALID_T_E)) != 0;
}

// The flags of a transaction that say it breaks the grammar.
static inline int crenel_htp_is_malformed(uint64_t flags) {
  return (flags & (HTP_FIELD_UNPARSEABLE | HTP_FIELD_INVALID | HTP_FIELD_RAW_NUL |
                   HTP_INVALID_FOLDING | HTP_STATUS_LINE_INVALID | HTP_REQUEST_INVALID)) != 0;
}
