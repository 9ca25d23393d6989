import CrenelTestKit
import Foundation
import Testing

/// A real nginx on loopback, with the formats of docs/log-formats.md.
@Suite("A real nginx")
struct NginxTests {
  private static let binary = ["/usr/sbin/nginx", "/usr/bin/nginx"].first {
    FileManager.default.isExecutableFile(atPath: $0)
  }

  /// The text between the first two quotes of each line of a `log_format` directive in the docs.
  private func directive(_ name: String) throws -> String {
    let page = String(
      decoding: try SharedData.bytes(SharedData.package + "docs/log-formats.md"), as: UTF8.self)
    let start = try #require(page.range(of: "log_format \(name) "))
    let end = try #require(page[start.lowerBound...].range(of: "';"))
    return String(page[start.lowerBound..<end.upperBound])
  }

  @Test("its logs in the recommended formats are recognised and read to the last field")
  func recommended() throws {
    guard let binary = Self.binary else {
      print("skipped: no nginx")
      return
    }
    let folder = FileManager.default.temporaryDirectory.path() + "crenel-nginx-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let plain = try directive("crenel").replacing("cookie_SESSION", with: "cookie_eZSESSID")
    let json = try directive("crenel_json")
    try """
    daemon off; pid \(folder)/pid; error_log \(folder)/error.log;
    events { worker_connections 64; }
    http {
      client_body_temp_path \(folder); proxy_temp_path \(folder); fastcgi_temp_path \(folder);
      uwsgi_temp_path \(folder); scgi_temp_path \(folder);
      \(plain)
      \(json)
      access_log \(folder)/plain.log crenel;
      access_log \(folder)/json.log crenel_json;
      server {
        listen unix:\(folder)/socket;
        location / { return 302 /booking/create/14500/2; }
      }
    }
    """.write(toFile: folder + "/nginx.conf", atomically: true, encoding: .utf8)
    let nginx = Process()
    nginx.executableURL = URL(filePath: binary)
    nginx.arguments = ["-c", folder + "/nginx.conf", "-p", folder]
    nginx.standardError = FileHandle.nullDevice
    try nginx.run()
    defer {
      nginx.terminate()
      nginx.waitUntilExit()
    }
    let script = """
      import socket, sys, time
      for _ in range(200):
        try:
          s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); break
        except OSError: time.sleep(0.02)
      for path in ("/booking/create/14500/1", "/a%20b?q=%22"):
        s.sendall(("POST " + path + " HTTP/1.1\\r\\nHost: rdv.example:80\\r\\nUser-Agent: a\\"b\\\\c\\u00e9"
          "\\r\\nAccept-Language: fr\\r\\nCookie: eZSESSID=abc\\r\\nContent-Length: 0\\r\\n\\r\\n").encode("latin-1"))
        time.sleep(0.05); s.recv(65536)
      s.sendall(b"\\x16\\x03\\x01\\r\\n\\r\\n"); s.recv(65536)
      """
    let client = Process()
    client.executableURL = URL(filePath: "/usr/bin/python3")
    client.arguments = ["-c", script, folder + "/socket"]
    try client.run()
    client.waitUntilExit()
    #expect(client.terminationStatus == 0)
    for (file, format) in [("plain.log", "nginx-crenel"), ("json.log", "nginx-json")] {
      let stats = try Command(["stats", "--json", folder + "/" + file])
      #expect(stats.output.contains(#""format":"\#(format)""#), "\(stats.output) \(stats.errors)")
      #expect(stats.output.contains(#""exchanges":3,"unparsed":0"#), "\(stats.output)")
      let run = try Command(["exchanges", "--quiet", "--site", "ezbooking", folder + "/" + file])
      let exchanges = try exchangeRows(run.output)
      let first = try #require(exchanges.first)
      #expect(first["http.request.method"] as? String == "POST")
      #expect(first["url.path"] as? String == "/booking/create/14500/1")
      #expect(first["url.domain"] as? String == "rdv.example")
      #expect(
        first["http.response.headers.location"] as? String
          == "http://rdv.example/booking/create/14500/2"
          || (first["http.response.headers.location"] as? String)?.hasSuffix(
            "/booking/create/14500/2") == true
      )
      #expect((first["user_agent.original"] as? String)?.hasPrefix(#"a"b\c"#) == true)
      #expect(first["crenel.field.cookie.eZSESSID"] as? String == "withheld, 3 bytes")
      #expect(exchanges[1]["crenel.connection_request"] as? Int == 2)
      #expect((exchanges[2]["crenel.flags"] as? [String])?.contains("malformed-request") == true)
    }
  }
}
