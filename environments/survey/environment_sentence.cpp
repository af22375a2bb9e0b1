#include "environments/survey/environment_sentence.h"

#include <utility>

#include "base/text.h"

namespace drover::environments {
namespace {

std::string FoundDatabase(const ScannedFile* file) {
  if (file == nullptr) return "it exists and is empty";
  if (file->kind != "database") {
    return Concat("it exists, ", file->problem.empty() ? file->kind : file->problem);
  }
  if (!file->revision.empty()) {
    return Concat("it exists, at ", Join(file->revision, ", "), " in ", file->version_table);
  }
  if (file->tables.empty()) return "it exists, without tables";
  return Concat("it exists, with ", Count(file->tables.size(), "table"), " and no revision");
}

}  // namespace

ProposedEnvironment EnvironmentEntry(const ProposedSource& proposed, const Target& target,
                                     const ScannedFile* file, std::vector<std::string> same_as) {
  ProposedEnvironment entry{.name = proposed.name,
                            .url = proposed.url,
                            .service = {},
                            .found = proposed.found,
                            .path = {},
                            .exists = target.file.has_value(),
                            .revision = {},
                            .same_as = std::move(same_as),
                            .error = target.error};
  if (!proposed.service.empty()) entry.service = proposed.service;
  if (!target.path.empty()) entry.path = target.path;
  if (file != nullptr) entry.revision = file->revision;
  return entry;
}

std::string EnvironmentSentence(const Target& target, const ScannedFile* file,
                                const std::vector<std::string>& same_as) {
  if (target.error) return Concat("It cannot be determined: ", target.error->message, ".");
  std::string sentence =
      Concat("It is ", target.path, ": ",
             target.file ? FoundDatabase(file) : std::string("it does not exist yet"), ".");
  if (!same_as.empty()) sentence += Concat(" The same file as ", Join(same_as, ", "), ".");
  return sentence;
}

}  // namespace drover::environments
