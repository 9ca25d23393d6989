import CrenelTestKit
import Foundation
import Testing

/// A real nginx on a loopback, its log in the format of docs/log-formats.md, and clients for it.
final class NginxSite {
  let folder: String
  private let scratch: ScratchFolder
  /// Ports of HTTP/1 and of cleartext HTTP/2.
  let (plain, http2): (Int, Int)
  private let loopback: Loopback
  private let server: Running

  /// Which packets are the site's.
  var filter: String { "tcp port \(plain) or tcp port \(http2)" }
  var log: String { folder + "/access.log" }

  init(on loopback: Loopback) throws {
    self.loopback = loopback
    scratch = try ScratchFolder()
    folder = scratch.path
    (plain, http2) = (try Loopback.freePort(), try Loopback.freePort())
    let page = String(
      decoding: try SharedData.bytes(SharedData.package + "docs/log-formats.md"), as: UTF8.self)
    let start = try #require(page.range(of: "log_format crenel_json "))
    let end = try #require(page[start.lowerBound...].range(of: "';"))
    // What the page recommends, and what tells requests apart here.
    let format = page[start.lowerBound..<end.upperBound].replacing(
      #"{"msec""#,
      with: #"{"remote_port":"$remote_port","request_length":"$request_length","#
        + #""bytes_sent":"$bytes_sent","framing":"$sent_http_transfer_encoding","msec""#)
    try Self.configuration(folder, String(format), plain, http2)
      .write(toFile: folder + "/nginx.conf", atomically: true, encoding: .utf8)
    try Self.writePages(folder + "/pages")
    let nginx = try #require(Tool.find("nginx"))
    server = try Running(loopback.prefix + [nginx, "-c", folder + "/nginx.conf", "-p", folder])
    let isUp = Running.within(20) { [folder] in
      FileManager.default.fileExists(atPath: folder + "/pid")
    }
    try #require(isUp, "\(server.errors)")
  }

  /// Ends the server once its log has been written.
  func end() throws { _ = try server.end(SIGQUIT) }

  private static func configuration(
    _ folder: String, _ format: String, _ plain: Int, _ http2: Int
  ) -> String {
    """
    daemon off; pid \(folder)/pid; error_log \(folder)/error.log; user root;
    events { worker_connections 256; }
    http {
      types { text/html html; text/css css; application/javascript js; image/svg+xml svg; }
      client_body_temp_path \(folder)/1; proxy_temp_path \(folder)/2;
      fastcgi_temp_path \(folder)/3; uwsgi_temp_path \(folder)/4; scgi_temp_path \(folder)/5;
      client_body_buffer_size 64k;
      \(format)
      access_log \(folder)/access.log crenel_json;
      gzip on; gzip_min_length 100;
      server {
        listen 127.0.0.1:\(plain); listen [::1]:\(plain); listen 127.0.0.1:\(http2) http2;
        root \(folder)/pages;
        location /moved { return 302 /index.html; }
        location /form {
          proxy_pass http://unix:\(folder)/behind; proxy_http_version 1.1;
        }
      }
      server { listen unix:\(folder)/behind; access_log off; location / { return 200 'noted'; } }
    }
    """
  }

  private static func writePages(_ folder: String) throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let pages = [
      "index.html": "<p>nothing to see</p>\n",
      "long.html": String(repeating: "<p>A line like many others.</p>\n", count: 4_000),
      "page.html": "<!doctype html><title>Slots</title><link rel=icon href=data:,>"
        + "<link rel=stylesheet href=a.css>"
        + "<script src=a.js></script><p>Slots<img src=a.svg><img src=b.svg>",
      "a.css": "p { color: green }\n", "a.js": "document.title = 'Slots, seen'\n",
      "a.svg": "<svg xmlns='http://www.w3.org/2000/svg'/>\n",
      "b.svg": "<svg xmlns='http://www.w3.org/2000/svg'> </svg>\n",
    ]
    for (name, text) in pages { try Data(text.utf8).write(to: URL(filePath: "\(folder)/\(name)")) }
    var noise = Seeded(4)
    let large = (0..<300_000).map { _ in UInt8.random(in: 0...255, using: &noise) }
    try Data(large).write(to: URL(filePath: folder + "/large.bin"))
    let body = Data(repeating: UInt8(ascii: "x"), count: 20_000)
    try body.write(to: URL(filePath: folder + "/body"))
  }

  // MARK: - Clients

  /// What curl says of a request: an oracle beside the log.
  struct Download: Hashable {
    var port: Int
    var status: Int
    var bytes: Int
  }

  /// Sends what browsers and robots send, and gives what curl saw of it, in its order a connection.
  func visit() throws -> [Download] {
    let script = """
      set -eu
      site="http://127.0.0.1:$1"; two="http://127.0.0.1:$2"; pages="$3"
      get() {
        curl -q -s -S --max-time 20 -w '%{stderr}@ %{local_port} %{http_code} %{size_download}\\n' \
          "$@" > /dev/null
      }
      get -A 'Mozilla/5.0 (one connection)' -H 'Accept-Language: fr' "$site/index.html" \
        "$site/a%20b?q=%22" "$site/moved" "$site/large.bin" "$site/index.html?again"
      get -I -e 'http://rdv.example/' "$site/index.html"
      get --compressed "$site/long.html"
      get -d 'email=a%40rdv.example&n=1' "$site/form"
      get -H 'Expect: 100-continue' --data-binary "@$pages/body" "$site/form"
      get -H 'Transfer-Encoding: chunked' -d 'email=someone%40rdv.example' "$site/form"
      get -g "http://[::1]:$1/index.html"
      get -0 "$site/index.html"
      get --http2-prior-knowledge "$two/index.html"
      get --http2-prior-knowledge --compressed "$two/long.html"
      get --http2-prior-knowledge "$two/none"
      get --http2-prior-knowledge "$two/large.bin"
      get --http2-prior-knowledge -d 'email=c%40rdv.example' "$two/form"
      for i in 1 2 3 4; do
        get -A "parallel $i" "$site/large.bin?[1-5]" 2> "$pages/$i.out" & jobs="${jobs:-} $!"
      done
      for job in $jobs; do wait "$job"; done
      cat "$pages"/*.out >&2
      """
    let bash = try #require(Tool.find("bash"))
    let run = try Running.run(
      loopback.prefix
        + [bash, "-c", script, "visit", "\(plain)", "\(http2)", folder + "/pages"])
    try #require(run.status == 0, "\(run.errors)")
    return run.errors.split(separator: "\n").filter { $0.hasPrefix("@ ") }.compactMap { line in
      let numbers = line.split(separator: " ").dropFirst().compactMap { Int($0) }
      return numbers.count == 3
        ? Download(port: numbers[0], status: numbers[1], bytes: numbers[2]) : nil
    }
  }

  /// Several streams of one HTTP/2 connection, where nghttp is installed; how many.
  func multiplex() throws -> Int {
    guard let nghttp = Tool.find("nghttp") else { return 0 }
    let urls = ["index.html", "long.html", "large.bin", "none"].map {
      "http://127.0.0.1:\(http2)/\($0)"
    }
    let run = try Running.run(loopback.prefix + [nghttp, "-n"] + urls)
    try #require(run.status == 0, "\(run.errors)")
    return urls.count
  }

  /// Shows a page in a browser, where there is one and nothing else that it could reach.
  func browse() throws -> Bool {
    guard loopback.isPrivate, let chromium = Tool.find("chromium"),
      let timeout = Tool.find("timeout")
    else { return false }
    let run = try Running.run(
      loopback.prefix + [
        timeout, "60", chromium, "--headless=new", "--no-sandbox", "--disable-gpu",
        "--no-first-run", "--disable-background-networking", "--disable-component-update",
        "--disable-sync", "--user-data-dir=\(folder)/browser", "--dump-dom",
        "http://127.0.0.1:\(plain)/page.html",
      ], within: 90)
    guard run.status == 0 else {
      print("the browser did not run: \(run.errors.suffix(300))")
      return false
    }
    #expect(run.output.contains("Slots, seen"))
    return true
  }

  /// Waits until the log has so many lines; how many it has.
  func logged(atLeast count: Int) -> Int {
    func lines() -> Int {
      ((try? SharedData.bytes(log)) ?? []).count { $0 == UInt8(ascii: "\n") }
    }
    _ = Running.within(10) { lines() >= count }
    return lines()
  }
}
