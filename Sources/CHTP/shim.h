#pragma once
#include <htp/htp.h>

// Macros that Swift cannot see.
static inline const uint8_t *crenel_bstr_bytes(const bstr *string) { return bstr_ptr(string); }
static inline size_t crenel_bstr_count(const bstr *string) { return bstr_len(string); }
