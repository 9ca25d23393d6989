import CrenelCapture
import CrenelModel
import Glibc

/// How to capture live, as given on the command line.
public struct LiveOptions: Sendable {
  /// `--interface`, each time it was given; empty when nothing is captured live.
  public var interfaces: [String] = []
  /// `--buffer-size` in MiB for each interface.
  public var bufferMebibytes = 32
  /// `--user`: whom to become once the interfaces are open.
  public var user = "nobody"

  /// Creates options that capture nothing.
  public init() {}
}

/// Live interfaces as an input: opened with the rights that needs, which are then given up.
enum LiveInput {
  /// Set by the first SIGINT or SIGTERM: what was captured is still worked off.
  private static let stop = LiveStop()

  /// Opens the interfaces; throws what libpcap refuses.
  static func open(_ options: LiveOptions, _ setup: Setup) throws(Diagnostic) -> LiveSource {
    var settings = LiveSettings(interfaces: options.interfaces)
    settings.filter = setup.bpf ?? ""
    settings.bufferSize = max(1, options.bufferMebibytes) << 20
    return LiveSource(try LiveCapture(settings, stopper: stop), setup: setup)
  }

  /// Gives up the rights of root, once all that needs them is open, and listens for SIGINT and SIGTERM.
  ///
  /// Throws what the system refuses.
  static func start(_ options: LiveOptions) throws(Diagnostic) {
    let dropped = try PrivilegeDrop.become(user: options.user)
    signal(SIGINT) { _ in LiveInput.stop.stop() }
    signal(SIGTERM) { _ in LiveInput.stop.stop() }
    StandardError.write(
      "capturing on \(options.interfaces.joined(separator: ", "))"
        + (dropped.wasRoot ? ", as \(options.user)" : "") + "; Ctrl-C ends\n")
  }
}
