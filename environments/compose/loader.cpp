#include "environments/compose/loader.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/posix.h"
#include "base/text.h"
#include "environments/interpolate.h"

namespace drover::environments {
namespace {

// Far beyond what anybody writes, and what a hostile repository may cost.
constexpr std::size_t kMaxFiles = 512;
constexpr std::size_t kMaxServices = 4'096;
constexpr std::size_t kMaxResets = 1'024;
constexpr std::size_t kMaxExtends = 64;
constexpr std::size_t kMaxIncludes = 32;
constexpr std::size_t kMaxProjectWeight = std::size_t{64} << 20U;

bool IsRemote(std::string_view path) {
  return path.find("://") != std::string_view::npos || path.starts_with("git@") ||
         path.starts_with("github.com/") || path.starts_with("oci:");
}

/// A service whose `extends` is being followed.
struct ExtendsStep {
  std::string path;
  std::string service;
  bool operator==(const ExtendsStep&) const = default;
};

/// A document of a file, and what its tags remove from what is there before.
struct ReadDocument {
  YamlNode root;
  std::vector<ComposePath> resets;
};

/// The services that `extends` may name, and the tags that go with them.
struct LoadedDocument {
  std::string path;
  YamlNode* services = nullptr;
  const std::vector<ComposePath>* resets = nullptr;
};

struct ExtendedFile {
  YamlNode model;
  std::vector<ComposePath> resets;
};

class Loader final {
 public:
  Loader(ComposeSurroundings::Knowledge shell, const std::string& root, Files& files)
      : shell_(shell), root_(root), files_(files) {}

  /// `chain` are the files on the way from the first one to these.
  YamlNode Layer(const std::vector<std::string>& paths, const std::string& base,
                 const ComposeEnvironment& environment, const std::vector<std::string>& chain) {
    // Another layer has other variables, so its extended files read differently.
    std::map<std::string, ExtendedFile> outer = std::exchange(extended_, {});
    YamlNode model;
    model.kind = YamlNode::Kind::kMap;
    bool any = false;
    for (const std::string& path : paths) {
      for (auto& [document, resets] : Read(path, base, environment)) {
        any = true;
        model.source = document.source;
        std::vector<std::string> here = chain;
        here.push_back(path);
        for (ComposeDuplicate& each : EnforceUnicity(document, tree_.sources)) {
          tree_.duplicates.push_back(std::move(each));
        }
        Include(document, base, environment, here);
        Extend(document, path, base, environment, resets);
        for (const ComposePath& reset : resets) RemovePath(model, reset);
        MergeModel(model, std::move(document), tree_.sources);
        static_cast<void>(EnforceUnicity(model, tree_.sources));
      }
    }
    if (!any) {
      throw Error(Code::kInvalid, "compose.type",
                  Concat("empty compose file ", RelativeTo(paths.front(), root_)),
                  "services: {app: {image: …}}", Concat(paths.front(), ":1:1"));
    }
    extended_ = std::move(outer);
    return model;
  }

  ComposeTree Take(YamlNode model) {
    tree_.root = std::move(model);
    return std::move(tree_);
  }

 private:
  void Limit(bool fine, std::string_view what, const YamlNode& node) const {
    if (!fine) tree_.sources.Fail("too_complex", Concat("the compose project ", what), node);
  }

  void Weigh(const YamlNode& node) {
    weight_ += YamlWeight(node);
    Limit(weight_ <= kMaxProjectWeight, "grows too large by what it includes and extends", node);
  }

  /// The documents of a file, interpolated; those that hold nothing are left out.
  std::vector<ReadDocument> Read(const std::string& path, const std::string& base,
                                 const ComposeEnvironment& environment, std::string where = {}) {
    const std::optional<FileStatus> status = files_.Stat(path);
    std::optional<std::string> text;
    const bool directory = status && status->type == FileType::kDirectory;
    if (!directory) text = files_.Read(path);
    if (!text) {
      throw Error(Code::kNotFound, "compose.not_found",
                  Concat("cannot open the compose file ", RelativeTo(path, root_), ": ",
                         directory ? "is a directory" : "no such file or directory"),
                  Concat("ls ", ShellQuote(DirectoryName(path))), std::move(where));
    }
    const std::uint32_t source = tree_.sources.Add(path, base);
    std::vector<ReadDocument> documents;
    for (YamlNode& document : ParseYamlDocuments(*text, path, "compose")) {
      if (document.kind == YamlNode::Kind::kNull) continue;
      document.source = source;
      Limit(++reads_ <= kMaxFiles, "has too many files", document);
      if (document.kind != YamlNode::Kind::kMap) {
        tree_.sources.Fail("type", "top-level object must be a mapping", document,
                           "services: {app: {image: …}}");
      }
      Weigh(document);
      tree_.sources.Interpolate(document, source, environment, shell_);
      std::vector<ComposePath> resets = TakeResets(document);
      Limit(resets.size() <= kMaxResets, "has too many tags", document);
      Check(document);
      documents.push_back({.root = std::move(document), .resets = std::move(resets)});
    }
    return documents;
  }

  /// What is a map in every compose file, so that merging can rely on it.
  void Check(const YamlNode& document) const {
    for (const std::string_view key : {"services", "volumes", "configs", "secrets"}) {
      const YamlNode* section = document.Find(key);
      if (section == nullptr || section->kind == YamlNode::Kind::kNull) continue;
      ExpectMap(*section, std::string(key));
      Limit(section->entries.size() <= kMaxServices, Concat("has too many ", key), *section);
      for (const YamlEntry& entry : section->entries) {
        if (entry.value.kind == YamlNode::Kind::kNull) continue;
        ExpectMap(entry.value, Concat(key, ".", entry.key));
      }
    }
  }

  void ExpectMap(const YamlNode& node, const std::string& name) const {
    if (node.kind == YamlNode::Kind::kMap) return;
    tree_.sources.Fail("type", Concat(name, " must be a mapping"), node);
  }

  /// A text that must be there and not be empty.
  std::string Text(const YamlNode* node, const YamlNode& parent, std::string_view name) const {
    if (node == nullptr || node->kind != YamlNode::Kind::kScalar || node->scalar.empty()) {
      const YamlNode& at = node == nullptr ? parent : *node;
      tree_.sources.Fail("type", Concat(name, " must be a string"), at);
    }
    const ComposeUse* use = tree_.sources.Use(*node);
    if (use != nullptr && use->required) throw *use->required;
    return node->scalar;
  }

  std::vector<const YamlNode*> TextsOf(const YamlNode& node, std::string_view name) const {
    std::vector<const YamlNode*> texts;
    texts.reserve(node.items.size() + 1);
    for (const YamlNode& item : node.items) texts.push_back(&item);
    if (node.kind != YamlNode::Kind::kSequence) texts.push_back(&node);
    if (texts.empty()) tree_.sources.Fail("type", Concat(name, " is an empty list"), node);
    return texts;
  }

  std::string LocalPath(const YamlNode& node, std::string_view name,
                        const std::string& base) const {
    const std::string text = Text(&node, node, name);
    if (IsRemote(text)) {
      tree_.sources.Fail("unsupported",
                         Concat("\"", Excerpt(text, 60), "\" is not a file on this machine"), node,
                         "check out the file, and name it by its path");
    }
    return AbsolutePath(text, base);
  }

  // include ---------------------------------------------------------------------------------------

  void Include(YamlNode& document, const std::string& base, const ComposeEnvironment& environment,
               const std::vector<std::string>& chain) {
    const YamlNode* found = document.Find("include");
    if (found == nullptr) return;
    const YamlNode include = *found;
    std::erase_if(document.entries, [](const YamlEntry& each) { return each.key == "include"; });
    if (include.kind == YamlNode::Kind::kNull) return;
    if (include.kind != YamlNode::Kind::kSequence) {
      tree_.sources.Fail("type", "`include` must be a list", include, "include: [other.yml]");
    }
    for (const YamlNode& item : include.items) {
      Import(document, Included(item, base, environment, chain), item);
    }
  }

  YamlNode Included(const YamlNode& item, const std::string& base,
                    const ComposeEnvironment& environment, const std::vector<std::string>& chain) {
    const bool long_form = item.kind == YamlNode::Kind::kMap;
    const YamlNode* path = long_form ? item.Find("path") : &item;
    if (path == nullptr) tree_.sources.Fail("type", "an include has no path", item);
    std::vector<std::string> paths;
    for (const YamlNode* each : TextsOf(*path, "include.path")) {
      paths.push_back(LocalPath(*each, "include.path", base));
    }
    if (std::find(chain.begin(), chain.end(), paths.front()) != chain.end()) {
      std::vector<std::string> steps = chain;
      steps.push_back(paths.front());
      tree_.sources.Fail("cycle", Concat("include cycle detected: ", Join(steps, " includes ")),
                         item);
    }
    Limit(chain.size() <= kMaxIncludes, "includes files too deeply", item);
    std::string directory = DirectoryName(paths.front());
    if (const YamlNode* node = long_form ? item.Find("project_directory") : nullptr) {
      directory = LocalPath(*node, "include.project_directory", base);
    }
    ComposeEnvironment inner = environment;
    const YamlNode* env_file = long_form ? item.Find("env_file") : nullptr;
    if (env_file == nullptr || env_file->kind == YamlNode::Kind::kNull) {
      inner.Load(AbsolutePath(".env", directory), root_, files_);
    } else {
      // Of several the last one counts; Load keeps what is there.
      std::vector<const YamlNode*> nodes = TextsOf(*env_file, "include.env_file");
      std::reverse(nodes.begin(), nodes.end());
      for (const YamlNode* node : nodes) {
        const std::string file = LocalPath(*node, "include.env_file", base);
        if (!inner.Load(file, root_, files_)) {
          tree_.sources.Fail(
              "env_file", Concat("cannot open the env_file ", file, ": no such file or directory"),
              *node);
        }
      }
    }
    YamlNode included = Layer(paths, directory, inner, chain);
    environment.NoteAsked(inner);
    return included;
  }

  /// Copies what an included model defines; the same thing twice is no conflict.
  void Import(YamlNode& document, YamlNode included, const YamlNode& at) {
    for (const std::string_view key : {"services", "volumes", "configs", "secrets"}) {
      YamlNode* from = included.Find(key);
      if (from == nullptr || from->kind != YamlNode::Kind::kMap) continue;
      YamlNode* into = document.Find(key);
      if (into == nullptr) {
        document.entries.push_back(
            {.key = std::string(key), .key_at = from->at, .value = std::move(*from)});
        continue;
      }
      if (into->kind == YamlNode::Kind::kNull) into->kind = YamlNode::Kind::kMap;
      for (YamlEntry& entry : from->entries) {
        const YamlNode* known = into->Find(entry.key);
        if (known == nullptr) {
          into->entries.push_back(std::move(entry));
        } else if (!SameYaml(*known, entry.value)) {
          tree_.sources.Fail(
              "conflict", Concat(key, ".", entry.key, " conflicts with imported resource"), at,
              "override it in a file of the include's own list: include: [{path: [a.yml, b.yml]}]");
        }
      }
    }
  }

  // extends ---------------------------------------------------------------------------------------

  void Extend(YamlNode& document, const std::string& path, const std::string& base,
              const ComposeEnvironment& environment, const std::vector<ComposePath>& resets) {
    YamlNode* services = document.Find("services");
    if (services == nullptr) return;
    const LoadedDocument here{.path = path, .services = services, .resets = &resets};
    for (std::size_t i = 0; i < services->entries.size(); ++i) {
      std::vector<ExtendsStep> steps;
      ExtendService(services->entries[i].key, here, base, environment, steps);
    }
  }

  void ExtendService(const std::string& name, const LoadedDocument& document,
                     const std::string& base, const ComposeEnvironment& environment,
                     std::vector<ExtendsStep>& steps) {
    YamlNode* service = document.services->Find(name);
    if (service == nullptr || service->Find("extends") == nullptr) return;
    const YamlNode extends = *service->Find("extends");
    const ExtendsStep step{.path = document.path, .service = name};
    if (std::find(steps.begin(), steps.end(), step) != steps.end()) Circular(steps, step, extends);
    Limit(steps.size() < kMaxExtends, "extends services too deeply", extends);
    steps.push_back(step);

    const bool long_form = extends.kind == YamlNode::Kind::kMap;
    const std::string extended = Text(long_form ? extends.Find("service") : &extends, extends,
                                      Concat("services.", name, ".extends.service"));
    const YamlNode* file = long_form ? extends.Find("file") : nullptr;
    LoadedDocument from = document;
    if (file != nullptr && file->kind != YamlNode::Kind::kNull) {
      const std::string path = LocalPath(*file, "extends.file", tree_.sources.Base(*file));
      from = Extended(path, environment, *file);
    }
    if (from.services == nullptr || from.services->Find(extended) == nullptr) {
      throw Error(Code::kNotFound, "compose.unknown_service",
                  Concat("cannot extend service \"", name, "\" in ", document.path, ": service \"",
                         Excerpt(extended, 60), "\" not found in ", from.path),
                  {}, tree_.sources.Where(extends));
    }
    ExtendService(extended, from, base, environment, steps);
    steps.pop_back();

    YamlNode merged = *from.services->Find(extended);
    Weigh(merged);
    for (const ComposePath& reset : *document.resets) {
      if (reset.size() > 2 && reset[0] == "services" && reset[1] == name) {
        RemovePath(merged, reset, 2);
      }
    }
    service = document.services->Find(name);
    YamlNode own = std::move(*service);
    MergeService(merged, std::move(own), name, tree_.sources);
    std::erase_if(merged.entries, [](const YamlEntry& each) { return each.key == "extends"; });
    *service = std::move(merged);
  }

  [[noreturn]] void Circular(const std::vector<ExtendsStep>& steps, const ExtendsStep& again,
                             const YamlNode& at) const {
    std::vector<std::string> pieces;
    pieces.reserve(steps.size() + 1);
    for (const ExtendsStep& step : steps) {
      pieces.push_back(Concat(step.service, " in ", step.path));
    }
    pieces.push_back(Concat(again.service, " in ", again.path));
    tree_.sources.Fail("cycle", Concat("Circular reference: ", Join(pieces, " extends ")), at);
  }

  /// The services of a file that is extended. Its relative paths begin at its own directory, and
  /// what it includes is not followed.
  LoadedDocument Extended(const std::string& path, const ComposeEnvironment& environment,
                          const YamlNode& at) {
    auto found = extended_.find(path);
    if (found == extended_.end()) {
      found = extended_.emplace(path, ExtendedFile{}).first;
      ExtendedFile& file = found->second;
      file.model.kind = YamlNode::Kind::kMap;
      for (auto& [document, resets] :
           Read(path, DirectoryName(path), environment, tree_.sources.Where(at))) {
        for (const ComposePath& reset : resets) RemovePath(file.model, reset);
        MergeModel(file.model, std::move(document), tree_.sources);
        file.resets = std::move(resets);
      }
      static_cast<void>(EnforceUnicity(file.model, tree_.sources));
    }
    YamlNode* services = found->second.model.Find("services");
    if (services == nullptr) {
      tree_.sources.Fail("type",
                         Concat("cannot extend a service in ", path, ": no services section"), at);
    }
    return {.path = path, .services = services, .resets = &found->second.resets};
  }

  ComposeSurroundings::Knowledge shell_;
  const std::string& root_;
  Files& files_;
  ComposeTree tree_;
  std::map<std::string, ExtendedFile> extended_;
  std::size_t reads_ = 0;
  std::size_t weight_ = 0;
};

}  // namespace

ComposeTree LoadComposeTree(const std::vector<std::string>& paths, const std::string& base,
                            const ComposeEnvironment& environment,
                            ComposeSurroundings::Knowledge shell, const std::string& root,
                            Files& files) {
  Loader loader(shell, root, files);
  YamlNode model = loader.Layer(paths, base, environment, {});
  return loader.Take(std::move(model));
}

std::string ComposeNameInFiles(const std::vector<std::string>& paths,
                               const ComposeEnvironment& environment, Files& files) {
  std::string name;
  const VariableLookup lookup = [&](std::string_view variable) {
    return environment.Look(variable);
  };
  for (const std::string& path : paths) {
    const std::optional<FileStatus> status = files.Stat(path);
    if (!status || status->type != FileType::kRegular) continue;
    const std::optional<std::string> text = files.Read(path);
    if (!text) continue;
    for (const YamlNode& document : ParseYamlDocuments(*text, path, "compose")) {
      const YamlNode* node = document.Find("name");
      if (node == nullptr || node->scalar.empty()) continue;
      const std::string where = Concat(path, ":", node->at.line, ":", node->at.column);
      name = Interpolate(node->scalar, Dollar::kShell, lookup, where).value;
    }
  }
  return name;
}

}  // namespace drover::environments
