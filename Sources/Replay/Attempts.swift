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
      mistakes += error.items
    } catch let error as Diagnostic {
      // Profile, rules and lists are all looked for in one folder: say once that there is none.
      if !mistakes.contains(error) { mistakes.append(error) }
    } catch {
      mistakes.append(Diagnostic(code: "internal", at: SourcePosition(file: "crenel"), "\(error)"))
    }
    return nil
  }
}
