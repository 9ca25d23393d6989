import CrenelAlerts
import CrenelModel
import CrenelRules

/// An alert from its opening to its latest record.
struct ClientAlert {
  /// Its latest record.
  var record: AlertRecord
  /// The level when it opened.
  var opening: RuleLevel
  /// The highest level that it reached.
  var highest: RuleLevel
  /// Alerts opened before it.
  fileprivate var order: Int
  /// Whether one of its records names a client that is asked for.
  fileprivate var isWanted = false
}

/// Follows alerts through their records and keeps those that concern some clients.
///
/// A client may join long after the opening, and the level may rise; so every alert is followed
/// while it is open, of which there are only so many, and kept when one of its records names one.
struct ClientAlerts {
  private let wanted: Set<ClientAddress>
  private var open: [String: ClientAlert] = [:]
  private var openedCount = 0
  private var closed: [ClientAlert] = []

  /// Follows the alerts of the clients given.
  init(of wanted: Set<ClientAddress>) { self.wanted = wanted }

  /// The alerts that concern the clients, in the order in which they opened.
  var found: [ClientAlert] {
    (closed + open.values.filter(\.isWanted)).sorted { $0.order < $1.order }
  }

  /// Takes in records in the order in which they arose.
  mutating func take(_ records: [AlertRecord]) {
    for record in records {
      let known = record.action == .opened ? nil : open.removeValue(forKey: record.id)
      if known == nil { openedCount += 1 }
      let alert = follow(known ?? begin(record), record)
      if record.action != .closed {
        open[record.id] = alert
      } else if alert.isWanted {
        closed.append(alert)
      }
    }
  }

  private func begin(_ record: AlertRecord) -> ClientAlert {
    ClientAlert(
      record: record, opening: record.level, highest: record.level, order: openedCount)
  }

  private func follow(_ alert: ClientAlert, _ record: AlertRecord) -> ClientAlert {
    var alert = alert
    alert.record = record
    alert.highest = max(alert.highest, record.level)
    alert.isWanted =
      alert.isWanted || wanted.contains(record.client)
      || record.addresses.contains { wanted.contains($0) }
    return alert
  }
}
