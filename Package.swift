// swift-tools-version: 6.2
import PackageDescription

// The manifest is the architecture: one module a stage, in the order of the data flow
// (docs/decisions/0001). Nothing points backwards; LayeringTests checks it.

let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
]

/// One stage: a library module `Crenel<folder>` in `Sources/<folder>`.
func stage(_ folder: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(
    name: "Crenel\(folder)", dependencies: dependencies, path: "Sources/\(folder)",
    swiftSettings: strict)
}

/// The tests of one stage, in `Tests/<folder>Tests`.
func tests(_ folder: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .testTarget(
    name: "\(folder)Tests",
    dependencies: [.target(name: "Crenel\(folder)"), "CrenelTestKit"] + dependencies,
    path: "Tests/\(folder)Tests", swiftSettings: strict)
}

let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
  name: "crenel",
  products: [.executable(name: "crenel", targets: ["crenel"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: [
    // System libraries: a module map and a shim, nothing else.
    .systemLibrary(
      name: "CZlib", path: "Sources/CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(
      name: "CLZMA", path: "Sources/CLZMA", pkgConfig: "liblzma",
      providers: [.apt(["liblzma-dev"])]),
    .systemLibrary(
      name: "CZstd", path: "Sources/CZstd", pkgConfig: "libzstd",
      providers: [.apt(["libzstd-dev"])]),
    .systemLibrary(
      name: "CBzip2", path: "Sources/CBzip2", providers: [.apt(["libbz2-dev"])]),
    .systemLibrary(
      name: "CPCRE2", path: "Sources/CPCRE2", pkgConfig: "libpcre2-8",
      providers: [.apt(["libpcre2-dev"])]),
    .systemLibrary(
      name: "CPCAP", path: "Sources/CPCAP", pkgConfig: "libpcap",
      providers: [.apt(["libpcap-dev"])]),
    .systemLibrary(
      name: "CHTP", path: "Sources/CHTP", pkgConfig: "htp", providers: [.apt(["libhtp-dev"])]),
    .systemLibrary(
      name: "CNGHTTP2", path: "Sources/CNGHTTP2", pkgConfig: "libnghttp2",
      providers: [.apt(["libnghttp2-dev"])]),
    .systemLibrary(
      name: "CBrotli", path: "Sources/CBrotli", pkgConfig: "libbrotlidec",
      providers: [.apt(["libbrotli-dev"])]),
    .target(name: "CBytes", path: "Sources/CBytes"),
    .target(name: "CAllocCount", path: "Sources/CAllocCount"),

    // The stages.
    stage("Model"),
    stage("YAML", ["CrenelModel", yams]),
    stage("Pattern", ["CrenelModel", "CPCRE2"]),
    stage("Capture", ["CrenelModel", "CZlib", "CLZMA", "CZstd", "CBzip2", "CPCAP"]),
    stage("Decode", ["CrenelModel", "CBytes", "CHTP", "CNGHTTP2", "CBrotli", crypto]),
    stage("Booking", ["CrenelModel", "CrenelYAML", "CrenelPattern", crypto]),
    stage("Features", ["CrenelModel", "CrenelBooking"]),
    stage(
      "Rules", ["CrenelModel", "CrenelYAML", "CrenelPattern", "CrenelBooking", "CrenelFeatures"]),
    stage(
      "Alerts", ["CrenelModel", "CrenelBooking", "CrenelFeatures", "CrenelRules", crypto]),
    stage(
      "Engine",
      [
        "CrenelModel", "CrenelBooking", "CrenelFeatures", "CrenelRules", "CrenelAlerts",
      ]),
    // The drivers: files in, lines out.
    stage(
      "Replay",
      [
        "CrenelModel", "CrenelYAML", "CrenelCapture", "CrenelDecode", "CrenelBooking",
        "CrenelFeatures", "CrenelRules", "CrenelAlerts", "CrenelEngine", crypto,
      ]),
    .executableTarget(
      name: "crenel",
      dependencies: [
        "CrenelModel", "CrenelYAML", "CrenelCapture", "CrenelDecode", "CrenelBooking",
        "CrenelFeatures", "CrenelRules", "CrenelAlerts", "CrenelEngine", "CrenelReplay", arguments,
      ],
      path: "Sources/crenel", swiftSettings: strict),

    // Test support, and the tests.
    stage("TestKit", ["CrenelModel", "CAllocCount"]),
    .testTarget(
      name: "LayeringTests", dependencies: ["CrenelTestKit"], path: "Tests/LayeringTests",
      swiftSettings: strict),
    tests("Model"),
    tests("YAML", ["CrenelModel"]),
    tests("Pattern", ["CrenelModel"]),
    tests("Capture", ["CrenelModel"]),
    tests("Decode", ["CrenelModel"]),
    tests("Booking", ["CrenelModel", "CrenelYAML"]),
    tests("Features", ["CrenelModel", "CrenelBooking"]),
    tests("Rules", ["CrenelModel", "CrenelYAML", "CrenelBooking", "CrenelFeatures"]),
    tests("Alerts", ["CrenelModel", "CrenelBooking", "CrenelFeatures", "CrenelRules"]),
    tests(
      "Engine",
      [
        "CrenelModel", "CrenelDecode", "CrenelBooking", "CrenelFeatures", "CrenelRules",
        "CrenelAlerts",
      ]),
    tests(
      "Replay", ["CrenelModel", "CrenelCapture", "CrenelDecode", "CrenelRules", "CrenelAlerts"]),
    // The built command, run as a user runs it.
    .testTarget(
      name: "CommandTests", dependencies: ["CrenelTestKit", "crenel"], path: "Tests/CommandTests",
      exclude: ["Captures/zeek-differences.tsv", "Captures/ja4-differences.tsv"],
      swiftSettings: strict),
  ]
)

// Off by default: they need a sanitizer, or a package that nothing else does.
if Context.environment["CRENEL_FUZZ"] != nil {
  package.targets.append(
    .executableTarget(
      name: "crenel-fuzz",
      dependencies: [
        "CrenelModel", "CrenelCapture", "CrenelDecode", "CrenelBooking", "CrenelRules",
      ],
      path: "Sources/Fuzz",
      swiftSettings: [.swiftLanguageMode(.v6), .unsafeFlags(["-parse-as-library"])]))
}

if Context.environment["CRENEL_BENCHMARKS"] != nil {
  package.dependencies.append(
    .package(url: "https://github.com/ordo-one/benchmark", from: "1.38.1", traits: []))
  package.targets.append(
    .executableTarget(
      name: "Stages",
      dependencies: [
        "CrenelModel", "CrenelDecode", "CrenelBooking", "CrenelFeatures", "CrenelRules",
        "CrenelAlerts", "CrenelEngine", .product(name: "Benchmark", package: "benchmark"),
      ],
      path: "Sources/Benchmarks/Stages", swiftSettings: [.swiftLanguageMode(.v6)],
      plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")]))
}
