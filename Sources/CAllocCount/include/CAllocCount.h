#pragma once
#include <stdint.h>

/// Heap allocations made by the calling thread since it started (malloc, calloc, realloc,
/// aligned_alloc, posix_memalign).
uint64_t crenel_alloc_count(void);
