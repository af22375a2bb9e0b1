#include "environments/compose/merge.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <map>
#include <utility>

#include "base/text.h"
#include "environments/compose/volumes.h"

namespace drover::environments {
namespace {

constexpr std::array<std::string_view, 2> kReplaced{"command", "entrypoint"};
// What drover reads of a service: here a mismatch must be an error, elsewhere it does not matter.
constexpr std::array<std::string_view, 4> kLists{"volumes", "configs", "secrets", "profiles"};
constexpr std::array<std::string_view, 2> kTextsOrLists{"env_file", "tmpfs"};

template <class List>
bool Has(const List& list, std::string_view key) {
  return std::find(list.begin(), list.end(), key) != list.end();
}

bool IsNull(const YamlNode& node) { return node.kind == YamlNode::Kind::kNull; }
bool IsMap(const YamlNode& node) { return node.kind == YamlNode::Kind::kMap; }
bool IsSequence(const YamlNode& node) { return node.kind == YamlNode::Kind::kSequence; }

void Collect(YamlNode& node, ComposePath& path, std::vector<ComposePath>& resets) {
  const auto take = [&](YamlNode& value) {
    const bool reset = value.tag == "!reset";
    if (reset || value.tag == "!override") resets.push_back(path);
    const bool keep_looking = value.tag != "!override" && !reset;
    value.tag.clear();
    if (keep_looking) Collect(value, path, resets);
    return reset;
  };
  std::erase_if(node.items, [&](YamlNode& item) {
    path.emplace_back("[]");
    const bool reset = take(item);
    path.pop_back();
    return reset;
  });
  std::erase_if(node.entries, [&](YamlEntry& entry) {
    path.push_back(entry.key);
    const bool reset = take(entry.value);
    path.pop_back();
    return reset;
  });
}

YamlNode MakeMap(const YamlNode& at) {
  YamlNode map;
  map.kind = YamlNode::Kind::kMap;
  map.at = at.at;
  map.source = at.source;
  return map;
}

/// A text as a list of one.
void MakeSequence(YamlNode& node) {
  if (node.kind != YamlNode::Kind::kScalar) return;
  YamlNode list;
  list.kind = YamlNode::Kind::kSequence;
  list.at = node.at;
  list.source = node.source;
  list.items.push_back(std::move(node));
  node = std::move(list);
}

/// `NAME=value` in a list as an entry of a map; a name alone has no value.
void MakeEnvironmentMap(YamlNode& node) {
  if (!IsSequence(node)) return;
  YamlNode map = MakeMap(node);
  std::map<std::string, std::size_t, std::less<>> known;
  for (YamlNode& item : node.items) {
    const std::size_t equals = item.scalar.find('=');
    YamlEntry entry{.key = item.scalar.substr(0, equals), .key_at = item.at, .value = item};
    if (equals == std::string::npos) {
      entry.value.kind = YamlNode::Kind::kNull;
      entry.value.scalar.clear();
    } else {
      entry.value.scalar = item.scalar.substr(equals + 1);
    }
    const auto [at, is_new] = known.emplace(entry.key, map.entries.size());
    if (is_new) {
      map.entries.push_back(std::move(entry));
    } else {
      map.entries[at->second] = std::move(entry);
    }
  }
  node = std::move(map);
}

void MakeBuildMap(YamlNode& node) {
  if (node.kind != YamlNode::Kind::kScalar) return;
  YamlNode map = MakeMap(node);
  map.entries.push_back({.key = "context", .key_at = node.at, .value = node});
  node = std::move(map);
}

void Append(YamlNode& list, YamlNode later) {
  for (YamlNode& item : later.items) list.items.push_back(std::move(item));
}

/// Adds the entries of `later`; one whose key is there already goes to `on_known`.
template <class OnKnown>
void MergeEntries(YamlNode& into, YamlNode later, const OnKnown& on_known) {
  std::map<std::string, std::size_t, std::less<>> index;
  for (std::size_t i = 0; i < into.entries.size(); ++i) index.emplace(into.entries[i].key, i);
  for (YamlEntry& entry : later.entries) {
    const auto found = index.find(entry.key);
    if (found == index.end()) {
      into.entries.push_back(std::move(entry));
    } else {
      on_known(into.entries[found->second].value, std::move(entry));
    }
  }
}

/// Maps key by key, lists one after the other, everything else is replaced; nothing keeps what is
/// there.
void MergeAny(YamlNode& node, YamlNode later) {
  if (IsNull(later)) return;
  if (IsMap(node) && IsMap(later)) {
    MergeEntries(node, std::move(later),
                 [](YamlNode& known, YamlEntry entry) { MergeAny(known, std::move(entry.value)); });
  } else if (IsSequence(node) && IsSequence(later)) {
    Append(node, std::move(later));
  } else {
    node = std::move(later);
  }
}

[[noreturn]] void CannotOverride(const ComposeSources& sources, const YamlNode& later,
                                 const std::string& path) {
  sources.Fail("type", Concat("cannot override ", path, ": one is a list or a map, the other not"),
               later, "write both in the same way");
}

void MergeServiceKey(YamlNode& known, YamlNode later, const std::string& key,
                     const std::string& service, const ComposeSources& sources) {
  if (IsNull(later)) return;
  if (key == "environment") {
    MakeEnvironmentMap(known);
    MakeEnvironmentMap(later);
    MergeEntries(known, std::move(later),
                 [](YamlNode& value, YamlEntry entry) { value = std::move(entry.value); });
    return;
  }
  if (key == "build") {
    MakeBuildMap(known);
    MakeBuildMap(later);
  }
  if (Has(kTextsOrLists, key)) {
    MakeSequence(known);
    MakeSequence(later);
  }
  const bool list = Has(kTextsOrLists, key) || Has(kLists, key);
  if ((list && !IsNull(known) && !(IsSequence(known) && IsSequence(later))) ||
      (key == "build" && !IsNull(known) && !(IsMap(known) && IsMap(later)))) {
    CannotOverride(sources, later, Concat("services.", service, ".", key));
  }
  if (Has(kReplaced, key)) {
    known = std::move(later);
  } else {
    MergeAny(known, std::move(later));
  }
}

void MergeSection(YamlNode& known, YamlNode later, const std::string& key,
                  const ComposeSources& sources) {
  if (IsNull(later)) return;
  if (IsNull(known)) {
    known = std::move(later);
    return;
  }
  if (!IsMap(known) || !IsMap(later)) CannotOverride(sources, later, key);
  MergeEntries(known, std::move(later), [&](YamlNode& mine, YamlEntry entry) {
    if (key == "services") {
      MergeService(mine, std::move(entry.value), entry.key, sources);
    } else {
      MergeAny(mine, std::move(entry.value));
    }
  });
}

std::string TargetOf(const YamlNode& item, std::string_view key) {
  if (key == "volumes") return ComposeVolumeTarget(item);
  const std::string_view directory = key == "secrets" ? "/run/secrets/" : "/";
  if (item.kind == YamlNode::Kind::kScalar) return Concat(directory, item.scalar);
  const YamlNode* target = item.Find("target");
  if (target != nullptr) return target->scalar;
  const YamlNode* source = item.Find("source");
  return source == nullptr ? std::string() : Concat(directory, source->scalar);
}

}  // namespace

std::vector<ComposePath> TakeResets(YamlNode& document) {
  std::vector<ComposePath> resets;
  ComposePath path;
  document.tag.clear();
  Collect(document, path, resets);
  return resets;
}

void RemovePath(YamlNode& tree, const ComposePath& path, std::size_t skip) {
  YamlNode* node = &tree;
  for (std::size_t i = skip; i + 1 < path.size(); ++i) {
    node = node->Find(path[i]);
    if (node == nullptr) return;
  }
  if (skip >= path.size()) return;
  std::erase_if(node->entries, [&](const YamlEntry& entry) { return entry.key == path.back(); });
}

void MergeModel(YamlNode& model, YamlNode later, const ComposeSources& sources) {
  constexpr std::array<std::string_view, 4> kSections{"services", "volumes", "configs", "secrets"};
  model.kind = YamlNode::Kind::kMap;
  MergeEntries(model, std::move(later), [&](YamlNode& known, YamlEntry entry) {
    if (Has(kSections, entry.key)) {
      MergeSection(known, std::move(entry.value), entry.key, sources);
    } else {
      MergeAny(known, std::move(entry.value));
    }
  });
}

void MergeService(YamlNode& service, YamlNode later, const std::string& name,
                  const ComposeSources& sources) {
  if (IsNull(later)) return;
  if (IsNull(service)) {
    service = std::move(later);
    return;
  }
  if (!IsMap(service) || !IsMap(later)) {
    CannotOverride(sources, later, Concat("services.", name));
  }
  MergeEntries(service, std::move(later), [&](YamlNode& known, YamlEntry entry) {
    MergeServiceKey(known, std::move(entry.value), entry.key, name, sources);
  });
}

std::vector<ComposeDuplicate> EnforceUnicity(YamlNode& model, const ComposeSources& sources) {
  std::vector<ComposeDuplicate> duplicates;
  YamlNode* services = model.Find("services");
  if (services == nullptr) return duplicates;
  for (YamlEntry& service : services->entries) {
    for (const std::string_view key : {"volumes", "configs", "secrets"}) {
      YamlNode* list = service.value.Find(key);
      if (list == nullptr) continue;
      std::map<std::string, std::size_t> known;
      std::vector<YamlNode> kept;
      for (YamlNode& item : list->items) {
        const std::string target = TargetOf(item, key);
        const auto [at, is_new] = known.emplace(target, kept.size());
        if (is_new || target.empty()) {
          kept.push_back(std::move(item));
          continue;
        }
        duplicates.push_back(
            {.service = service.key, .target = target, .where = sources.Where(item)});
        kept[at->second] = std::move(item);
      }
      list->items = std::move(kept);
    }
  }
  return duplicates;
}

bool SameYaml(const YamlNode& one, const YamlNode& other) {
  const auto same_entry = [](const YamlEntry& a, const YamlEntry& b) {
    return a.key == b.key && SameYaml(a.value, b.value);
  };
  return one.kind == other.kind && one.scalar == other.scalar &&
         std::equal(one.items.begin(), one.items.end(), other.items.begin(), other.items.end(),
                    SameYaml) &&
         std::equal(one.entries.begin(), one.entries.end(), other.entries.begin(),
                    other.entries.end(), same_entry);
}

}  // namespace drover::environments
