import CrenelModel
import Testing

@Suite("Frames of several files")
struct FrameTests {
  @Test(
    "a frame keeps the number of its file, and stays at the largest where it does not fit",
    arguments: [
      (0, 1, 0, 1), (1, 0, 1, 0), (99_999, 1 << 40 - 1, 99_999, 1 << 40 - 1),
      (.max, .max, 1 << 24 - 1, 1 << 40 - 1),
    ] as [(UInt32, UInt64, UInt32, UInt64)])
  func frame(source: UInt32, number: UInt64, keptSource: UInt32, keptNumber: UInt64) {
    let frame = SourcedFrame(source: source, number: number)
    #expect(frame.source == keptSource && frame.number == keptNumber)
  }

  @Test("a range goes from the first file's first frame to the last file's last, in any order")
  func range() {
    var range = FrameRange()
    #expect(range.isEmpty && range.first == 0)
    for (source, number) in [(2, 7), (2, 3), (1, 9), (2, 8), (1, 12)] as [(UInt32, UInt64)] {
      range.add(SourcedFrame(source: source, number: number).rawValue)
    }
    #expect((range.firstSource, range.first) == (1, 9))
    #expect((range.lastSource, range.last) == (2, 8))
  }
}
