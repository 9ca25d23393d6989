import CrenelModel

/// Compiles an nginx `log_format` string.
///
/// Source: nginx documentation, ngx_http_log_module and the variable indexes of the core, ssl,
/// realip, upstream and v2 modules. Every variable has a role; one that carries nothing of use
/// here, or that is not known, is read and not kept.
struct NginxFormat {
  let text: String
  let names: FieldNames
  /// How the directive says that bytes are escaped.
  var escapes = TextEscapes.backslash

  /// The compiled format, stamped at the end of each request (ngx_http_log_module).
  func compile() throws(Diagnostics) -> CompiledFormat {
    var format = CompiledFormat()
    format.stamp = .end
    format.escapes = escapes
    var mistakes: [Diagnostic] = []
    var rest = Substring(text)
    var wasVariable = false
    while let character = rest.first {
      let column = text.distance(from: text.startIndex, to: rest.startIndex) + 1
      guard character == "$" else {
        let literal = rest.prefix { $0 != "$" }
        format.add(literal: String(literal))
        rest = rest.dropFirst(literal.count)
        wasVariable = false
        continue
      }
      let name = Self.variable(&rest)
      let place = SourcePosition(file: "--format", line: 1, column: column)
      if name.isEmpty {
        mistakes.append(
          Diagnostic(
            code: "format-variable", at: place, "'$' without a variable's name",
            hint: "write the log_format string as in nginx.conf, in single quotes for the shell"))
      } else if wasVariable {
        mistakes.append(
          Diagnostic(
            code: "format-adjacent", at: place,
            "'$\(name)' follows another variable without text between them",
            hint: "put a space or a quote between them, or the fields cannot be told apart"))
      }
      format.add(role(of: name))
      wasVariable = true
    }
    format.completeClient()
    mistakes += format.missing(.nginx, file: "--format")
    guard mistakes.isEmpty else { throw Diagnostics(mistakes) }
    return format
  }

  /// Takes `$name` or `${name}` off the front.
  private static func variable(_ rest: inout Substring) -> String {
    rest.removeFirst()
    if rest.first == "{" {
      let name = rest.dropFirst().prefix { $0 != "}" }
      rest = rest.dropFirst(name.count + 2)
      return String(name)
    }
    let name = rest.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
    rest = rest.dropFirst(name.count)
    return String(name)
  }

  private func role(of name: String) -> FieldRole {
    if let fixed = Self.roles[name] { return fixed }
    for (prefix, kind) in [("cookie_", "cookie."), ("http_", "header.")]
    where name.hasPrefix(prefix) {
      return extra(kind + name.dropFirst(prefix.count))
    }
    let isList =
      name.hasPrefix("upstream_") && name != "upstream_cache_status"
      && !["upstream_http_", "upstream_cookie_", "upstream_trailer_"].contains(
        where: name.hasPrefix)
    return isList ? .upstreamList : .ignored
  }

  private func extra(_ name: String) -> FieldRole {
    // nginx lower-cases header names and leaves cookie names as they are.
    let wanted = names.names.firstIndex {
      $0 == name || name.hasPrefix("header.") && $0.lowercased() == name
    }
    return wanted.map(FieldRole.extra) ?? .ignored
  }

  static let roles: [String: FieldRole] = [
    "remote_addr": .remote, "proxy_protocol_addr": .ignored, "realip_remote_addr": .peer,
    "remote_port": .port, "remote_user": .text(.user), "time_local": .clfTime,
    "time_iso8601": .isoTime, "msec": .epoch(.seconds), "request": .request,
    "request_method": .text(.method), "request_uri": .text(.target), "uri": .text(.path),
    "document_uri": .text(.path), "args": .queryWithMark, "query_string": .queryWithMark,
    "status": .status, "body_bytes_sent": .bodyBytes, "bytes_sent": .responseBytes,
    "request_length": .requestBytes, "request_time": .elapsed(.nginxSeconds),
    "host": .text(.host), "http_host": .text(.host), "server_name": .text(.host),
    "scheme": .text(.scheme), "server_protocol": .version,
    "http2": .version, "http3": .version,
    "http_referer": .text(.referrer), "http_user_agent": .text(.userAgent),
    "http_x_forwarded_for": .text(.forwardedFor),
    "proxy_add_x_forwarded_for": .text(.forwardedFor),
    "http_accept_language": .text(.acceptLanguage), "http_cookie": .text(.cookies),
    "http_content_type": .text(.contentType), "content_type": .text(.contentType),
    "sent_http_location": .text(.location), "upstream_http_location": .text(.location),
    "request_id": .text(.requestID), "http_x_request_id": .text(.requestID),
    "connection": .connection, "connection_requests": .connectionRequest,
    "ssl_protocol": .text(.tlsVersion), "ssl_cipher": .text(.tlsCipher), "http_ja4": .text(.ja4),
    "ssl_ja4": .text(.ja4),
  ]
}
