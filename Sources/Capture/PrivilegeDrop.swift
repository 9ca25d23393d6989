import CPCAP
public import CrenelModel
import Glibc

/// Gives up the rights of root once what needs them is open.
public enum PrivilegeDrop {
  /// What was given up.
  public struct Report: Sendable, Equatable {
    /// The user and group it runs as from now on.
    public var user: UInt32
    /// The group it runs as from now on.
    public var group: UInt32
    /// Whether it was root before; otherwise the user stayed as it was.
    public var wasRoot: Bool
    /// Whether the capabilities it had (`setcap`) were given up.
    public var hasNoCapabilities: Bool
    /// Whether the bounding set is empty, so that no program it runs can have a capability.
    ///
    /// Root may empty it, unless a container keeps that right (`CAP_SETPCAP`) from it.
    public var hasEmptyBoundingSet: Bool
    /// Whether programs it runs can never gain rights (`no_new_privs`).
    public var cannotGainPrivileges: Bool
  }

  /// Becomes `user` for good, in all threads, when it runs as root; gives up capabilities, and
  /// the right to gain any through programs, whoever it runs as.
  ///
  /// Call it before other threads are made: what is not about users holds for this thread and
  /// those made later. Throws `unknown-user`, `still-root` for a user that is root itself, and
  /// `privileges-not-dropped`, after which the process must end.
  public static func become(user name: String) throws(Diagnostic) -> Report {
    let wasRoot = geteuid() == 0
    let user = wasRoot ? try ordinary(name) : nil
    // First of all: it takes a right that the change of user takes away.
    let hasEmptyBoundingSet = crenel_empty_bounding_set() == 0
    if let user { try change(to: user, name) }
    let hasNoCapabilities = crenel_drop_capabilities() == 0
    guard hasNoCapabilities || !wasRoot else { throw failed(name, "capset") }
    let cannotGain = crenel_no_new_privileges() == 0 && crenel_has_no_new_privileges() == 1
    return Report(
      user: geteuid(), group: getegid(), wasRoot: wasRoot, hasNoCapabilities: hasNoCapabilities,
      hasEmptyBoundingSet: hasEmptyBoundingSet, cannotGainPrivileges: cannotGain)
  }

  /// The user of that name, who is not root.
  private static func ordinary(
    _ name: String
  ) throws(Diagnostic) -> (user: uid_t, group: gid_t) {
    let user = try find(name)
    guard user.user != 0, user.group != 0 else {
      throw Diagnostic(
        code: "still-root", at: SourcePosition(file: name), "this user has the rights of root",
        hint: "name an ordinary user, such as nobody")
    }
    return user
  }

  private static func find(_ name: String) throws(Diagnostic) -> (user: uid_t, group: gid_t) {
    errno = 0
    guard let entry = unsafe getpwnam(name)?.pointee else {
      throw Diagnostic(
        code: "unknown-user", at: SourcePosition(file: name),
        errno == 0 ? "there is no such user" : SystemError.text(),
        hint: "make one: useradd --system --shell /usr/sbin/nologin \(name)")
    }
    return unsafe (entry.pw_uid, entry.pw_gid)
  }

  /// Groups first, since the user may not change them; then makes sure that there is no way back.
  ///
  /// From root, `setgid` and `setuid` set the real, effective and saved one, in all threads.
  private static func change(
    to found: (user: uid_t, group: gid_t), _ name: String
  ) throws(Diagnostic) {
    var group = found.group
    guard unsafe setgroups(1, &group) == 0 else { throw failed(name, "setgroups") }
    guard setgid(group) == 0 else { throw failed(name, "setgid") }
    guard setuid(found.user) == 0 else {
      throw failed(name, "setuid")
    }
    guard setuid(0) != 0, setgid(0) != 0, getuid() == found.user, geteuid() == found.user,
      getgid() == group, getegid() == group
    else {
      throw failed(name, "root could be regained after setuid")
    }
  }

  private static func failed(_ name: String, _ call: String) -> Diagnostic {
    Diagnostic(
      code: "privileges-not-dropped", at: SourcePosition(file: name),
      "\(call): \(SystemError.text())", hint: "it does not go on with the rights of root")
  }
}
