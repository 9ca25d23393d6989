import CrenelModel

/// Tries one thing after the other and gathers what is wrong, so that all of it is told at once.
struct Attempts {
  /// Mistakes so far, each once.
  private(set) var mistakes: [Diagnostic]

  /// Begins with the mistakes found before.
  init(_ mistakes: [Diagnostic]) { self.mistakes = mistakes }

  /// What `body` gives; `nil` when that was a mistake, which is kept.
  mutating func value<Value>(_ body: () throws -> Value) -> Value? {
    do {
      return try body()
    } catch let error as Diagnostics {
      for item in error.items { add(item) }
    } catch let error as Diagnostic {
      add(error)
    } catch {
      mistakes.append(Diagnostic(code: "internal", at: SourcePosition(file: "crenel"), "\(error)"))
    }
    return nil
  }

  /// Keeps a mistake once: profile, rules and lists are all looked for in one folder.
  private mutating func add(_ mistake: Diagnostic) {
    if !mistakes.contains(mistake) { mistakes.append(mistake) }
  }
}
