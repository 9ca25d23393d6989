import CrenelModel

/// What one HTTP/1 connection may make the decoder keep or look at.
struct HTTP1Limits: Sendable {
  /// Bytes of a request or response head with its first line; a longer one is given up.
  var headBytes = 64 << 10
  /// Fields of a head that are read; more are passed over.
  var fields = 256
  /// Bytes of a request body that are looked at for the fields asked for, as sent.
  var bodyBytes = 64 << 10
  /// Bytes of a request body that are looked at once decompressed.
  var inflatedBytes = 256 << 10
  /// Requests that may wait for their responses; the oldest is given up for one more.
  var outstanding = 256
  /// Bytes that their heads may have; the oldest are given up for one more.
  var outstandingBytes = 1 << 20
  /// Bytes of a response that are kept until its request is seen, and of a client that went on
  /// after CONNECT; more than the reassembler lets a server say while a hole is waited for.
  var heldBytes = 128 << 10
  /// Nanoseconds by which a capture may hold a response before its request.
  var captureDisorder = Nanoseconds.millisecond
  /// Bytes of waiting requests after which memory of those answered is given back.
  var storedBytes = 256 << 10
}
