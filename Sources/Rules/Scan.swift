struct Scans {}
extension Program {
  var scans: Scans { Scans() }
  mutating func buildScans(_ problems: inout Problems) {}
}
struct ScanMemo {
  init(_ scans: Scans) {}
  mutating func forget() {}
  mutating func find(_ place: Int32, _ value: Span<UInt8>, _ program: Program) -> Bool? { nil }
}
