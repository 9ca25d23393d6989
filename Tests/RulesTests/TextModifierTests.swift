import CrenelBooking
import CrenelModel
import Testing

@testable import CrenelRules

@Suite("Text modifiers")
struct TextModifierTests {
  /// One row: the lines of a search identifier, the user agent, and whether they match.
  struct Row: Sendable, CustomStringConvertible {
    var lines: String
    var agent: String?
    var isTrue: Bool
    var description: String { "\(lines) on \(agent ?? "nothing")" }
    init(_ lines: String, _ agent: String?, _ isTrue: Bool) {
      self.lines = lines
      self.agent = agent
      self.isTrue = isTrue
    }
  }

  static let rows: [Row] = [
    Row("user_agent.original: curl", "CURL", true),
    Row("user_agent.original: curl", "curl/8", false),
    Row("user_agent.original|startswith: curl/", "Curl/8.1", true),
    Row("user_agent.original|startswith: curl/", "a curl/8.1", false),
    Row("user_agent.original|endswith: 'bot)'", "x (BOT)", true),
    Row("user_agent.original|endswith: 'bot)'", "bot) x", false),
    Row("user_agent.original|contains: python", "a Python-requests", true),
    Row("user_agent.original|contains: python", "pyton", false),
    Row("user_agent.original: 'a*c'", "abbbc", true),
    Row("user_agent.original: 'a*c'", "abbbcd", false),
    Row("user_agent.original: 'a?c'", "abc", true),
    Row("user_agent.original: 'a?c'", "aéc", true),
    Row("user_agent.original: 'a?c'", "ac", false),
    Row(#"user_agent.original: 'a\*c'"#, "a*c", true),
    Row(#"user_agent.original: 'a\*c'"#, "abc", false),
    Row(#"user_agent.original: 'a\\*c'"#, #"a\xc"#, true),
    Row(#"user_agent.original: 'a\c'"#, #"a\c"#, true),
    Row("user_agent.original: 'é*'", "É1", true),
    Row("user_agent.original|contains: 'ÀÉ'", "xàéx", true),
    Row("user_agent.original|contains: '×'", "÷", false),
    Row("user_agent.original|cased: curl", "CURL", false),
    Row("user_agent.original|contains|cased: Bot", "a Bot", true),
    Row("user_agent.original|contains|cased: Bot", "a bot", false),
    Row("user_agent.original: ''", "", true),
    Row("user_agent.original: ''", nil, false),
    Row("user_agent.original: null", nil, true),
    Row("user_agent.original: null", "", false),
    Row("user_agent.original|exists: true", "", true),
    Row("user_agent.original|exists: false", "x", false),
    Row("user_agent.original|exists: false", nil, true),
    Row("user_agent.original|neq: curl", "wget", true),
    Row("user_agent.original|neq: curl", "CURL", false),
    Row("user_agent.original|neq: curl", nil, false),
    Row("user_agent.original|neq: [curl, wget]", "wget", false),
    Row("user_agent.original|contains|all: [a, b]", "b a", true),
    Row("user_agent.original|contains|all: [a, b]", "a a", false),
    Row("user_agent.original|contains|all|neq: [a, b]", "a a", true),
    Row("user_agent.original|contains|all|neq: [a, b]", nil, false),
    Row("user_agent.original: [curl, 'wget*', '*http*']", "okhttp/4", true),
    Row("user_agent.original: '*'", "", true),
    Row("user_agent.original: '*'", nil, false),
    Row("user_agent.original|windash|contains: ' -h'", "x /h", true),
    Row("user_agent.original|windash|contains: ' -h'", "x \u{2014}h", true),
    Row("user_agent.original|windash|contains: ' -h'", "x +h", false),
    Row("user_agent.original|re: '^cu.l/[0-9]+'", "curl/81", true),
    Row("user_agent.original|re: '^cu.l/[0-9]+'", "CURL/81", false),
    Row("user_agent.original|re|i: '^cu.l/[0-9]+'", "CURL/81", true),
    Row("user_agent.original|re|m: '^b$'", "a\nb\nc", true),
    Row("user_agent.original|re: '^b$'", "a\nb\nc", false),
    Row("user_agent.original|re|s: 'a.b'", "a\nb", true),
    Row("user_agent.original|re: 'a.b'", "a\nb", false),
    Row("user_agent.original|re|neq: 'a.b'", "acb", false),
    Row("user_agent.original|re|all: [a, b]", "ba", true),
    Row("user_agent.original|re|all: [a, b]", "a", false),
    Row("user_agent.original|base64: foobar", "Zm9vYmFy", true),
    Row("user_agent.original|base64offset|contains: bar", "xZm9vYmFy", true),
    Row("user_agent.original|base64offset|contains: foobar", "AGZvb2Jhcg", true),
    Row("user_agent.original|base64offset|contains: foobar", "AAAZvb2Jhcg", true),
    Row("user_agent.original|base64offset|contains: foobar", "Zm9vYmF", false),
    Row("user_agent.original|utf16le: ab", "a\0b\0", true),
    Row("user_agent.original|wide: ab", "a\0b\0", true),
    Row("user_agent.original|utf16be: ab", "\0a\0b", true),
    Row("user_agent.original|utf16le|base64: ab", "YQBiAA==", true),
    Row("user_agent.original|utf16|base64: a", "//5hAA==", true),
    Row("user_agent.original|utf16|base64: a", "YQA=", false),
  ]

  @Test("each modifier matches what the specification says", arguments: rows)
  func matches(row: Row) throws {
    var sample = Sample()
    sample.texts[.userAgent] = row.agent
    #expect(try holds(row.lines, sample) == row.isTrue)
  }
}
