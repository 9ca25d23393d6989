import CPCAP
import Glibc
import Synchronization

/// Ends a live capture from elsewhere: another thread, or a signal handler.
///
/// A class because it is one switch with two holders. It takes no lock and no memory.
@safe
public final class LiveStop: Sendable {
  /// Becomes readable when the switch is thrown, so that a wait ends at once; -1 if there is none.
  let descriptor: Int32
  private let isThrown = Atomic<Bool>(false)

  /// Creates a switch that is not thrown.
  public init() { descriptor = crenel_event_descriptor() }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Whether ``stop()`` was called.
  public var isStopped: Bool { isThrown.load(ordering: .acquiring) }

  /// Throws the switch, for good: packets the kernel holds are still given, then the capture ends.
  ///
  /// Safe in a signal handler: an atomic store and `write`, which leaves `errno` as it was.
  public func stop() {
    let before = errno
    isThrown.store(true, ordering: .releasing)
    var one: UInt64 = 1
    _ = unsafe write(descriptor, &one, 8)  // 8 bytes are what an eventfd takes
    errno = before
  }
}
