// What is wrong, on the wire: errors and findings. base/documents.h says how documents are made.
#pragma once

#include <optional>
#include <string>

#include "base/error.h"

namespace drover {

/// An Error on the wire.
struct ErrorBody {
  std::string code = "internal";
  std::string kind;
  std::string message;
  std::string hint;
  std::optional<std::string> where;

  static constexpr void Fields(auto&& field) {
    field("code", &ErrorBody::code);
    field("kind", &ErrorBody::kind);
    field("message", &ErrorBody::message);
    field("hint", &ErrorBody::hint);
    field("where", &ErrorBody::where);
  }
};

[[nodiscard]] ErrorBody ToBody(const Error& error);
[[nodiscard]] Error FromBody(const ErrorBody& body);

/// What `--json` prints on stderr when a command fails.
struct ErrorDocument {
  int v = 1;
  ErrorBody error;
  static constexpr void Fields(auto&& field) {
    field("v", &ErrorDocument::v);
    field("error", &ErrorDocument::error);
  }
};

/// One thing the user should know: stable code, severity, ground, message, the command that fixes.
struct Finding {
  std::string code;
  std::string severity = "warning";  // fatal | error | warning | info
  std::optional<std::string> environment;
  std::string message;
  std::string ground = "seen";  // seen | inferred
  std::optional<std::string> fix;
  std::optional<std::string> where;

  static constexpr void Fields(auto&& field) {
    field("code", &Finding::code);
    field("severity", &Finding::severity);
    field("environment", &Finding::environment);
    field("message", &Finding::message);
    field("ground", &Finding::ground);
    field("fix", &Finding::fix);
    field("where", &Finding::where);
  }
  bool operator==(const Finding&) const = default;
};

}  // namespace drover
