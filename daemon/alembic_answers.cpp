#include "daemon/alembic_answers.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "base/posix.h"
#include "base/text.h"
#include "migrations/checksum.h"

namespace drover::daemon {
namespace {

using migrations::VersionAnswer;

constexpr std::size_t kLargestAnswers = std::size_t{16} << 20U;
constexpr int kAnswerDepth = 8;
constexpr std::string_view kNotLiteral = "alembic.not_literal";

/// A file whose revision is not known yet.
struct OpenFile {
  std::string path;
  std::string text;
  std::string sha256;
};

/// "/p/x.py" of "/p/x.py:3:1".
std::string FileOf(std::string_view where) {
  for (int i = 0; i < 2; ++i) where = where.substr(0, where.rfind(':'));
  return std::string(where);
}

/// What follows `label` in a line of Alembic's; nothing when it is another line.
std::optional<std::string_view> After(std::string_view line, std::string_view label) {
  if (!line.starts_with(label)) return std::nullopt;
  return Trim(line.substr(label.size()));
}

std::vector<std::string> Listed(std::string_view text) {
  if (text == "<base>") return {};
  return SplitList(text, ',');
}

/// Labels are printed for a whole branch: those that another file gives itself are its own.
void KeepOwnLabels(VersionAnswer& answer, const migrations::LoadedMigrations& loaded) {
  std::erase_if(answer.branch_labels, [&](const std::string& label) {
    return std::ranges::any_of(loaded.revisions, [&](const migrations::RevisionPtr& revision) {
      return std::ranges::find(revision->branch_labels, label) != revision->branch_labels.end();
    });
  });
}

}  // namespace

std::map<std::string, VersionAnswer> ParseHistory(std::string_view output) {
  std::map<std::string, VersionAnswer> answers;
  VersionAnswer answer;
  for (const std::string_view line : SplitLines(output)) {
    if (const auto revision = After(line, "Rev: ")) {
      answer = VersionAnswer();
      answer.revision = revision->substr(0, revision->find(' '));
    } else if (const auto parent = After(line, "Parent: ")) {
      answer.down_revision = Listed(*parent);
    } else if (const auto parents = After(line, "Merges: ")) {
      answer.down_revision = Listed(*parents);
    } else if (const auto others = After(line, "Also depends on: ")) {
      answer.depends_on = Listed(*others);
    } else if (const auto labels = After(line, "Branch names: ")) {
      answer.branch_labels = Listed(*labels);
    } else if (const auto path = After(line, "Path: ")) {
      answers.insert_or_assign(std::string(*path), answer);
    }
  }
  return answers;
}

void AlembicAnswers::Complete(migrations::LoadedMigrations& loaded, const AlembicSetting& setting,
                              MayAsk may) {
  std::vector<Error> left;
  std::optional<std::map<std::string, VersionAnswer>> history;
  std::string failure;
  for (Error& problem : loaded.problems) {
    if (problem.kind != kNotLiteral) {
      left.push_back(std::move(problem));
      continue;
    }
    try {
      const std::string path = FileOf(problem.where);
      const std::string text = ReadFile(path, migrations::kLargestMigration);
      const std::string sha256 = migrations::Sha256(text);
      Read();
      if (!answers_.contains(sha256) && may == MayAsk::kYes && !history) {
        history.emplace(ParseHistory(AlembicRunner(setting).History()));
      }
      if (history && history->contains(path)) answers_[sha256] = history->at(path);
      if (const auto known = answers_.find(sha256); known != answers_.end()) {
        VersionAnswer answer = known->second;
        KeepOwnLabels(answer, loaded);
        migrations::ParsedMigration parsed = migrations::ParseVersionFile(text, path, answer);
        loaded.revisions.push_back(
            std::make_shared<const migrations::Revision>(std::move(parsed.revision)));
        continue;
      }
    } catch (const Error& error) {
      history.emplace();  // once is enough
      problem.message += Concat("; Alembic was asked for it: ", error.message);
    }
    if (may == MayAsk::kNo) {
      problem.hint = "drover trust: then the project's Alembic is asked for it, once";
    }
    left.push_back(std::move(problem));
  }
  loaded.problems = std::move(left);
  if (history && !history->empty()) Write();
}

void AlembicAnswers::Read() {
  if (std::exchange(read_, true) || !StatFile(path_)) return;
  const Json document = ParseJson(ReadFile(path_, kLargestAnswers), kAnswerDepth);
  if (!document.is_object()) return;
  for (const auto& [sha256, entry] : document.items()) {
    try {
      answers_.emplace(sha256, VersionAnswer{.revision = entry.at("revision"),
                                             .down_revision = entry.at("down_revision"),
                                             .depends_on = entry.at("depends_on"),
                                             .branch_labels = entry.at("branch_labels")});
    } catch (const Json::exception&) {
      continue;  // asked for again
    }
  }
}

void AlembicAnswers::Write() const {
  Json document = Json::object();
  for (const auto& [sha256, answer] : answers_) {
    document[sha256] = Json{{"revision", answer.revision},
                            {"down_revision", answer.down_revision},
                            {"depends_on", answer.depends_on},
                            {"branch_labels", answer.branch_labels}};
  }
  try {
    MakeDirectories(DirectoryName(path_), 0700);
    WriteFileDurably(path_, DumpJson(document) + "\n", 0600);
  } catch (const Error&) {
    // Then it is asked again the next time.
  }
}

}  // namespace drover::daemon
