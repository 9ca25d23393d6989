import CrenelModel

/// The names of ``FieldNames`` that a request can answer, sorted by where they are looked for.
///
/// `header.NAME` is the first request field of that name, in any case and with `-` and `_` as one;
/// `cookie.NAME` a cookie; `form.NAME` a field of a url-encoded or multipart body; `json.PATH` a
/// value of a JSON body, by its keys joined with dots.
struct AskedFields: Sendable {
  /// A name and the slot its text goes to.
  struct Asked: Sendable {
    var name: [UInt8]
    var slot: Int
  }

  private(set) var headers: [Asked] = []
  private(set) var cookies: [Asked] = []
  private(set) var forms: [Asked] = []
  private(set) var tree = JSONPathTree()
  private(set) var hasJSON = false

  init(_ names: FieldNames) {
    for (slot, name) in names.names.enumerated() {
      let parts = name.split(separator: ".", maxSplits: 1).map(String.init)
      guard parts.count == 2, slot < Exchange.extraCapacity else { continue }
      let asked = Asked(name: Array(parts[1].utf8), slot: slot)
      switch parts[0] {
      case "header": headers.append(asked)
      case "cookie": cookies.append(asked)
      case "form": forms.append(asked)
      case "json":
        hasJSON = true
        tree.insert(
          parts[1].split(separator: ".").map(String.init),
          as: JSONPathTree.Leaf(slot: UInt8(slot), rank: 0), ignoresCase: false)
      default: break
      }
    }
  }

  /// Whether anything of a body is asked for.
  var wantsBody: Bool { hasJSON || !forms.isEmpty }

  /// The value of a cookie in a Cookie field (RFC 6265 section 4.2.1); absent when it is not there.
  static func cookie(
    _ name: [UInt8], _ bytes: Span<UInt8>, _ header: Range<Int>
  ) -> ByteRange {
    var start = header.lowerBound
    while start < header.upperBound {
      let end = find(UInt8(ascii: ";"), in: bytes, from: start, to: header.upperBound)
      while start < end, bytes[start] == 0x20 || bytes[start] == 0x09 { start &+= 1 }
      let equal = start &+ name.count
      if equal < end, bytes[equal] == UInt8(ascii: "=") {
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
