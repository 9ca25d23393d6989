public import CrenelBooking
public import CrenelFeatures
import CrenelModel
import Crypto

/// Names for clients and sessions that say nothing of who they are: `a:` and 16 hexadecimal digits.
///
/// 64 bits of HMAC-SHA-256 (RFC 2104) over what the subject is counted under, keyed by the site:
/// a subject has the same name in alerts and in rows of features, and only who has the site's key
/// can tell whether it is that of a given client.
public struct ActorNames: Sendable {
  private let key: SymmetricKey

  /// Creates names under the site's key; without one they are not secret.
  public init(siteKey: [UInt8]?) {
    key = SymmetricKey(data: siteKey ?? Array("crenel: actor".utf8))
  }

  /// The name of the client or the session of a step.
  public func name(of subject: SubjectKind, _ step: Step) -> String {
    switch subject {
    case .client: name(kind: step.client.kind.rawValue, step.client.high, step.client.low)
    case .session: name(kind: .max, 0, step.session)
    }
  }

  func name(kind: UInt8, _ high: UInt64, _ low: UInt64) -> String {
    let code = HMAC<SHA256>.authenticationCode(
      for: Array("\(kind):\(high):\(low)".utf8), using: key)
    return "a:" + Hexadecimal.text(code.prefix(8))
  }
}
