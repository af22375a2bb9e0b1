#include "base/documents.h"

#include <algorithm>
#include <array>

#include "base/doctor_documents.h"
#include "base/init_documents.h"
#include "base/json.h"
#include "base/protocol.h"
#include "base/text.h"

namespace drover {

ErrorBody ToBody(const Error& error) {
  ErrorBody body{.code = std::string(CodeName(error.code)),
                 .kind = error.kind,
                 .message = error.message,
                 .hint = error.hint,
                 .where = std::nullopt};
  if (!error.where.empty()) body.where = error.where;
  return body;
}

Error FromBody(const ErrorBody& body) {
  return {CodeFromName(body.code), body.kind, body.message, body.hint, body.where.value_or("")};
}

bool IsTrouble(const StrayEntry& stray) {
  constexpr std::array<std::string_view, 4> kQuiet{"foreign", "tool-db", "test", "backup"};
  return !stray.ignored && std::ranges::find(kQuiet, stray.kind) == kQuiet.end();
}

int StatusExitCode(const StatusDocument& status) {
  struct Row {
    std::string_view state;
    int exit_code;
  };
  constexpr std::array kStates{Row{"current", 0},  Row{"pending", 3},   Row{"applying", 3},
                               Row{"held", 3},     Row{"missing", 3},   Row{"unversioned", 3},
                               Row{"modified", 4}, Row{"orphan", 4},    Row{"conflict", 5},
                               Row{"failed", 1},   Row{"unresolved", 1}};
  const auto code_of = [&](const EnvironmentStatus& environment) {
    const auto row = std::ranges::find(kStates, environment.state, &Row::state);
    return row == kStates.end() ? 1 : row->exit_code;  // an unknown state is not "fine"
  };
  const bool config_error =
      std::ranges::find(status.findings, "config-error", &Finding::code) != status.findings.end();
  if (config_error) return 1;
  for (const int code : {1, 5, 4, 3}) {
    if (std::ranges::find(status.environments, code, code_of) != status.environments.end()) {
      return code;
    }
  }
  return 0;
}

template <class Document>
std::string EncodeDocument(const Document& document) {
  return DumpJson(ToJson(document));
}

int SeverityRank(std::string_view severity) {
  constexpr std::array<std::string_view, 4> kOrder{"fatal", "error", "warning", "info"};
  const auto found = std::find(kOrder.begin(), kOrder.end(), severity);
  return found == kOrder.end() ? 2 : static_cast<int>(found - kOrder.begin());
}

template <class Document>
Document DecodeDocument(std::string_view json) {
  const Json parsed = ParseJson(json, kMaxDepth);
  try {
    Document document;
    FromJson(parsed, document);
    return document;
  } catch (const Json::exception& error) {
    throw Error(Code::kInvalid, "protocol.document", Concat("unexpected JSON: ", error.what()));
  }
}

#define DROVER_DOCUMENT(Type)                             \
  template std::string EncodeDocument<Type>(const Type&); \
  template Type DecodeDocument<Type>(std::string_view);

DROVER_DOCUMENT(ErrorBody)
DROVER_DOCUMENT(ErrorDocument)
DROVER_DOCUMENT(Finding)
DROVER_DOCUMENT(StraysDocument)
DROVER_DOCUMENT(StatusDocument)
DROVER_DOCUMENT(PlanDocument)
DROVER_DOCUMENT(CurrentDocument)
DROVER_DOCUMENT(RevisionsDocument)
DROVER_DOCUMENT(RepairDocument)
DROVER_DOCUMENT(NewRevisionDocument)
DROVER_DOCUMENT(WhereDocument)
DROVER_DOCUMENT(TrustDocument)
DROVER_DOCUMENT(HelloDocument)
DROVER_DOCUMENT(DoneDocument)
DROVER_DOCUMENT(EventDocument)
DROVER_DOCUMENT(ProgressDocument)
DROVER_DOCUMENT(ScanRequest)
DROVER_DOCUMENT(ScanResult)
DROVER_DOCUMENT(StrayDiffDocument)
DROVER_DOCUMENT(RemedyDocument)
DROVER_DOCUMENT(RemedyRequest)
DROVER_DOCUMENT(RemedyResult)
DROVER_DOCUMENT(ArchiveManifest)
DROVER_DOCUMENT(DoctorDocument)
DROVER_DOCUMENT(ExplainDocument)
DROVER_DOCUMENT(ExecDocument)
DROVER_DOCUMENT(SurveyRequest)
DROVER_DOCUMENT(InitDocument)
DROVER_DOCUMENT(BackupManifest)
DROVER_DOCUMENT(BackupsDocument)
DROVER_DOCUMENT(BackupDocument)
DROVER_DOCUMENT(RestoreDocument)
DROVER_DOCUMENT(LogDocument)
DROVER_DOCUMENT(VerifyDocument)

#undef DROVER_DOCUMENT

}  // namespace drover
