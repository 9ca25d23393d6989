import CrenelModel

/// The headers that a HAProxy frontend captures, in the order of its configuration.
///
/// The log holds their values without their names (`{Mozilla/5.0|https://…}`), so they must be told.
struct HAProxyCaptures: Sendable, Hashable {
  var request: [String]
  var response: [String]

  /// Reads `haproxy:User-Agent,Referer/Location`: captured request headers, then, behind a slash,
  /// response headers.
  static func parse(_ text: String) throws(Diagnostics) -> HAProxyCaptures {
    let sides = text.dropFirst("haproxy:".count).split(
      separator: "/", omittingEmptySubsequences: false)
    let names = sides.map { $0.split(separator: ",", omittingEmptySubsequences: false) }
    let isHeader: (Substring) -> Bool = { name in
      !name.isEmpty && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }
    }
    guard names.count <= 2,
      names.enumerated().allSatisfy({ side, list in
        side == 0 && names.count == 2 && list == [""] || list.allSatisfy(isHeader)
      })
    else {
      throw Diagnostics([
        Diagnostic(
          code: "format-captures", at: SourcePosition(file: "--format"),
          "'\(text)' does not name HAProxy's captures",
          hint: "the captured request headers in their order, then '/' and the response headers: "
            + "haproxy:User-Agent,Referer/Location")
      ])
    }
    return HAProxyCaptures(
      request: names[0] == [""] ? [] : names[0].map(String.init),
      response: names.count == 2 ? names[1].map(String.init) : [])
  }

  /// The grammar of lines with these captures, and that of lines without any.
  func compiled(names: FieldNames) -> [CompiledFormat] {
    let groups = [
      request.map { FieldRole.header($0, names) },
      response.map { $0.lowercased() == "location" ? FieldRole.text(.location) : .ignored },
    ]
    let named = groups.filter { !$0.isEmpty }
    return [
      TextFamily.haproxy(captures: named, host: false),
      TextFamily.haproxy(captures: named, host: true),
      TextFamily.haproxy(captures: [], host: false),
    ]
  }
}
