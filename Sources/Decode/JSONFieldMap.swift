import CrenelModel

/// Where a JSON log keeps what an exchange needs: roles, each with the paths to try in order.
struct JSONFieldMap: Sendable, Hashable {
  /// A role and where it may stand.
  struct Entry: Sendable, Hashable {
    var role: FieldRole
    /// Paths of keys joined by dots; nested objects and keys with dots in them match alike.
    var paths: [String]
  }

  var name: String
  var entries: [Entry]
  /// When the server stamps its lines.
  var stamp: StampKind
  /// Whether it is one of the maps known by name.
  var isPreset: Bool { Self.presets.contains { $0.name == name } }

  private init(_ name: String, stamp: StampKind, _ entries: [(FieldRole, [String])]) {
    self.name = name
    self.stamp = stamp
    self.entries = entries.map { Entry(role: $0.0, paths: $0.1) }
  }

  /// The maps known by name, in the order in which detection prefers them.
  static let presets: [JSONFieldMap] = [nginx, caddy, traefik, envoy, ecs]

  /// `escape=json` with variables as keys, as most published configurations spell them.
  static let nginx = JSONFieldMap(
    "nginx-json", stamp: .end,
    [
      (.epoch(.seconds), ["msec"]),
      (.isoTime, ["time_iso8601", "time", "timestamp", "@timestamp"]),
      (.clfTime, ["time_local"]), (.remote, ["remote_addr", "client_ip", "remote_ip"]),
      (.peer, ["realip_remote_addr"]), (.port, ["remote_port"]),
      (.text(.user), ["remote_user"]), (.request, ["request"]),
      (.text(.method), ["request_method", "method"]),
      (.version, ["server_protocol"]), (.version, ["http2"]), (.version, ["http3"]),
      (.text(.target), ["request_uri"]), (.text(.path), ["uri"]),
      (.queryWithMark, ["args", "query_string"]), (.status, ["status"]),
      (.bodyBytes, ["body_bytes_sent"]), (.responseBytes, ["bytes_sent"]),
      (.requestBytes, ["request_length"]), (.elapsed(.nginxSeconds), ["request_time"]),
      (.text(.referrer), ["http_referer", "http_referrer", "referer"]),
      (.text(.userAgent), ["http_user_agent", "user_agent"]),
      (.text(.forwardedFor), ["http_x_forwarded_for"]),
      (.text(.acceptLanguage), ["http_accept_language"]),
      (.text(.host), ["host", "http_host", "server_name"]), (.text(.scheme), ["scheme"]),
      (.text(.location), ["sent_http_location", "location"]),
      (.text(.contentType), ["content_type", "http_content_type"]),
      (.text(.cookies), ["http_cookie"]), (.text(.requestID), ["request_id"]),
      (.connection, ["connection"]), (.connectionRequest, ["connection_requests"]),
      (.text(.tlsVersion), ["ssl_protocol"]), (.text(.tlsCipher), ["ssl_cipher"]),
    ])

  /// Caddy 2: "Log structure", `http.log.access`; the line is written at the end of the request.
  static let caddy = JSONFieldMap(
    "caddy", stamp: .end,
    [
      (.anyTime, ["ts"]), (.remote, ["request.client_ip"]),
      (.peer, ["request.remote_ip"]), (.remoteWithPort, ["request.remote_addr"]),
      (.port, ["request.remote_port"]), (.text(.user), ["user_id"]),
      (.text(.method), ["request.method"]), (.text(.target), ["request.uri"]),
      (.version, ["request.proto"]),
      (.text(.host), ["request.host"]), (.status, ["status"]), (.bodyBytes, ["size"]),
      (.requestBytes, ["bytes_read"]), (.elapsed(.seconds), ["duration"]),
      (.text(.userAgent), ["request.headers.User-Agent"]),
      (.text(.referrer), ["request.headers.Referer"]),
      (.text(.forwardedFor), ["request.headers.X-Forwarded-For"]),
      (.text(.acceptLanguage), ["request.headers.Accept-Language"]),
      (.text(.contentType), ["request.headers.Content-Type"]),
      (.text(.cookies), ["request.headers.Cookie"]),
      (.text(.location), ["resp_headers.Location"]),
    ])

  /// Traefik 2 and 3: "Access logs", JSON format; StartUTC is when the request came in.
  static let traefik = JSONFieldMap(
    "traefik", stamp: .start,
    [
      (.isoTime, ["StartUTC", "StartLocal", "time"]), (.remote, ["ClientHost"]),
      (.remoteWithPort, ["ClientAddr"]), (.text(.user), ["ClientUsername"]),
      (.text(.method), ["RequestMethod"]), (.text(.target), ["RequestPath"]),
      (.version, ["RequestProtocol"]),
      (.text(.host), ["RequestHost", "RequestAddr"]), (.text(.scheme), ["RequestScheme"]),
      (.status, ["DownstreamStatus", "OriginStatus"]), (.bodyBytes, ["DownstreamContentSize"]),
      (.requestBytes, ["RequestContentSize"]), (.elapsed(.nanoseconds), ["Duration"]),
      (.text(.userAgent), ["request_User-Agent"]), (.text(.referrer), ["request_Referer"]),
      (.text(.forwardedFor), ["request_X-Forwarded-For"]),
      (.text(.acceptLanguage), ["request_Accept-Language"]),
      (.text(.cookies), ["request_Cookie"]), (.text(.location), ["downstream_Location"]),
      (.text(.tlsVersion), ["TLSVersion"]), (.text(.tlsCipher), ["TLSCipher"]),
    ])

  /// Envoy's JSON access log with the default operators as keys; start_time is the request's begin.
  static let envoy = JSONFieldMap(
    "envoy-json", stamp: .start,
    [
      (.isoTime, ["start_time"]), (.remoteWithPort, ["downstream_remote_address"]),
      (.text(.method), ["method"]), (.text(.target), ["x-envoy-origin-path", "path"]),
      (.version, ["protocol"]),
      (.text(.host), [":authority", "authority"]), (.status, ["response_code"]),
      (.requestBytes, ["bytes_received"]), (.bodyBytes, ["bytes_sent"]),
      (.elapsed(.milliseconds), ["duration"]), (.text(.userAgent), ["user-agent", "user_agent"]),
      (.text(.forwardedFor), ["x-forwarded-for", "x_forwarded_for"]),
      (.text(.requestID), ["x-request-id", "request_id"]), (.text(.referrer), ["referer"]),
    ])

  /// The Elastic Common Schema, nested or dotted; which end `@timestamp` stamps is not said.
  static let ecs = JSONFieldMap(
    "ecs", stamp: .unknown,
    [
      (.isoTime, ["@timestamp"]), (.remote, ["source.ip", "client.ip", "source.address"]),
      (.port, ["source.port", "client.port"]), (.text(.user), ["user.name"]),
      (.text(.method), ["http.request.method"]), (.text(.target), ["url.original"]),
      (.version, ["http.version"]),
      (.text(.path), ["url.path"]), (.queryWithMark, ["url.query"]),
      (.text(.host), ["url.domain"]), (.text(.scheme), ["url.scheme"]),
      (.status, ["http.response.status_code"]), (.bodyBytes, ["http.response.body.bytes"]),
      (.responseBytes, ["http.response.bytes"]), (.requestBytes, ["http.request.bytes"]),
      (.elapsed(.nanoseconds), ["event.duration"]),
      (.text(.userAgent), ["user_agent.original"]), (.text(.referrer), ["http.request.referrer"]),
      (.text(.requestID), ["http.request.id"]), (.text(.tlsVersion), ["tls.version"]),
      (.text(.tlsCipher), ["tls.cipher"]),
    ])

  // MARK: - Maps of users

  /// The words of a map that a user writes, with their roles.
  static let words: [(word: String, role: FieldRole)] = [
    ("time", .isoTime), ("time_clf", .clfTime), ("time_s", .epoch(.seconds)),
    ("time_ms", .epoch(.milliseconds)), ("time_us", .epoch(.microseconds)),
    ("time_ns", .epoch(.nanoseconds)), ("client", .remote), ("client_port", .remoteWithPort),
    ("peer", .peer), ("port", .port), ("user", .text(.user)), ("request", .request),
    ("method", .text(.method)), ("target", .text(.target)), ("path", .text(.path)),
    ("query", .queryWithMark), ("version", .version), ("status", .status),
    ("body_bytes", .bodyBytes),
    ("response_bytes", .responseBytes), ("request_bytes", .requestBytes),
    ("elapsed_s", .elapsed(.seconds)), ("elapsed_ms", .elapsed(.milliseconds)),
    ("elapsed_us", .elapsed(.microseconds)), ("elapsed_ns", .elapsed(.nanoseconds)),
    ("host", .text(.host)), ("scheme", .text(.scheme)), ("referrer", .text(.referrer)),
    ("user_agent", .text(.userAgent)), ("forwarded_for", .text(.forwardedFor)),
    ("accept_language", .text(.acceptLanguage)), ("location", .text(.location)),
    ("content_type", .text(.contentType)), ("cookies", .text(.cookies)),
    ("request_id", .text(.requestID)), ("connection", .connection),
    ("connection_request", .connectionRequest),
  ]

  /// Reads `time=ts,client=remote.ip,method=verb,target=url,status=code`; `stamp=start|end` too.
  ///
  /// Throws every mistake with its column.
  static func parse(_ text: String) throws(Diagnostics) -> JSONFieldMap {
    var map = JSONFieldMap("json field map", stamp: .unknown, [])
    var mistakes: [Diagnostic] = []
    var column = 1
    var seen: Set<String> = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let place = SourcePosition(file: "--format", line: 1, column: column)
      column += part.count + 1
      let sides = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard sides.count == 2, !sides[1].isEmpty else {
        mistakes.append(
          Diagnostic(code: "map-syntax", at: place, "'\(part)' is not field=path"))
        continue
      }
      let word = String(sides[0])
      if !seen.insert(word).inserted {
        mistakes.append(
          Diagnostic(
            code: "map-twice", at: place, "'\(word)' stands twice in the map",
            hint: "name one path for it"))
      } else if word == "stamp" {
        map.stamp = ["start": .start, "end": .end][sides[1]] ?? .unknown
        if map.stamp == .unknown {
          mistakes.append(
            Diagnostic(
              code: "map-stamp", at: place, "'\(sides[1])' does not say what the time means",
              hint: "stamp=start or stamp=end"))
        }
      } else if let known = words.first(where: { $0.word == word }) {
        map.entries.append(Entry(role: known.role, paths: [String(sides[1])]))
      } else {
        mistakes.append(
          Diagnostic(
            code: "map-field", at: place, "'\(word)' is no field",
            hint: "one of: \(words.map(\.word).joined(separator: ", ")), stamp"))
      }
    }
    mistakes += map.missing()
    guard mistakes.isEmpty else { throw Diagnostics(mistakes) }
    return map
  }

  private func missing() -> [Diagnostic] {
    func has(_ test: (FieldRole) -> Bool) -> Bool { entries.contains { test($0.role) } }
    var lacking: [String] = []
    if !has(\.isTime) { lacking.append("time") }
    if !has({ [.remote, .remoteWithPort, .text(.forwardedFor)].contains($0) }) {
      lacking.append("client")
    }
    if !has({ [.request, .text(.target), .text(.path)].contains($0) }) {
      lacking.append("request or target")
    }
    return lacking.map {
      Diagnostic(
        code: "map-incomplete", at: SourcePosition(file: "--format"), "the map has no \($0)",
        hint: "time=PATH, client=PATH and request=PATH or target=PATH are needed")
    }
  }
}
