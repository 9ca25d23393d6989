public import CrenelModel

/// Counts over exchanges: status, method, time range, clients, bytes.
///
/// Fixed size and order-free: the same exchanges in any order give the same counts.
public struct Statistics: Sendable {
  /// Exchanges counted.
  public private(set) var exchanges: UInt64 = 0
  /// The earliest stamp; `nil` before the first exchange.
  public private(set) var first: Timestamp?
  /// The latest stamp; `nil` before the first exchange.
  public private(set) var last: Timestamp?
  /// Response bytes that were logged, body or whole, as the format has them.
  public private(set) var bytes: UInt64 = 0
  /// Request lines that were no HTTP request line.
  public private(set) var malformed: UInt64 = 0

  /// TLS connections, which are no requests and count in neither status nor method.
  public private(set) var encrypted: UInt64 = 0
  /// Exchanges of which the capture lacks the request, or the end of its target.
  public private(set) var unknownTargets: UInt64 = 0

  private var statuses = [UInt64](repeating: 0, count: 1_000)
  private var methods: [(word: UInt64, name: [UInt8], count: UInt64)] = []
  private var latest = 0
  private var otherMethods: UInt64 = 0
  private var withoutMethod: UInt64 = 0
  private var clients = DistinctEstimate()

  /// Creates counts at zero.
  public init() {}

  /// Adds the exchanges of a batch.
  public mutating func add(_ batch: borrowing ExchangeBatch) {
    let bytes = batch.bytes.span
    for i in batch.exchanges.indices { add(batch.exchanges[i], bytes) }
  }

  private mutating func add(_ exchange: Exchange, _ text: Span<UInt8>) {
    exchanges &+= 1
    first = min(first ?? exchange.at, exchange.at)
    last = max(last ?? exchange.at, exchange.at)
    clients.add(Hash64.of(exchange.client.high, exchange.client.low, seed: 0x636c_6965_6e74))
    let sent = max(exchange.bodyBytes, exchange.responseBytes)
    if sent > 0 { bytes &+= UInt64(sent) }
    guard !exchange.flags.contains(.encrypted) else {
      encrypted &+= 1
      return
    }
    statuses[min(Int(exchange.status), 999)] &+= 1
    if exchange.flags.contains(.unknownTarget) {
      unknownTargets &+= 1
    } else if exchange.flags.contains(.malformedRequest) {
      malformed &+= 1
    } else if exchange[.method].isPresent {
      count(method: text.extracting(exchange[.method].indices))
    } else {
      withoutMethod &+= 1
    }
  }

  /// Counts a method; the first 16 spellings by name, the rest together.
  private mutating func count(method: Span<UInt8>) {
    let word = Self.word(method)
    if latest < methods.count, methods[latest].word == word, method.count <= 8 {
      methods[latest].count &+= 1
      return
    }
    for i in methods.indices where methods[i].word == word {
      // Methods of up to eight bytes are told apart by the word alone.
      guard method.count <= 8 || Self.equal(methods[i].name, method) else { continue }
      methods[i].count &+= 1
      latest = i
      return
    }
    guard methods.count < 16 else {
      otherMethods &+= 1
      return
    }
    var name: [UInt8] = []
    for i in method.indices { name.append(method[i]) }
    methods.append((word, name, 1))
  }

  /// The first eight bytes, with the length in what they leave.
  private static func word(_ method: Span<UInt8>) -> UInt64 {
    var word = UInt64(truncatingIfNeeded: method.count)
    for i in 0..<min(method.count, 8) { word = word << 8 | UInt64(method[i]) }
    return word
  }

  private static func equal(_ left: [UInt8], _ right: Span<UInt8>) -> Bool {
    guard left.count == right.count else { return false }
    for i in left.indices where left[i] != right[i] { return false }
    return true
  }

  /// Statuses that came up, in order, with their counts; 0 stands for "not logged".
  public var byStatus: [(status: Int, count: UInt64)] {
    statuses.enumerated().filter { $0.element > 0 }.map { ($0.offset, $0.element) }
  }

  /// What stands for the methods past the first 16.
  static let others = "(other)"
  /// What stands for no method at all.
  static let none = "(none)"

  /// Methods by count, then name; spellings past the first 16 under "(other)".
  ///
  /// Under "(none)" what has none: responses without their requests, formats that do not log it.
  public var byMethod: [(method: String, count: UInt64)] {
    var list = methods.map { (method: String(decoding: $0.name, as: UTF8.self), count: $0.count) }
    if otherMethods > 0 { list.append((Self.others, otherMethods)) }
    if withoutMethod > 0 { list.append((Self.none, withoutMethod)) }
    return list.sorted { ($1.count, $0.method) < ($0.count, $1.method) }
  }

  /// About how many different clients there were; the standard error is 1.6 %.
  public var clientEstimate: UInt64 { clients.estimate }
}

/// How many different values were added, about: HyperLogLog with 4,096 registers.
///
/// Flajolet, Fusy, Gandouet, Meunier 2007; small counts by linear counting. 4 KiB, no allocation
/// after creation, standard error 1.04 / sqrt(4096) = 1.6 %.
struct DistinctEstimate: Sendable {
  private var registers = [UInt8](repeating: 0, count: 4_096)

  /// Adds a well-mixed hash.
  mutating func add(_ hash: UInt64) {
    let index = Int(hash & 4_095)
    let rank = UInt8(min(52, (hash >> 12).trailingZeroBitCount) + 1)
    if registers[index] < rank { registers[index] = rank }
  }

  /// The estimate; exact for 0.
  var estimate: UInt64 {
    var sum = 0.0
    var zeros = 0
    for register in registers {
      sum += 1 / Double(UInt64(1) << UInt64(register))
      if register == 0 { zeros += 1 }
    }
    let count = 4_096.0
    let raw = 0.7213 / (1 + 1.079 / count) * count * count / sum
    guard raw <= 2.5 * count, zeros > 0 else { return UInt64(raw.rounded()) }
    return UInt64((count * Self.log(count / Double(zeros))).rounded())
  }

  /// Natural logarithm of values from 1 to 4096 by repeated halving and a series; the same on every machine.
  static func log(_ value: Double) -> Double {
    var rest = value
    var halvings = 0.0
    while rest > 1.5 {
      rest /= 2
      halvings += 1
    }
    // ln x = 2 artanh((x - 1) / (x + 1)); at x <= 1.5 twelve terms pass double precision.
    let ratio = (rest - 1) / (rest + 1)
    var term = ratio
    var sum = 0.0
    for k in 0..<16 {
      sum += term / Double(2 * k + 1)
      term *= ratio * ratio
    }
    return 2 * sum + halvings * 0.693_147_180_559_945_3
  }
}
