internal import CAllocCount

/// Heap allocations made by this thread since it started.
public func allocationCount() -> UInt64 { crenel_alloc_count() }

/// Whether the tests were built with optimisation; allocation budgets hold only then.
public var isReleaseBuild: Bool {
  var debug = false
  assert(
    {
      debug = true; return true
    }())
  return !debug
}
