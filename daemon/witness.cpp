#include "daemon/witness.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "daemon/log.h"
#include "environments/strays/strays.h"
#include "environments/suspects.h"

namespace drover::daemon {
namespace {

constexpr std::size_t kMostRecords = 256;
constexpr std::size_t kMostAtOnce = 16;
constexpr unsigned kMostLooks = 4;
constexpr std::chrono::seconds kWhileNew{2};

std::optional<FileIdentity> IdentityNow(const std::string& path) {
  try {
    const auto status = StatFile(path, Follow::kNothing);
    return status ? std::optional(status->identity) : std::nullopt;
  } catch (const Error&) {
    return std::nullopt;
  }
}

/// The directory that most of what a URL says leads to.
std::string MadeFrom(const std::string& path, const Observation& seen) {
  std::string best;
  std::size_t longest = 0;
  for (const environments::Target& target : seen.targets) {
    if (target.relative_tail.size() <= longest) continue;
    if (auto directory = environments::DirectoryLeadingTo(path, target.relative_tail)) {
      best = *std::move(directory);
      longest = target.relative_tail.size();
    }
  }
  return best;
}

bool SeenOpen(const std::vector<Suspect>& suspects) {
  return std::ranges::any_of(suspects, [](const Suspect& each) { return each.evidence == "open"; });
}

}  // namespace

bool Witness::WantsLook(const FileSign& sign) {
  const auto identity = IdentityNow(sign.path);
  const auto known = records_.find(sign.path);
  if (!identity) return false;
  const Clock::time_point now = Clock::now();
  if (sign.created) {  // another file, even if it was given the old one's inode number
    records_.insert_or_assign(
        sign.path, Record{.identity = *identity, .appeared = now, .looks = 1, .suspects = {}});
    return true;
  }
  if (known == records_.end() || known->second.identity != *identity) return false;
  Record& record = known->second;
  if (record.looks >= kMostLooks || now - record.appeared > kWhileNew) return false;
  if (SeenOpen(record.suspects)) return false;
  ++record.looks;
  return true;
}

void Witness::Note(const Observation& seen, const std::vector<FileSign>& signs) {
  std::vector<environments::Appearance> files;
  for (const FileSign& sign : signs) {
    if (files.size() == kMostAtOnce) break;  // a tree is being unpacked
    if (std::ranges::count(files, sign.path, &environments::Appearance::path) > 0) continue;
    if (!WantsLook(sign)) continue;
    files.push_back({.path = sign.path, .made_from = MadeFrom(sign.path, seen)});
  }
  if (files.empty()) return;
  ForgetOldest();
  workers_.Post([self = shared_from_this(), files = std::move(files), root = seen.root]() mutable {
    auto suspects = environments::FindSuspects(files, root);
    Loop& loop = self->loop_;
    loop.Post([self = std::move(self), suspects = std::move(suspects)]() mutable {
      for (auto& [path, list] : suspects) self->Learn(path, std::move(list));
    });
  });
}

void Witness::Learn(const std::string& path, std::vector<Suspect> suspects) {
  const auto known = records_.find(path);
  if (known == records_.end()) return;
  std::vector<Suspect>& kept = known->second.suspects;
  // The first look was nearest to the moment; a later one counts if it has seen more.
  if (kept.empty() || (SeenOpen(suspects) && !SeenOpen(kept))) kept = std::move(suspects);
}

std::vector<Suspect> Witness::Of(const std::string& path) const {
  const auto known = records_.find(path);
  if (known == records_.end() || IdentityNow(path) != known->second.identity) return {};
  return known->second.suspects;
}

void Witness::ForgetOldest() {
  while (records_.size() > kMostRecords) {
    records_.erase(std::ranges::min_element(records_, {},
                                            [](const auto& each) { return each.second.appeared; }));
  }
}

}  // namespace drover::daemon
