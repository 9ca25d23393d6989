import CrenelModel
import CrenelTestKit
import Foundation
import Testing

private func address(_ text: String) -> ClientAddress? {
  ClientAddress(parsing: Array(text.utf8).span)
}

@Suite("Addresses")
struct AddressTests {
  @Test(
    "every spelling of an address becomes one canonical text",
    arguments: [
      ("192.0.2.7", "192.0.2.7"), ("::ffff:192.0.2.7", "192.0.2.7"),
      ("::FFFF:c000:0207", "192.0.2.7"), ("2001:DB8:0:0:0:0:0:1", "2001:db8::1"),
      ("2001:db8::1:0:0:1", "2001:db8::1:0:0:1"), ("[2001:db8::1]", "2001:db8::1"),
      ("fe80::1%eth0", "fe80::1"), ("::", "::"), ("::1", "::1"),
      ("1:0:0:2:0:0:0:3", "1:0:0:2::3"), ("64:ff9b::192.0.2.1", "64:ff9b::c000:201"),
    ])
  func canonical(text: String, expected: String) {
    #expect(address(text)?.description == expected)
  }

  @Test(
    "what is no address is none",
    arguments: [
      "", "-", "192.0.2", "192.0.2.256", "192.0.2.07", "192.0.2.7.1", "1.2.3.4 ", ":", ":::",
      "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "12345::", "g::1", "::1%", "[::1", "unknown",
      "2001:db8::1:80:192.0.2.1:1", "1:2:3:4:5:6:7:192.0.2.1",
    ])
  func refused(text: String) {
    #expect(address(text) == nil)
  }

  @Test("random addresses agree with the system's own reader and writer")
  func oracle() {
    var random = Seeded(3)
    let alphabet = Array("0123456789abcdef::::...")
    for _ in 0..<20_000 {
      let length = Int.random(in: 2...20, using: &random)
      let text = String(
        (0..<length).map { _ in alphabet[Int(random.next() % UInt64(alphabet.count))] })
      var six = in6_addr()
      var four = in_addr()
      let system: String? =
        if unsafe inet_pton(AF_INET, text, &four) == 1 {
          text
        } else if unsafe inet_pton(AF_INET6, text, &six) == 1 {
          text
        } else {
          nil
        }
      #expect((address(text) != nil) == (system != nil), "\(text)")
      guard let ours = address(text) else { continue }
      #expect(address(ours.description) == ours, "\(text)")
    }
  }

  @Test("prefixes keep the first bits, and networks hold what shares them")
  func networks() throws {
    let network = try #require(Network("192.0.2.128/25"))
    #expect(network.contains(try #require(address("192.0.2.200"))))
    #expect(!network.contains(try #require(address("192.0.2.100"))))
    #expect(network.contains(try #require(address("::ffff:192.0.2.200"))))
    let six = try #require(Network("2001:db8::/32"))
    #expect(six.contains(try #require(address("2001:db8:ffff::1"))))
    #expect(!six.contains(try #require(address("192.0.2.1"))))
    #expect(Network("192.0.2.0/33") == nil && Network("192.0.2.0/") == nil)
    #expect(Network("::ffff:10.0.0.0/104") == Network("10.0.0.0/8"))
    #expect(Network("::ffff:0:0/96") == Network("0.0.0.0/0") && Network("::ffff:10.0.0.0/8") == nil)
    #expect(
      try #require(address("2001:db8::1:2:3:4")).masked(ipv4: 32, ipv6: 64).description
        == "2001:db8::")
  }
}
