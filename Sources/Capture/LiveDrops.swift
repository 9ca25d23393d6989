/// How many packets a live capture has had, and lost, since it was opened.
public struct LiveDrops: Sendable, Equatable {
  /// Packets that passed the filter and reached the kernel's buffer or were dropped there.
  ///
  /// On loopback the kernel sees each packet twice and counts it twice; it is given once.
  public var received: UInt64 = 0
  /// Packets the kernel dropped because its buffer was full: they were not read fast enough.
  public var droppedByKernel: UInt64 = 0
  /// Packets the interface or its driver dropped before the kernel saw them.
  public var droppedByInterface: UInt64 = 0

  /// Creates counts at zero.
  public init() {}

  /// Adds the counts of another interface.
  mutating func add(_ other: LiveDrops) {
    received &+= other.received
    droppedByKernel &+= other.droppedByKernel
    droppedByInterface &+= other.droppedByInterface
  }

  /// What was counted since `earlier`, for a report of an interval.
  public func since(_ earlier: LiveDrops) -> LiveDrops {
    var difference = LiveDrops()
    difference.received = received &- earlier.received
    difference.droppedByKernel = droppedByKernel &- earlier.droppedByKernel
    difference.droppedByInterface = droppedByInterface &- earlier.droppedByInterface
    return difference
  }
}
