import CrenelCapture
import CrenelModel

/// The streams that the inputs of a run are read as: each log is one, and so are all captures.
struct InputStreams {
  /// What reads them, in the order of ties: that of the first input of each.
  private(set) var readers: [any ExchangeReader] = []
  /// The earliest event of each; `nil` where it is not known and the stream is asked at once.
  private(set) var firsts: [Timestamp?] = []
  /// Numbers of the inputs of each, in the order of the reader's reports.
  private(set) var members: [[Int]] = []
  /// The stream of captures, when there are several.
  private(set) var captures: CaptureSource?

  /// No stream: nothing is open yet.
  init() {}

  /// The one stream of live interfaces.
  init(_ live: LiveSource) { add(live, first: nil, of: [0]) }

  /// The streams of inputs by number.
  ///
  /// What can be read but once is opened here, to see what it is; the rest when its turn comes.
  init(
    _ inputs: [RankedInput], filter: consuming PacketFilter?, _ setup: Setup, chunkSize: Int
  ) {
    let rest = CaptureSource.chunkSize(chunkSize, of: inputs.count { $0.kind != .log })
    var place = 0  // of the captures among the streams
    var files: [CaptureFile] = []
    for (number, input) in inputs.enumerated() {
      let lone = ReplaySource(input.source, number: number, setup: setup, chunkSize: chunkSize)
      var file: CaptureFile?
      if inputs.count > 1, input.kind == .capture {
        file = CaptureFile(input.source, number: number, first: input.first, chunkSize: rest)
      } else if inputs.count > 1, input.kind == nil {
        file = lone.open(chunkSize: rest)
      }
      if let file {
        if files.isEmpty { place = readers.count }
        files.append(file)
      } else {
        add(lone, first: input.first, of: [number])
      }
    }
    guard !files.isEmpty else { return }
    let stream = CaptureSource(files, filter: filter, setup: setup)
    add(stream, first: nil, of: files.map { Int($0.number) }, at: place)
    captures = files.count > 1 ? stream : nil
  }

  private mutating func add(
    _ reader: any ExchangeReader, first: Timestamp?, of numbers: [Int], at place: Int? = nil
  ) {
    let place = place ?? readers.count
    readers.insert(reader, at: place)
    firsts.insert(first, at: place)
    members.insert(numbers, at: place)
  }

  /// Bytes taken from what is stored so far.
  var bytesRead: UInt64 { readers.reduce(0) { $0 &+ $1.bytesRead } }
}
