/// How live interfaces are captured from.
public struct LiveSettings: Sendable, Equatable {
  /// The interfaces, by name; `any` is all of them.
  public var interfaces: [String]
  /// Which packets are taken, in the language of pcap-filter(7); empty for all.
  public var filter = ""
  /// Most bytes taken of a packet, 1...262,144.
  public var snapLength = 262_144
  /// Memory for packets not yet read, in bytes for each interface.
  public var bufferSize = 32 * 1_024 * 1_024
  /// Whether the interfaces take what is addressed to other machines too.
  public var isPromiscuous = false
  /// How long the kernel may hold a packet back to hand over several at once, in milliseconds.
  public var delay = 100

  /// Creates the settings for some interfaces; the others have their usual values.
  public init(interfaces: [String]) { self.interfaces = interfaces }
}
