import CrenelModel

extension FieldRole {
  /// What a request header is, by its name in any letter case.
  static func header(_ name: String, _ names: FieldNames) -> FieldRole {
    switch name.lowercased() {
    case "referer": return .text(.referrer)
    case "user-agent": return .text(.userAgent)
    case "x-forwarded-for": return .text(.forwardedFor)
    case "accept-language": return .text(.acceptLanguage)
    case "cookie": return .text(.cookies)
    case "content-type": return .text(.contentType)
    case "host": return .text(.host)
    case "x-request-id": return .text(.requestID)
    default:
      let wanted = "header." + name.lowercased().replacing("-", with: "_")
      let slot = names.names.firstIndex {
        $0.lowercased().replacing("-", with: "_") == wanted
      }
      return slot.map(FieldRole.extra) ?? .ignored
    }
  }
}
