import CrenelModel

extension CompiledFormat {
  /// Whose words a remedy is given in.
  enum Server { case nginx, apache }

  /// Takes the address of the connection for the client where the format has no other.
  mutating func completeClient() {
    guard !has(.remote, .remoteWithPort, .text(.forwardedFor)) else { return }
    for index in tokens.indices where tokens[index] == .field(.peer) {
      tokens[index] = .field(.remote)
    }
  }

  /// Ignores times in pieces that name no second of a day.
  mutating func dropIncompleteTimes() {
    for isEnd in [false, true] {
      let pieces = Set(timeParts(isEnd).map(\.part))
      let hasDate =
        pieces.contains(.date)
        || pieces.isSuperset(of: [.year, .day])
          && (pieces.contains(.month) || pieces.contains(.monthName))
      let hasClock =
        pieces.contains(.clock) || pieces.isSuperset(of: [.hour, .minute, .second])
      guard !hasDate || !hasClock else { continue }
      for (index, part) in timeParts(isEnd) { tokens[index] = .fixed(.ignored, part.width) }
    }
  }

  private func timeParts(_ isEnd: Bool) -> [(index: Int, part: TimePart)] {
    var stampsEnd = false
    var found: [(index: Int, part: TimePart)] = []
    for (index, token) in tokens.enumerated() {
      if case .stampsEnd(let isEnd) = token { stampsEnd = isEnd }
      guard stampsEnd == isEnd, case .fixed(.timePart(let part), _) = token else { continue }
      found.append((index, part))
    }
    return found
  }

  /// What the format lacks that no exchange can be without, and what would let clients forge it.
  func missing(_ server: Server, file: String) -> [Diagnostic] {
    let isNginx = server == .nginx
    var mistakes: [Diagnostic] = []
    func refuse(_ code: String, _ message: String, _ hint: String) {
      mistakes.append(
        Diagnostic(code: code, at: SourcePosition(file: file), message, hint: hint))
    }
    if !tokens.contains(where: { $0.role?.isTime == true }) {
      refuse(
        "format-no-time",
        "the format has no time to the second, and without one nothing can be said about speed",
        isNginx ? "$msec or $time_iso8601" : "%{usec}t or %t")
    }
    if !has(.remote, .remoteWithPort, .text(.forwardedFor)) {
      refuse(
        "format-no-client", "the format does not say who the client is",
        isNginx ? "$remote_addr" : "%a or %h")
    }
    if !has(.request, .text(.target), .text(.path)) {
      refuse(
        "format-no-request", "the format does not say what was asked for",
        isNginx ? "\"$request\", or $request_uri" : "\"%r\", or %U%q")
    }
    if let problem = sealed().chainProblem {
      refuse(
        "format-chain-unquoted", problem,
        "put quotes around the list of forwarded addresses: clients write its beginning")
    }
    return mistakes
  }

  /// Why X-Forwarded-For without quotes cannot be told from what follows it; `nil` when it can.
  private var chainProblem: String? {
    var problem: String?
    for index in tokens.indices {
      guard case .until(_, let end) = tokens[index], end.rule == .chain else { continue }
      if let next = literal(after: index), literals[Int(next.offset)] != 0x20 {
        problem = "no space follows X-Forwarded-For, which stands without quotes"
      }
    }
    guard tokens.contains(where: \.isBareChain) else { return problem }
    for case .until(.request, let end) in tokens where end.rule == .request {
      problem = "X-Forwarded-For and the request stand without quotes"
    }
    return problem
  }
}

extension TimePart {
  /// Bytes that the part fills.
  fileprivate var width: Int {
    switch self {
    case .year: 4
    case .month, .day, .hour, .minute, .second: 2
    case .monthName: 3
    case .clock: 8
    case .date: 10
    case .offset: 5
    }
  }
}

extension FieldRole {
  /// Whether the field is a stamp, or a part of one.
  var isTime: Bool {
    switch self {
    case .clfTime, .isoTime, .epoch, .anyTime, .timePart: true
    default: false
    }
  }
}
