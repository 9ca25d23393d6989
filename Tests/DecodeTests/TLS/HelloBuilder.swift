/// Spells ClientHello messages for tests, field by field.
struct HelloBuilder {
  var version: UInt16 = 0x0303
  var ciphers: [UInt16] = [0x1301, 0x1302, 0xc02f]
  /// Type and content, in order; `nil` for a hello without the whole block.
  var extensions: [(UInt16, [UInt8])]? = []

  static func two(_ value: Int) -> [UInt8] { [UInt8(value >> 8 & 255), UInt8(value & 255)] }
  static func two(_ values: [UInt16]) -> [UInt8] { values.flatMap { two(Int($0)) } }

  static func serverName(_ name: String) -> (UInt16, [UInt8]) {
    let bytes = Array(name.utf8)
    return (0, two(bytes.count + 3) + [0] + two(bytes.count) + bytes)
  }

  static func protocols(_ names: [[UInt8]]) -> (UInt16, [UInt8]) {
    let list = names.flatMap { [UInt8($0.count)] + $0 }
    return (0x10, two(list.count) + list)
  }

  static func signatures(_ values: [UInt16]) -> (UInt16, [UInt8]) {
    (0x0d, two(values.count * 2) + two(values))
  }

  static func versions(_ values: [UInt16]) -> (UInt16, [UInt8]) {
    (0x2b, [UInt8(values.count * 2)] + two(values))
  }

  /// The body, without the four bytes of the handshake header.
  var body: [UInt8] {
    var bytes = Self.two(Int(version)) + [UInt8](repeating: 0x5a, count: 32) + [0]
    bytes += Self.two(ciphers.count * 2) + Self.two(ciphers) + [1, 0]
    guard let extensions else { return bytes }
    let list = extensions.flatMap { Self.two(Int($0.0)) + Self.two($0.1.count) + $0.1 }
    return bytes + Self.two(list.count) + list
  }

  /// The handshake message.
  var message: [UInt8] { [1, UInt8(body.count >> 16)] + Self.two(body.count & 0xffff) + body }

  /// The message in records of at most `size` bytes.
  func records(of size: Int = 16_384) -> [UInt8] {
    stride(from: 0, to: message.count, by: size).flatMap { start in
      let part = message[start..<min(start + size, message.count)]
      return [22, 3, 1] + Self.two(part.count) + part
    }
  }

  /// What a browser sends, GREASE in every list; `salt` picks the GREASE values.
  static func browser(salt: Int, shuffled: Bool) -> HelloBuilder {
    let grease = (0..<5).map { UInt16(0x0a0a + 0x1010 * ((salt + $0 * 3) % 16)) }
    var extensions: [(UInt16, [UInt8])] = [
      serverName("rdv.example"), protocols([Array("h2".utf8), Array("http/1.1".utf8)]),
      signatures([grease[0], 0x0403, 0x0804, 0x0401]), versions([grease[1], 0x0304, 0x0303]),
      (0x0017, []), (0xff01, [0]),
    ]
    if shuffled { extensions.reverse() }
    extensions.insert((grease[2], []), at: 0)
    extensions.append((grease[3], [0]))
    return HelloBuilder(
      ciphers: [grease[4], 0x1301, 0x1302, 0x1303, 0xc02b], extensions: extensions)
  }
}

/// A ServerHello in one record.
func serverHello(cipher: UInt16, version: UInt16?) -> [UInt8] {
  var body: [UInt8] = [3, 3] + [UInt8](repeating: 0x77, count: 32) + [0]
  body += HelloBuilder.two(Int(cipher)) + [0]
  if let version { body += [0, 6, 0, 0x2b, 0, 2] + HelloBuilder.two(Int(version)) }
  let message = [2, 0] + HelloBuilder.two(body.count) + body
  return [22, 3, 3] + HelloBuilder.two(message.count) + message
}
