import CrenelModel

/// The formats known by name, each a list of grammars that its real logs mix.
enum TextFamily: String, CaseIterable, Sendable {
  case nginxCrenel = "nginx-crenel"
  case combined
  case common
  case vhostCombined = "vhost-combined"
  case haproxy
  case alb
  case envoy
  case traefikCommon = "traefik-clf"
  case proxyManager = "nginx-proxy-manager"
  case sslRequest = "apache-ssl-request"

  /// The grammars, the commonest first.
  func compiled(names: FieldNames) -> [CompiledFormat] {
    switch self {
    case .nginxCrenel: [Self.nginxCrenel(names)]
    case .combined:
      [
        Self.clf(.agent), Self.clf(.agentAndForwarded), Self.clf(.none),
        Self.clf(.agent, head: .quotedChain),
        Self.clf(.agent, head: .host), Self.clf(.agentAndForwarded, head: .host),
        Self.clf(.agent, head: .chain), Self.clf(.agent, head: .hostAndChain),
      ]
    case .common: [Self.clf(.none)]
    case .vhostCombined: [Self.clf(.agent, head: .host), Self.clf(.none, head: .host)]
    case .haproxy:
      [false, true].flatMap { host in
        (0...2).map {
          Self.haproxy(captures: Array(repeating: [.ignored], count: $0), host: host)
        }
      }
    case .alb: [Self.albFormat]
    case .envoy: [Self.envoyFormat]
    case .traefikCommon: [Self.traefik(.agent), Self.traefik(.bareReferrer), Self.clf(.none)]
    case .proxyManager:
      [Self.proxyManager(.twoStatuses), Self.proxyManager(.oneStatus), Self.clf(.agent)]
    case .sslRequest: [Self.sslRequestFormat]
    }
  }

  // MARK: - The common log format and its kin

  private enum Tail { case none, agent, bareReferrer, agentAndForwarded }
  private enum Head { case client, host, chain, hostAndChain, quotedChain }

  /// `%h %l %u `, with a virtual host before.
  private static func clfHead(_ head: Head) -> CompiledFormat {
    var format = CompiledFormat()
    switch head {
    case .client, .chain: break
    case .host, .hostAndChain:
      format.tokens.append(.until(.text(.host), FieldEnd(rule: .word)))
      format.add(literal: " ")
    case .quotedChain:
      format.add(literal: "\"")
      format.add(.text(.forwardedFor))
      format.add(literal: "\" ")
    }
    format.add(.remote)
    if head == .chain || head == .hostAndChain {
      format.add(literal: " - ")  // addresses with commas and spaces between them
    } else {
      format.add(literal: " ")
      format.add(.ident)
      format.add(literal: " ")
    }
    // A user's name is the client's own words: behind a list it must not hold more of the list.
    let isBehindList = head == .chain || head == .hostAndChain
    format.tokens.append(
      isBehindList
        ? .until(.text(.user), FieldEnd(rule: .user)) : .field(.text(.user)))
    return format
  }

  /// `%h %l %u %t "%r" %>s %b`, with a virtual host before and headers behind it.
  ///
  /// Who wrote it is not known, so neither is what its stamp means: bounds hold for both.
  private static func clf(_ tail: Tail, head: Head = .client) -> CompiledFormat {
    var format = clfHead(head)
    format.add(literal: " [")
    format.add(.clfTime)
    format.add(literal: "] \"")
    format.add(.request)
    format.add(literal: "\" ")
    format.add(.status)
    format.add(literal: " ")
    format.add(.bodyBytes)
    guard tail != .none else { return format }
    if tail == .bareReferrer {
      format.add(literal: " - \"")
    } else {
      format.add(literal: " \"")
      format.add(.text(.referrer))
      format.add(literal: "\" \"")
    }
    format.add(.text(.userAgent))
    if tail == .agent, head == .client { format.tokens.append(.mayBeCut) }
    format.add(literal: "\"")
    guard tail == .agentAndForwarded else { return format }
    format.add(literal: " \"")
    format.add(.text(.forwardedFor))
    format.add(literal: "\"")
    return format
  }

  /// The format of docs/log-formats.md; the session is the first cookie the profile asks for.
  private static func nginxCrenel(_ names: FieldNames) -> CompiledFormat {
    let cookie = names.names.firstIndex { $0.hasPrefix("cookie.") }
    var format = CompiledFormat()
    format.stamp = .end
    let pieces: [(String, FieldRole?)] = [
      ("", .remote), (" - ", .text(.user)), (" [", .epoch(.seconds)), ("] \"", .request),
      ("\" ", .status), (" ", .bodyBytes), (" \"", .text(.referrer)), ("\" \"", .text(.userAgent)),
      ("\" rt=", .elapsed(.nginxSeconds)), (" c=", .connection), (":", .connectionRequest),
      (" host=\"", .text(.host)), ("\" lang=\"", .text(.acceptLanguage)),
      ("\" loc=\"", .text(.location)), ("\" sid=\"", cookie.map(FieldRole.extra) ?? .ignored),
      ("\"", nil),
    ]
    for (literal, role) in pieces {
      format.add(literal: literal)
      if let role { format.add(role) }
    }
    return format
  }

  /// Traefik's common log: combined, then a counter, two names and `12ms`.
  private static func traefik(_ tail: Tail) -> CompiledFormat {
    var format = clf(tail)
    format.stamp = .start
    format.add(literal: " ")
    format.add(.ignored)
    format.add(literal: " \"")
    format.add(.ignored)
    format.add(literal: "\" \"")
    format.add(.ignored)
    format.add(literal: "\" ")
    format.add(.elapsed(.suffixedMilliseconds))
    return format
  }

  // MARK: - Balancers and proxies

  /// HAProxy's `option httplog`: Configuration Manual 8.2.3; with the header captures of 8.8, and
  /// with the host behind the server, as many configurations add it.
  ///
  /// The stamp is when the request's first byte came in, in local time with milliseconds. Behind
  /// the sizes stand the captured cookies, each as `NAME=value`.
  static func haproxy(captures: [[FieldRole]], host: Bool) -> CompiledFormat {
    var format = CompiledFormat()
    format.stamp = .start
    format.escapes = .hash
    format.tokens.append(.header(.syslog))
    let pieces: [(literal: String, role: FieldRole)] = [
      ("", .remoteWithPort), (" [", .clfTime), ("] ", .ignored), (" ", .ignored),
    ]
    let rest: [(literal: String, role: FieldRole)] = [
      (" ", .haproxyTimers), (" ", .status), (" ", .responseBytes), (" ", .text(.cookies)),
      (" ", .ignored), (" ", .ignored), (" ", .ignored), (" ", .ignored),
    ]
    format.add(pieces + (host ? [(" ", .text(.host))] : []) + rest)
    for group in captures {
      for (index, role) in group.enumerated() {
        format.add(literal: index == 0 ? " {" : "|")
        format.add(role)
      }
      format.add(literal: "}")
    }
    format.add(literal: " \"")
    format.add(.request)
    format.add(literal: "\"")
    return format
  }

  /// AWS Application Load Balancer: "Access log entries", fields 1 to 14; later ones differ by age.
  ///
  /// The stamp is when the answer was complete.
  private static var albFormat: CompiledFormat {
    var format = CompiledFormat()
    format.stamp = .end
    let pieces: [(literal: String, role: FieldRole)] = [
      ("", .ignored), (" ", .isoTime), (" ", .ignored), (" ", .remoteWithPort), (" ", .ignored),
      (" ", .ignored), (" ", .ignored), (" ", .ignored), (" ", .status), (" ", .ignored),
      (" ", .requestBytes), (" ", .responseBytes), (" \"", .request),
      ("\" \"", .text(.userAgent)), ("\" ", .text(.tlsCipher)), (" ", .text(.tlsVersion)),
    ]
    format.add(pieces)
    format.tokens.append(.mayEnd)
    format.add(literal: " ")
    format.tokens.append(.rest(.ignored))
    return format
  }

  /// Envoy's default format ("Access logging", default format string); stamped at the start.
  private static var envoyFormat: CompiledFormat {
    var format = CompiledFormat()
    format.stamp = .start
    format.escapes = .none
    format.tokens.append(.header(.containerRuntime))
    let pieces: [(literal: String, role: FieldRole)] = [
      ("[", .isoTime), ("] \"", .request), ("\" ", .status), (" ", .ignored),
      (" ", .requestBytes), (" ", .bodyBytes), (" ", .elapsed(.milliseconds)), (" ", .ignored),
      (" \"", .text(.forwardedFor)), ("\" \"", .text(.userAgent)), ("\" \"", .text(.requestID)),
      ("\" \"", .text(.host)), ("\" \"", .ignored),
    ]
    format.add(pieces)
    format.add(literal: "\"")
    return format
  }

  private enum ProxyManagerStatus { case oneStatus, twoStatuses }

  /// Nginx Proxy Manager's proxy hosts: its `log_format proxy` and `standard`.
  private static func proxyManager(_ kind: ProxyManagerStatus) -> CompiledFormat {
    var format = CompiledFormat()
    format.stamp = .end
    var pieces: [(literal: String, role: FieldRole)] = [
      ("[", .clfTime), ("] ", .ignored), (" ", .ignored),
    ]
    if kind == .twoStatuses {
      pieces += [(" ", .status), (" - ", .text(.method))]
    } else {
      pieces = [("[", .clfTime), ("] ", .status), (" - ", .text(.method))]
    }
    pieces += [
      (" ", .text(.scheme)), (" ", .text(.host)), (" \"", .text(.target)), ("\" [Client ", .remote),
      ("] [Length ", .bodyBytes), ("] [Gzip ", .ignored), ("] ", .ignored),
    ]
    if kind == .twoStatuses {
      pieces.removeLast()
      pieces.append(("] [Sent-to ", .ignored))
      pieces.append(("] \"", .text(.userAgent)))
    } else {
      pieces.removeLast()
      pieces.append(("] \"", .text(.userAgent)))
    }
    pieces.append(("\" \"", .text(.referrer)))
    format.add(pieces)
    format.add(literal: "\"")
    return format
  }

  /// Apache's ssl_request_log: `%t %h %{SSL_PROTOCOL}x %{SSL_CIPHER}x "%r" %b`.
  private static var sslRequestFormat: CompiledFormat {
    var format = CompiledFormat()
    format.stamp = .start
    let pieces: [(literal: String, role: FieldRole)] = [
      ("[", .clfTime), ("] ", .remote), (" ", .text(.tlsVersion)), (" ", .text(.tlsCipher)),
      (" \"", .request), ("\" ", .bodyBytes),
    ]
    format.add(pieces)
    return format
  }
}
