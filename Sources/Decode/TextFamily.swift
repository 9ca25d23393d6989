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
        Self.clf(host: false, tail: .agent), Self.clf(host: false, tail: .agentAndForwarded),
        Self.clf(host: false, tail: .none), Self.clf(host: true, tail: .agent),
        Self.clf(host: true, tail: .agentAndForwarded),
      ]
    case .common: [Self.clf(host: false, tail: .none)]
    case .vhostCombined: [Self.clf(host: true, tail: .agent), Self.clf(host: true, tail: .none)]
    case .haproxy:
      [Self.haproxy(captures: 0), Self.haproxy(captures: 1), Self.haproxy(captures: 2)]
    case .alb: [Self.albFormat]
    case .envoy: [Self.envoyFormat]
    case .traefikCommon: [Self.traefik]
    case .proxyManager: [Self.proxyManager(.twoStatuses), Self.proxyManager(.oneStatus)]
    case .sslRequest: [Self.sslRequestFormat]
    }
  }

  // MARK: - The common log format and its kin

  private enum Tail { case none, agent, agentAndForwarded }

  /// `%h %l %u %t "%r" %>s %b`, with a virtual host before and headers behind it.
  ///
  /// Who wrote it is not known, so neither is what its stamp means: bounds hold for both.
  private static func clf(host: Bool, tail: Tail) -> CompiledFormat {
    var format = CompiledFormat()
    if host {
      format.add(.text(.host))
      format.add(literal: " ")
    }
    format.add(.remote)
    format.add(literal: " ")
    format.add(.ignored)
    format.add(literal: " ")
    format.add(.text(.user))
    format.add(literal: " [")
    format.add(.clfTime)
    format.add(literal: "] \"")
    format.add(.request)
    format.add(literal: "\" ")
    format.add(.status)
    format.add(literal: " ")
    format.add(.bodyBytes)
    guard tail != .none else { return format }
    format.add(literal: " \"")
    format.add(.text(.referrer))
    format.add(literal: "\" \"")
    format.add(.text(.userAgent))
    format.tokens.append(.mayBeCut)
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
  private static var traefik: CompiledFormat {
    var format = clf(host: false, tail: .agent)
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

  /// HAProxy's `option httplog`: Configuration Manual 8.2.3; with the header captures of 8.8.
  ///
  /// The stamp is when the request's first byte came in, in local time with milliseconds.
  private static func haproxy(captures: Int) -> CompiledFormat {
    var format = CompiledFormat()
    format.stamp = .start
    format.hasEscapes = false
    format.add(skipPast: "]: ")
    let pieces: [(String, FieldRole)] = [
      ("", .remoteWithPort), (" [", .clfTime), ("] ", .ignored), (" ", .ignored),
      (" ", .haproxyTimers), (" ", .status), (" ", .responseBytes), (" ", .ignored),
      (" ", .ignored), (" ", .ignored), (" ", .ignored), (" ", .ignored),
    ]
    for (literal, role) in pieces {
      format.add(literal: literal)
      format.add(role)
    }
    for _ in 0..<captures {
      format.add(literal: " {")
      format.add(.ignored)
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
    let pieces: [(String, FieldRole)] = [
      ("", .ignored), (" ", .isoTime), (" ", .ignored), (" ", .remoteWithPort), (" ", .ignored),
      (" ", .ignored), (" ", .ignored), (" ", .ignored), (" ", .status), (" ", .ignored),
      (" ", .requestBytes), (" ", .responseBytes), (" \"", .request),
      ("\" \"", .text(.userAgent)), ("\" ", .text(.tlsCipher)), (" ", .text(.tlsVersion)),
    ]
    for (literal, role) in pieces {
      format.add(literal: literal)
      format.add(role)
    }
    format.tokens.append(.mayEnd)
    format.add(literal: " ")
    format.tokens.append(.rest(.ignored))
    return format
  }

  /// Envoy's default format ("Access logging", default format string); stamped at the start.
  private static var envoyFormat: CompiledFormat {
    var format = CompiledFormat()
    format.stamp = .start
    format.hasEscapes = false
    let pieces: [(String, FieldRole)] = [
      ("[", .isoTime), ("] \"", .request), ("\" ", .status), (" ", .ignored),
      (" ", .requestBytes), (" ", .bodyBytes), (" ", .elapsed(.milliseconds)), (" ", .ignored),
      (" \"", .text(.forwardedFor)), ("\" \"", .text(.userAgent)), ("\" \"", .text(.requestID)),
      ("\" \"", .text(.host)), ("\" \"", .ignored),
    ]
    for (literal, role) in pieces {
      format.add(literal: literal)
      format.add(role)
    }
    format.add(literal: "\"")
    return format
  }

  private enum ProxyManagerStatus { case oneStatus, twoStatuses }

  /// Nginx Proxy Manager's proxy hosts: its `log_format proxy` and `standard`.
  private static func proxyManager(_ kind: ProxyManagerStatus) -> CompiledFormat {
    var format = CompiledFormat()
    format.stamp = .end
    var pieces: [(String, FieldRole)] = [("[", .clfTime), ("] ", .ignored), (" ", .ignored)]
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
    for (literal, role) in pieces {
      format.add(literal: literal)
      format.add(role)
    }
    format.add(literal: "\"")
    return format
  }

  /// Apache's ssl_request_log: `%t %h %{SSL_PROTOCOL}x %{SSL_CIPHER}x "%r" %b`.
  private static var sslRequestFormat: CompiledFormat {
    var format = CompiledFormat()
    format.stamp = .start
    let pieces: [(String, FieldRole)] = [
      ("[", .clfTime), ("] ", .remote), (" ", .text(.tlsVersion)), (" ", .text(.tlsCipher)),
      (" \"", .request), ("\" ", .bodyBytes),
    ]
    for (literal, role) in pieces {
      format.add(literal: literal)
      format.add(role)
    }
    return format
  }
}
