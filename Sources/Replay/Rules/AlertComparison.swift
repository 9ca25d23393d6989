import CrenelModel

/// Which alerts of two runs over one input are the same.
///
/// Two alerts are of one piece when rule and actor are the same and their times overlap; where
/// several do, those that opened first go together. Ids do not help: a rule's version is in them.
struct AlertComparison {
  /// An alert in both runs, with a difference.
  struct Change: Equatable {
    var before: RaisedAlert
    var after: RaisedAlert
  }

  /// In the second run only.
  private(set) var gained: [RaisedAlert] = []
  /// In the first run only.
  private(set) var lost: [RaisedAlert] = []
  /// In both, with another level, number of matches or time.
  private(set) var changed: [Change] = []
  /// In both, equal.
  private(set) var sameCount = 0

  /// Compares alerts given in the order in which they opened.
  init(_ before: [RaisedAlert], _ after: [RaisedAlert]) {
    var candidates: [Key: [Int]] = [:]
    for (place, alert) in before.enumerated() { candidates[Key(alert), default: []].append(place) }
    var isPaired = [Bool](repeating: false, count: before.count)
    for alert in after {
      let places = candidates[Key(alert)] ?? []
      guard let place = places.first(where: { !isPaired[$0] && alert.overlaps(before[$0]) }) else {
        gained.append(alert)
        continue
      }
      isPaired[place] = true
      if alert.isLike(before[place]) {
        sameCount += 1
      } else {
        changed.append(Change(before: before[place], after: alert))
      }
    }
    for (place, alert) in before.enumerated() where !isPaired[place] { lost.append(alert) }
  }

  /// Whether the runs differ.
  var differs: Bool { !gained.isEmpty || !lost.isEmpty || !changed.isEmpty }

  private struct Key: Hashable {
    var rule: String
    var actor: String

    init(_ alert: RaisedAlert) {
      rule = alert.ruleID
      actor = alert.actor
    }
  }
}

extension RaisedAlert {
  /// Whether there is a moment at which both were open.
  fileprivate func overlaps(_ other: RaisedAlert) -> Bool {
    start <= other.end && other.start <= end
  }

  /// Whether nobody would call it changed: all but its rule's name is the same.
  fileprivate func isLike(_ other: RaisedAlert) -> Bool {
    level == other.level && matches == other.matches && start == other.start && end == other.end
  }
}
