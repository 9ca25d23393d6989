import CHTP
import CrenelModel

/// Asks LibHTP about heads that are not plain: how long the body is, what status, what is wrong.
///
/// One head at a time goes through a parser of its own, made and thrown away in some hundred
/// nanoseconds. LibHTP sees heads whole and never a body, so that what it says does not depend on
/// how the stream was cut into packets. A class, because it owns LibHTP's configuration.
@safe final class HeadJudge {
  private let configuration: OpaquePointer?

  init(_ limits: HTTP1Limits) {
    guard let configuration = unsafe htp_config_create() else {
      unsafe self.configuration = nil
      return
    }
    unsafe self.configuration = configuration
    unsafe htp_config_set_log_level(configuration, HTP_LOG_NONE)
    unsafe htp_config_set_parse_request_cookies(configuration, 0)
    unsafe htp_config_set_parse_request_auth(configuration, 0)
    unsafe htp_config_set_response_decompression(configuration, 0)
    unsafe htp_config_set_request_decompression(configuration, 0)
    unsafe htp_config_set_allow_space_uri(configuration, 1)
    unsafe htp_config_set_field_limits(configuration, limits.headBytes, limits.headBytes)
    unsafe htp_config_set_number_headers_limit(
      configuration, UInt32(clamping: limits.fields))
    unsafe htp_config_set_compression_bomb_limit(configuration, limits.inflatedBytes)
    // The time limit would make results depend on the machine; the byte limit is enough.
    unsafe htp_config_set_compression_time_limit(configuration, 1 << 30)
    unsafe htp_config_register_request_headers(configuration) { transaction in
      unsafe HeadJudge.note(transaction, isRequest: true)
    }
    unsafe htp_config_register_response_headers(configuration) { transaction in
      unsafe HeadJudge.note(transaction, isRequest: false)
    }
  }

  deinit {
    if let configuration = unsafe configuration { unsafe htp_config_destroy(configuration) }
  }

  /// What was read of a head.
  private struct Notes {
    /// Whether it is the request that is asked about.
    var isAboutRequest: Bool
    var isRead = false
    var coding = HTP_CODING_UNKNOWN
    var length: Int64 = -1
    var status: Int32 = 0
    var flags: UInt64 = 0
  }

  /// How a request's head is understood; without a body when LibHTP refuses it.
  func request(_ head: Span<UInt8>) -> HeadVerdict {
    var notes = Notes(isAboutRequest: true)
    unsafe withParser(&notes) { parser in
      unsafe give(head, to: parser, isRequest: true)
    }
    var verdict = HeadVerdict(framing: .none, anomalies: Self.anomalies(notes))
    if notes.coding == HTP_CODING_CHUNKED {
      verdict.framing = .chunked
    } else if notes.coding == HTP_CODING_IDENTITY, notes.length > 0 {
      verdict.framing = .length(UInt64(notes.length))
    }
    return verdict
  }

  /// How a response's head is understood; its body goes on to the end when LibHTP refuses it.
  func response(_ head: Span<UInt8>, to kind: RequestKind) -> HeadVerdict {
    var notes = Notes(isAboutRequest: false)
    unsafe withParser(&notes) { parser in
      let method: StaticString =
        switch kind {
        case .other: "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
        case .head: "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"
        case .connect: "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n"
        }
      let request = unsafe UnsafeBufferPointer(
        start: method.utf8Start, count: method.utf8CodeUnitCount)
      unsafe give(request.span, to: parser, isRequest: true)
      unsafe give(head, to: parser, isRequest: false)
    }
    var verdict = HeadVerdict(framing: .untilClose, anomalies: Self.anomalies(notes))
    if (100...599).contains(notes.status) { verdict.status = UInt16(notes.status) }
    switch notes.coding {
    case HTP_CODING_CHUNKED: verdict.framing = .chunked
    case HTP_CODING_IDENTITY where notes.length == 0: verdict.framing = .none
    case HTP_CODING_IDENTITY where notes.length > 0:
      verdict.framing = .length(UInt64(notes.length))
    case HTP_CODING_NO_BODY: verdict.framing = .none
    default: break
    }
    // LibHTP 0.5.42 lets 204 and 304 have bodies when they give a length.
    if PlainHead.hasNoBody(verdict.status, to: kind) { verdict.framing = .none }
    return verdict
  }

  private static func anomalies(_ notes: Notes) -> PacketAnomalies {
    var anomalies = PacketAnomalies()
    if crenel_htp_is_ambiguous(notes.flags) != 0 { anomalies.insert(.ambiguousLength) }
    if !notes.isRead || crenel_htp_is_malformed(notes.flags) != 0 { anomalies.insert(.badMessage) }
    return anomalies
  }

  /// Runs `body` with a parser whose callbacks find `notes` as its user data.
  func withParser<Notes>(_ notes: inout Notes, _ body: (OpaquePointer) -> Void) {
    guard let configuration = unsafe configuration,
      let parser = unsafe htp_connp_create(configuration)
    else { return }
    // The pointer is valid until the parser is gone, which is before this returns.
    unsafe withUnsafeMutablePointer(to: &notes) { pointer in
      unsafe htp_connp_set_user_data(parser, pointer)
      unsafe htp_connp_open(parser, nil, 0, nil, 0, nil)
      unsafe body(parser)
      unsafe htp_connp_destroy_all(parser)
    }
  }

  private func give(_ bytes: Span<UInt8>, to parser: OpaquePointer, isRequest: Bool) {
    guard !bytes.isEmpty else { return }
    unsafe bytes.withUnsafeBufferPointer { buffer in
      // LibHTP reads `count` bytes at the address and keeps neither.
      if isRequest {
        _ = unsafe htp_connp_req_data(parser, nil, buffer.baseAddress, buffer.count)
      } else {
        _ = unsafe htp_connp_res_data(parser, nil, buffer.baseAddress, buffer.count)
      }
    }
  }

  /// Called by LibHTP when it has read a head.
  private static func note(
    _ transaction: UnsafeMutablePointer<htp_tx_t>?, isRequest: Bool
  ) -> Int32 {
    guard let transaction = unsafe transaction,
      let address = unsafe htp_connp_get_user_data(transaction.pointee.connp)
    else { return HTP_OK }
    let notes = unsafe address.assumingMemoryBound(to: Notes.self)
    guard unsafe notes.pointee.isAboutRequest == isRequest else { return HTP_OK }
    unsafe notes.pointee.isRead = true
    unsafe notes.pointee.flags = transaction.pointee.flags
    if isRequest {
      unsafe notes.pointee.coding = transaction.pointee.request_transfer_coding
      unsafe notes.pointee.length = transaction.pointee.request_content_length
    } else {
      unsafe notes.pointee.coding = transaction.pointee.response_transfer_coding
      unsafe notes.pointee.length = transaction.pointee.response_content_length
      unsafe notes.pointee.status = transaction.pointee.response_status_number
    }
    return HTP_OK
  }
}
