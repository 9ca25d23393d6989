/// What all HTTP/2 connections of a run share.
struct HTTP2Context {
  /// What they share with those of HTTP/1: limits of bodies, names asked for, LibHTP, counters.
  let shared: HTTP1Context

  /// Creates a context beside that of HTTP/1.
  init(_ shared: HTTP1Context) { self.shared = shared }

  /// Creates a context from what the site profile and the command line say.
  init(_ configuration: DecoderConfiguration) { shared = HTTP1Context(configuration) }
}
