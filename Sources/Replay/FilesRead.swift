import CrenelCapture
import CrenelModel

/// The files that a run reads, by what they are and not by name, so that no output takes the place
/// of one of them.
struct FilesRead {
  private var roles: [InputPlan.FileIdentity: String] = [:]

  /// The inputs, standard input under whatever file it was redirected from.
  init(_ inputs: [InputSource]) {
    for input in inputs {
      let identity = input.path.map(InputPlan.identity(of:)) ?? InputPlan.identity(descriptor: 0)
      note(identity, "one of the inputs")
    }
  }

  /// Adds all that options name and all that is installed: rules, with the profiles and cases in
  /// their folders, the profile, the key.
  mutating func add(_ options: RunOptions) {
    if let key = options.siteKeyFile { note(InputPlan.identity(of: key), "the site key") }
    if Setup.isPath(options.site) {
      note(InputPlan.identity(of: options.site), "the site profile")
    }
    for path in options.rules {
      let files = TextFiles.isFolder(path) ? TextFiles.yamlFiles(in: path) : [path]
      for file in files { note(InputPlan.identity(of: file), "a file of rules") }
    }
    guard let home = try? Resources.home() else { return }
    for file in TextFiles.yamlFiles(in: home + "/rules") + [home + Setup.domainsFile] {
      note(InputPlan.identity(of: file), "a file that Crenel is installed with")
    }
  }

  private mutating func note(_ identity: InputPlan.FileIdentity?, _ role: String) {
    guard let identity, roles[identity] == nil else { return }
    roles[identity] = role
  }

  /// Refuses the open file called `name` as an output when it is one of these.
  ///
  /// Throws `output-is-input`.
  func refuse(descriptor: Int32, named name: String, hint: String) throws(Diagnostic) {
    try refuse(InputPlan.identity(descriptor: descriptor), named: name, hint: hint)
  }

  /// Refuses the file at `path` as an output when it is one of these.
  ///
  /// Throws `output-is-input`.
  func refuse(path: String, hint: String) throws(Diagnostic) {
    try refuse(InputPlan.identity(of: path), named: path, hint: hint)
  }

  private func refuse(
    _ identity: InputPlan.FileIdentity?, named name: String, hint: String
  ) throws(Diagnostic) {
    guard let identity, let role = roles[identity] else { return }
    throw Diagnostic(
      code: "output-is-input", at: SourcePosition(file: name),
      "this file is \(role), and writing to it would destroy it", hint: hint)
  }
}
