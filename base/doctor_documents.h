// The documents of `drover doctor`: what was found, what can be fixed, what a code means. The rules
// of documents.h hold here too.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error_documents.h"

namespace drover {

/// Something that `doctor --fix` does, would do, or has done.
struct FixEntry {
  std::string code;  // of the finding
  std::optional<std::string> environment;
  std::string command;  // as a shell would do it, in the project's root
  std::string state;    // planned | done | failed
  std::string message;  // failed: why
  std::string hint;     // failed: what to type
  static constexpr void Fields(auto&& field) {
    field("code", &FixEntry::code);
    field("environment", &FixEntry::environment);
    field("command", &FixEntry::command);
    field("state", &FixEntry::state);
    field("message", &FixEntry::message);
    field("hint", &FixEntry::hint);
  }
  bool operator==(const FixEntry&) const = default;
};

/// The answer of `doctor` and `doctor_fix`: after a fix, what is left.
struct DoctorDocument {
  int v = 1;
  std::string project;
  std::string root;
  bool healthy = false;  // neither fatal nor error
  std::vector<Finding> findings;
  std::vector<FixEntry> fixes;
  std::vector<std::string> checked;  // in words: "2 environments (dev, docker)"
  static constexpr void Fields(auto&& field) {
    field("v", &DoctorDocument::v);
    field("project", &DoctorDocument::project);
    field("root", &DoctorDocument::root);
    field("healthy", &DoctorDocument::healthy);
    field("findings", &DoctorDocument::findings);
    field("fixes", &DoctorDocument::fixes);
    field("checked", &DoctorDocument::checked);
  }
};

/// What a code means.
struct ExplainDocument {
  int v = 1;
  std::string code;
  std::string severity;  // the worst it can be
  std::string explanation;
  std::string loss;
  std::string sight;
  std::string cure;
  static constexpr void Fields(auto&& field) {
    field("v", &ExplainDocument::v);
    field("code", &ExplainDocument::code);
    field("severity", &ExplainDocument::severity);
    field("explanation", &ExplainDocument::explanation);
    field("loss", &ExplainDocument::loss);
    field("sight", &ExplainDocument::sight);
    field("cure", &ExplainDocument::cure);
  }
};

/// 0 fatal, 1 error, 2 warning, 3 info: the worst first.
[[nodiscard]] int SeverityRank(std::string_view severity);

/// Does a finding of this severity make `doctor` exit with 1?
[[nodiscard]] inline bool IsError(const Finding& finding) {
  return SeverityRank(finding.severity) < 2;
}

}  // namespace drover
