/// Looks for all inner texts of all rules on one field in one pass (Aho and Corasick, 1975).
struct Scan: Sendable {
  /// States of one automaton, at most; a state has 16 bits.
  static let stateLimit = 60_000
  /// Cells of one table, at most (16 MiB).
  static let tableLimit = 8_388_608

  let field: Field
  /// Words of bits that a pass sets.
  let wordCount: Int
  private let classes: [UInt8]
  private let shift: Int
  private let next: [UInt16]
  /// First output of each state; -1 without one.
  private let heads: [Int32]
  private let outputs: [Output]

  /// A bit to set, and the output after it.
  private struct Output: BitwiseCopyable, Sendable {
    var bit: Int32
    var next: Int32
  }

  /// Creates the automaton of texts, each with its bit; the texts must fit the limits.
  init(field: Field, texts: [(bytes: [UInt8], bit: Int32)], bitCount: Int) {
    self.field = field
    wordCount = (bitCount + 63) / 64
    var classes = [UInt8](repeating: 0, count: 256)
    var count = 1
    for text in texts {
      for byte in text.bytes where classes[Int(Self.fold(byte))] == 0 {
        classes[Int(Self.fold(byte))] = UInt8(truncatingIfNeeded: count)
        count += 1
      }
    }
    for byte in UInt8.min...UInt8.max { classes[Int(byte)] = classes[Int(Self.fold(byte))] }
    var shift = 1
    while 1 << shift < count { shift += 1 }
    var builder = Builder(classes: classes, shift: shift)
    for text in texts { builder.insert(text.bytes, text.bit) }
    builder.link()
    self.classes = classes
    self.shift = shift
    next = builder.next
    heads = builder.heads
    outputs = builder.outputs
  }

  /// One byte for all that a comparison without case may take as equal: ASCII letters, and the
  /// second bytes of Latin-1 letters in UTF-8, whatever stands before them.
  static func fold(_ byte: UInt8) -> UInt8 {
    byte < 0x80 ? TextPool.lower(byte) : (byte < 0xc0 ? byte | 0x20 : byte)
  }

  /// Sets the bits of the texts that occur in `value`, from word `first` on.
  func run(_ value: Span<UInt8>, into words: inout [UInt64], from first: Int) {
    var state = 0
    for place in value.indices {
      state = Int(next[(state << shift) | Int(classes[Int(value[place])])])
      var output = heads[state]
      while output >= 0 {
        let found = outputs[Int(output)]
        words[first &+ Int(found.bit >> 6)] |= 1 << UInt64(found.bit & 63)
        output = found.next
      }
    }
  }

  /// The trie and then the automaton.
  private struct Builder {
    let classes: [UInt8]
    let shift: Int
    var next: [UInt16]
    var heads: [Int32] = [-1]
    var outputs: [Output] = []

    init(classes: [UInt8], shift: Int) {
      self.classes = classes
      self.shift = shift
      next = Array(repeating: 0, count: 1 << shift)
    }

    mutating func insert(_ bytes: [UInt8], _ bit: Int32) {
      var state = 0
      for byte in bytes {
        let cell = state << shift | Int(classes[Int(byte)])
        if next[cell] == 0 {
          next[cell] = UInt16(heads.count)
          heads.append(-1)
          next += repeatElement(0, count: 1 << shift)
        }
        state = Int(next[cell])
      }
      outputs.append(Output(bit: bit, next: heads[state]))
      heads[state] = Int32(outputs.count - 1)
    }

    /// Fills the cells without a child from the longest proper suffix, nearest states first.
    mutating func link() {
      var fail = [Int](repeating: 0, count: heads.count)
      var queue: [Int] = []
      for symbol in 0..<(1 << shift) where next[symbol] != 0 { queue.append(Int(next[symbol])) }
      var place = 0
      while place < queue.count {
        let state = queue[place]
        place += 1
        joinOutputs(state, fail[state])
        for symbol in 0..<(1 << shift) {
          let cell = state << shift | symbol
          let other = next[fail[state] << shift | symbol]
          if next[cell] == 0 {
            next[cell] = other
          } else {
            fail[Int(next[cell])] = Int(other)
            queue.append(Int(next[cell]))
          }
        }
      }
    }

    /// Puts the outputs of the suffix behind those of the state.
    private mutating func joinOutputs(_ state: Int, _ suffix: Int) {
      guard heads[state] >= 0 else {
        heads[state] = heads[suffix]
        return
      }
      var last = Int(heads[state])
      while outputs[last].next >= 0 { last = Int(outputs[last].next) }
      outputs[last].next = heads[suffix]
    }
  }
}

extension Program {
  /// Makes one scan for each field whose inner texts rules look for; texts past the limits are
  /// looked for one by one.
  mutating func buildScans() {
    var places: [Field: Int] = [:]
    var plans: [ScanPlan] = []
    for test in tests {
      guard case .text(let place) = test.match, test.field.kind == .text else { continue }
      let list = texts.tests[Int(place)]
      guard list.inner.count > 0 else { continue }
      let plan = places[test.field] ?? plans.count
      if plan == plans.count {
        plans.append(ScanPlan(field: test.field))
        places[test.field] = plan
      }
      let strings = list.inner.indices.map { Array(texts.bytes[texts.literals[$0].bytes.indices]) }
      guard let bit = plans[plan].take(strings) else { continue }
      texts.tests[Int(place)].scan = Int32(plan)
      texts.tests[Int(place)].scanBit = bit
    }
    scans = plans.map { Scan(field: $0.field, texts: $0.texts, bitCount: $0.bitCount) }
  }
}

/// The texts of one scan to be.
private struct ScanPlan {
  let field: Field
  var texts: [(bytes: [UInt8], bit: Int32)] = []
  var bitCount = 0
  private var stateCount = 1
  private var symbols: Set<UInt8> = []

  init(field: Field) { self.field = field }

  /// Takes the texts of one test and gives their bit; `nil` when the automaton would grow too large.
  mutating func take(_ strings: [[UInt8]]) -> Int32? {
    let states = stateCount + strings.reduce(0) { $0 + $1.count }
    let all = symbols.union(strings.joined().map(Scan.fold))
    var width = 2
    while width < all.count + 1 { width *= 2 }
    guard states <= Scan.stateLimit, states * width <= Scan.tableLimit else { return nil }
    stateCount = states
    symbols = all
    texts += strings.map { ($0, Int32(bitCount)) }
    bitCount += 1
    return Int32(bitCount - 1)
  }
}

/// What the scans found in the exchange being evaluated; each runs when first asked.
struct ScanMemo {
  private var words: [UInt64]
  private var starts: [Int]
  private var isDone: [Bool]
  private var hasAny = false

  init(_ scans: [Scan]) {
    starts = []
    var count = 0
    for scan in scans {
      starts.append(count)
      count += scan.wordCount
    }
    words = Array(repeating: 0, count: count)
    isDone = Array(repeating: false, count: scans.count)
  }

  /// Forgets the last exchange.
  mutating func forget() {
    guard hasAny else { return }
    hasAny = false
    for place in isDone.indices { isDone[place] = false }
  }

  /// Whether one of the test's inner texts may occur in `value`; `nil` when it is not scanned for.
  mutating func find(
    _ test: TextTest, _ value: Span<UInt8>, _ scans: [Scan]
  ) -> Bool? {
    guard test.scanBit >= 0 else { return nil }
    let scan = Int(test.scan)
    let start = starts[scan]
    if !isDone[scan] {
      for place in 0..<scans[scan].wordCount { words[start &+ place] = 0 }
      scans[scan].run(value, into: &words, from: start)
      isDone[scan] = true
      hasAny = true
    }
    return words[start &+ Int(test.scanBit >> 6)] & (1 << UInt64(test.scanBit & 63)) != 0
  }
}
