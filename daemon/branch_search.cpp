#include "daemon/branch_search.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <span>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "daemon/git_process.h"
#include "environments/git.h"

namespace drover::daemon {
namespace {

using migrations::RevisionId;

constexpr std::string_view kMostBranches = "200";
constexpr std::size_t kMostReferences = 5000;
constexpr std::chrono::seconds kSearchLimit{3};  // of all commands together: a look waits for it
constexpr std::size_t kBranchesNamed = 3;
constexpr auto kQuiet = ChildCommand::Errors::kDiscarded;

/// Splits at `separator`; a last empty piece is none.
std::vector<std::string> Pieces(std::string_view text, char separator) {
  std::vector<std::string> pieces;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    pieces.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return pieces;
}

/// An extended regular expression for the line of the revision's file that names it; of Alembic's
/// spellings those that its templates write.
std::string HeaderPattern(const RevisionId& id, migrations::Format format) {
  const bool native = format == migrations::Format::kNative;
  std::string pattern =
      native ? "^-- revision:[[:blank:]]*" : "^revision[[:blank:]]*(:[^=]*)?=[[:blank:]]*[\"']";
  for (const char letter : id) {
    if (std::string_view(R"(.[]()*+?{}|^$\)").contains(letter)) pattern += '\\';
    pattern += letter;
  }
  return pattern + (native ? "[[:space:]]*$" : "[\"']");
}

/// One folder of migrations as some branches have it: most branches have the same one.
struct Tree {
  std::string object;
  std::string folder;  // relative to the top
  std::vector<std::string> branches;
};

class BranchSearcher {
 public:
  BranchSearcher(const environments::GitRepository& repository, const BranchSearchRequest& request)
      : top_(repository.top), request_(request) {
    for (const std::string& directory : request.directories) {
      if (directory == top_) folders_.emplace_back();
      if (directory.starts_with(top_ + "/")) folders_.push_back(directory.substr(top_.size() + 1));
    }
  }

  std::map<RevisionId, RevisionOnBranches> Run() {
    std::map<RevisionId, RevisionOnBranches> found;
    if (folders_.empty()) return found;
    FindTrees();
    if (trees_.empty()) return found;
    for (const RevisionId& id : request_.revisions) {
      if (auto where = Search(id)) found.emplace(id, std::move(*where));
    }
    return found;
  }

 private:
  [[nodiscard]] std::string Git(std::vector<std::string> arguments, std::string input = {}) const {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline_ - std::chrono::steady_clock::now());
    return RunGit(top_, std::move(arguments), std::move(input), kQuiet,
                  std::max(left, std::chrono::milliseconds(1)))
        .output;
  }

  void FindTrees() {
    const std::vector<std::string> branches =
        Pieces(Git({"for-each-ref", "--sort=-committerdate", Concat("--count=", kMostBranches),
                    "--format=%(refname)", "refs/heads", "refs/remotes"}),
               '\n');
    std::string questions;
    for (const std::string& folder : folders_) {
      for (const std::string& branch : branches) {
        questions += Concat(branch, "^{tree}:", folder, "\n");
      }
    }
    const std::vector<std::string> answers =
        Pieces(Git({"cat-file", "--batch-check=%(objectname) %(objecttype)"}, questions), '\n');
    if (answers.size() != folders_.size() * branches.size()) return;
    for (std::size_t i = 0; i < answers.size(); ++i) {
      if (!answers[i].ends_with(" tree")) continue;
      Add(answers[i].substr(0, answers[i].find(' ')), folders_[i / branches.size()],
          branches[i % branches.size()]);
    }
  }

  void Add(const std::string& object, const std::string& folder, const std::string& branch) {
    const auto known = std::ranges::find_if(
        trees_, [&](const Tree& tree) { return tree.object == object && tree.folder == folder; });
    if (known != trees_.end()) {
      known->branches.push_back(branch);
    } else {
      trees_.push_back({.object = object, .folder = folder, .branches = {branch}});
    }
  }

  [[nodiscard]] std::optional<RevisionOnBranches> Search(const RevisionId& id) const {
    std::vector<std::string> arguments{
        "grep", "-z", "-l", "--full-name", "-E", "-e", HeaderPattern(id, request_.format)};
    for (const Tree& tree : trees_) arguments.push_back(tree.object);
    RevisionOnBranches found;
    for (const std::string& hit : Pieces(Git(std::move(arguments)), '\0')) {
      const std::size_t colon = hit.find(':');
      if (colon == std::string::npos) continue;
      for (const Tree& tree : trees_) {
        if (tree.object != hit.substr(0, colon)) continue;
        const std::string file = hit.substr(colon + 1);
        if (found.file.empty()) {
          found.file = tree.folder.empty() ? file : Concat(tree.folder, "/", file);
          found.author = AuthorOf(tree.branches.front(), found.file);
        }
        for (const std::string& branch : tree.branches) found.branches.push_back(ShortName(branch));
      }
    }
    if (found.branches.empty()) return std::nullopt;
    return found;
  }

  /// "refs/heads/x" and "refs/remotes/origin/x" without what git adds by itself.
  static std::string ShortName(std::string_view reference) {
    for (const std::string_view prefix : {"refs/heads/", "refs/remotes/"}) {
      if (reference.starts_with(prefix)) reference.remove_prefix(prefix.size());
    }
    return std::string(reference);
  }

  [[nodiscard]] std::string AuthorOf(const std::string& branch, const std::string& file) const {
    const std::string output = Git({"--literal-pathspecs", "log", "-1", "--no-show-signature",
                                    "--format=%an", "--end-of-options", branch, "--", file});
    return std::string(Trim(output));
  }

  const std::string top_;
  const BranchSearchRequest& request_;
  const std::chrono::steady_clock::time_point deadline_ =
      std::chrono::steady_clock::now() + kSearchLimit;
  std::vector<std::string> folders_;
  std::vector<Tree> trees_;
};

/// What changes when a branch comes, goes or moves, as far as one look can tell.
std::vector<std::optional<FileStatus>> References(const std::string& root) {
  std::vector<std::optional<FileStatus>> references;
  const auto repository = environments::FindGitRepository(root);
  if (!repository) return references;
  for (const char* name : {"/packed-refs", "/refs/heads", "/refs/remotes", "/FETCH_HEAD"}) {
    references.push_back(StatFile(repository->common + name));
  }
  references.push_back(StatFile(repository->directory + "/HEAD"));
  // A branch comes as a file in one of these directories, and moves by being renamed into it.
  std::error_code none;
  for (const char* name : {"/refs/heads", "/refs/remotes"}) {
    auto entry = std::filesystem::recursive_directory_iterator(repository->common + name, none);
    for (; entry != std::filesystem::end(entry) && references.size() < kMostReferences;
         entry.increment(none)) {
      if (entry->is_directory(none)) references.push_back(StatFile(entry->path().string()));
    }
  }
  return references;
}

}  // namespace

std::map<RevisionId, RevisionOnBranches> FindOnBranches(const BranchSearchRequest& request) {
  const auto repository = environments::FindGitRepository(request.root);
  if (!repository || request.revisions.empty()) return {};
  try {
    return BranchSearcher(*repository, request).Run();
  } catch (const Error& error) {
    if (error.kind != "git.missing") throw;
    return {};
  }
}

std::string Describe(const RevisionOnBranches& found) {
  const std::span named(found.branches.data(), std::min(found.branches.size(), kBranchesNamed));
  const std::size_t more = found.branches.size() - named.size();
  return Concat(found.branches.size() == 1 ? "on branch " : "on branches ", Join(named, ", "),
                more == 0 ? "" : Concat(" and ", more, " more"), " (", found.file,
                found.author.empty() ? "" : ", by ", found.author, ")");
}

const std::map<RevisionId, RevisionOnBranches>& BranchSearch::Find(
    const BranchSearchRequest& request) {
  try {
    auto references = References(request.root);
    if (request == asked_ && references == references_) return found_;
    asked_ = request;
    references_ = std::move(references);
    found_.clear();
    found_ = FindOnBranches(request);
  } catch (const Error&) {
    // It is a hint, and nothing depends on it.
  }
  return found_;
}

}  // namespace drover::daemon
