#include "client/verbs.h"

#include <algorithm>

#include "client/verbs_daemon.h"
#include "client/verbs_read.h"
#include "client/verbs_write.h"

namespace drover::client {
namespace {

/// The rows of all groups, one after the other.
template <std::size_t... Sizes>
constexpr auto JoinRows(const std::array<Verb, Sizes>&... groups) {
  std::array<Verb, (Sizes + ...)> all{};
  auto end = all.begin();
  ((end = std::copy(groups.begin(), groups.end(), end)), ...);
  return all;
}

constexpr auto kVerbs =
    JoinRows(verb_rows::kReadVerbs, verb_rows::kWriteVerbs, verb_rows::kDaemonVerbs);

}  // namespace

std::span<const Verb> Verbs() { return kVerbs; }

const Verb* FindVerb(std::string_view name) {
  for (const Verb& verb : kVerbs) {
    if (verb.name == name) return &verb;
  }
  return nullptr;
}

}  // namespace drover::client
