import CrenelModel

/// Where a profile's field lies in an exchange, resolved once.
struct FieldSource {
  private let slot: Int
  private let key: [UInt8]
  private let origin: FieldPath.Origin

  /// `nil` for a part of the path, which the step rules take out themselves.
  init?(_ path: FieldPath, _ names: FieldNames) {
    origin = path.origin
    key = Array(path.key.utf8)
    slot = names.slot(of: path.name) ?? -1
    if path.origin == .path { return nil }
  }

  /// The field's bytes; absent when the exchange has none.
  func range(_ exchange: Exchange, _ bytes: Span<UInt8>) -> ByteRange {
    if slot >= 0, exchange.extras[slot].isPresent { return exchange.extras[slot] }
    switch origin {
    case .query: return Query.value(key, bytes, exchange[.query].indices)
    case .cookie: return CookieNames.value(key, isPrefix: false, bytes, exchange[.cookies].indices)
    case .form, .json, .header, .path: return .absent
    }
  }
}

/// The cookies that carry a session.
struct CookieNames {
  private struct Name {
    var slot: Int
    var name: [UInt8]
    var isPrefix: Bool
  }

  private let names: [Name]

  init(_ profile: SiteProfile, _ known: FieldNames) {
    names = profile.sessionCookies.map { cookie in
      let isPrefix = cookie.hasSuffix("*")
      let plain = isPrefix ? String(cookie.dropLast()) : cookie
      return Name(
        slot: known.slot(of: "cookie." + plain) ?? -1, name: Array(plain.utf8), isPrefix: isPrefix)
    }
  }

  /// The value of the first session cookie the exchange has; absent when none is logged.
  func value(_ exchange: Exchange, _ bytes: Span<UInt8>) -> ByteRange {
    for name in names {
      if name.slot >= 0, exchange.extras[name.slot].count > 0 { return exchange.extras[name.slot] }
      guard exchange[.cookies].count > 0 else { continue }
      let value = Self.value(name.name, isPrefix: name.isPrefix, bytes, exchange[.cookies].indices)
      if value.count > 0 { return value }
    }
    return .absent
  }

  /// The value of a cookie in a Cookie header (RFC 6265 section 4.2.1).
  static func value(
    _ name: [UInt8], isPrefix: Bool, _ bytes: Span<UInt8>, _ header: Range<Int>
  ) -> ByteRange {
    var start = header.lowerBound
    while start < header.upperBound {
      var end = start
      while end < header.upperBound, bytes[end] != UInt8(ascii: ";") { end &+= 1 }
      while start < end, bytes[start] == 0x20 { start &+= 1 }
      var equal = start
      while equal < end, bytes[equal] != UInt8(ascii: "=") { equal &+= 1 }
      let length = equal &- start
      if equal < end, isPrefix ? length >= name.count : length == name.count {
        var isSame = true
        for i in name.indices where bytes[start &+ i] != name[i] {
          isSame = false
          break
        }
        if isSame { return ByteRange((equal &+ 1)..<end) }
      }
      start = end &+ 1
    }
    return .absent
  }
}

/// Paths that are parts of a page.
struct AssetPaths {
  private let extensions: Set<UInt64>
  private let prefixes: [[UInt8]]

  init(_ profile: SiteProfile) {
    extensions = Set(
      profile.assetExtensions.filter { $0.utf8.count <= 8 }.map { Self.word(Array($0.utf8).span) })
    prefixes = profile.assetPrefixes.map { Array($0.utf8) }
  }

  /// Whether the path ends with an extension or begins with a prefix of the profile.
  func contains(_ bytes: Span<UInt8>, _ path: Range<Int>) -> Bool {
    for prefix in prefixes where path.count >= prefix.count {
      var isSame = true
      for i in prefix.indices where bytes[path.lowerBound &+ i] != prefix[i] {
        isSame = false
        break
      }
      if isSame { return true }
    }
    var dot = path.upperBound
    while dot > path.lowerBound, path.upperBound &- dot <= 11 {
      dot &-= 1
      if bytes[dot] == UInt8(ascii: "/") { return false }
      if bytes[dot] == UInt8(ascii: ".") {
        let length = path.upperBound &- dot &- 1
        guard (1...8).contains(length) else { return false }
        return extensions.contains(Self.word(bytes.extracting((dot &+ 1)..<path.upperBound)))
      }
    }
    return false
  }

  /// Up to eight bytes in lower case as one word.
  private static func word(_ bytes: Span<UInt8>) -> UInt64 {
    var word: UInt64 = 0
    for i in bytes.indices {
      let byte = bytes[i]
      word = word << 8 | UInt64((0x41...0x5a).contains(byte) ? byte | 0x20 : byte)
    }
    return word
  }
}

/// Remembers what was found out about the latest user agents, which come again and again.
struct AgentMemory {
  private var keys = [UInt64](repeating: 0, count: 256)
  private var isDeclared = [Bool](repeating: false, count: 256)

  /// The hash of an agent (0 for none), and whether the profile declares it.
  mutating func look(
    _ bytes: Span<UInt8>, _ range: Range<Int>, seed: UInt64, declared: [[UInt8]]
  ) -> (agent: UInt64, isDeclared: Bool) {
    guard !range.isEmpty else { return (0, false) }
    let hash = max(1, Hash64.of(bytes.extracting(range), seed: seed))
    guard !declared.isEmpty else { return (hash, false) }
    let place = Int(hash >> 56)
    if keys[place] == hash { return (hash, isDeclared[place]) }
    var found = false
    for part in declared where Self.contains(part, bytes, range) {
      found = true
      break
    }
    keys[place] = hash
    isDeclared[place] = found
    return (hash, found)
  }

  /// Whether `bytes[range]` holds `part`, in any letter case; `part` is in lower case.
  private static func contains(_ part: [UInt8], _ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
    guard !part.isEmpty, range.count >= part.count else { return false }
    for start in range.lowerBound...(range.upperBound &- part.count) {
      var isSame = true
      for i in part.indices {
        let byte = bytes[start &+ i]
        let folded = (0x41...0x5a).contains(byte) ? byte | 0x20 : byte
        if folded != part[i] {
          isSame = false
          break
        }
      }
      if isSame { return true }
    }
    return false
  }
}
