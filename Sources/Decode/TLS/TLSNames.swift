/// Names of versions and cipher suites as servers log them (`ssl_protocol`, `ssl_cipher`).
enum TLSNames {
  /// `TLSv1.3`; `nil` for a version without a name.
  static func version(_ version: UInt16) -> StaticString? {
    switch version {
    case 0x0304: "TLSv1.3"
    case 0x0303: "TLSv1.2"
    case 0x0302: "TLSv1.1"
    case 0x0301: "TLSv1"
    case 0x0300: "SSLv3"
    default: nil
    }
  }

  /// The name OpenSSL gives a suite of the IANA registry; `nil` for one that is rare today.
  static func cipher(_ suite: UInt16) -> StaticString? {
    switch suite {
    case 0x1301: "TLS_AES_128_GCM_SHA256"
    case 0x1302: "TLS_AES_256_GCM_SHA384"
    case 0x1303: "TLS_CHACHA20_POLY1305_SHA256"
    case 0xc02b: "ECDHE-ECDSA-AES128-GCM-SHA256"
    case 0xc02c: "ECDHE-ECDSA-AES256-GCM-SHA384"
    case 0xc02f: "ECDHE-RSA-AES128-GCM-SHA256"
    case 0xc030: "ECDHE-RSA-AES256-GCM-SHA384"
    case 0xcca8: "ECDHE-RSA-CHACHA20-POLY1305"
    case 0xcca9: "ECDHE-ECDSA-CHACHA20-POLY1305"
    case 0xccaa: "DHE-RSA-CHACHA20-POLY1305"
    case 0xc009: "ECDHE-ECDSA-AES128-SHA"
    case 0xc00a: "ECDHE-ECDSA-AES256-SHA"
    case 0xc013: "ECDHE-RSA-AES128-SHA"
    case 0xc014: "ECDHE-RSA-AES256-SHA"
    case 0xc023: "ECDHE-ECDSA-AES128-SHA256"
    case 0xc024: "ECDHE-ECDSA-AES256-SHA384"
    case 0xc027: "ECDHE-RSA-AES128-SHA256"
    case 0xc028: "ECDHE-RSA-AES256-SHA384"
    case 0x0033: "DHE-RSA-AES128-SHA"
    case 0x0039: "DHE-RSA-AES256-SHA"
    case 0x0067: "DHE-RSA-AES128-SHA256"
    case 0x006b: "DHE-RSA-AES256-SHA256"
    case 0x009e: "DHE-RSA-AES128-GCM-SHA256"
    case 0x009f: "DHE-RSA-AES256-GCM-SHA384"
    case 0x002f: "AES128-SHA"
    case 0x0035: "AES256-SHA"
    case 0x003c: "AES128-SHA256"
    case 0x003d: "AES256-SHA256"
    case 0x009c: "AES128-GCM-SHA256"
    case 0x009d: "AES256-GCM-SHA384"
    case 0x000a: "DES-CBC3-SHA"
    case 0x0005: "RC4-SHA"
    case 0x0004: "RC4-MD5"
    default: nil
    }
  }

  /// Four hexadecimal digits behind `0x`, for what has no name here.
  static func append(number: UInt16, to bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "0"))
    bytes.append(UInt8(ascii: "x"))
    var shift: UInt16 = 16
    while shift > 0 {
      shift &-= 4
      let digit = UInt8(truncatingIfNeeded: number >> shift & 15)
      bytes.append(digit < 10 ? 0x30 &+ digit : 0x57 &+ digit)
    }
  }
}
