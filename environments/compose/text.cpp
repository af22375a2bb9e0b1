#include "environments/compose/text.h"

#include <algorithm>
#include <utility>

#include "base/posix.h"
#include "base/text.h"
#include "environments/hazards.h"

namespace drover::environments {

std::string ComposeTextReader::Text(const YamlNode& node, std::string_view name) {
  if (node.kind != YamlNode::Kind::kScalar) {
    sources_.Fail("type", Concat(name, " must be a string"), node);
  }
  const bool control = std::any_of(node.scalar.begin(), node.scalar.end(), [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') || c == 0x7F;
  });
  if (control) sources_.Fail("value", Concat(name, " contains a control character"), node);
  Touch(node);
  return node.scalar;
}

std::vector<const YamlNode*> ComposeTextReader::Items(const YamlNode* node) const {
  std::vector<const YamlNode*> items;
  if (node == nullptr || node->kind == YamlNode::Kind::kNull) return items;
  if (node->kind != YamlNode::Kind::kSequence) return {node};
  for (const YamlNode& item : node->items) items.push_back(&item);
  return items;
}

void ComposeTextReader::Touch(const YamlNode& node) {
  for (const YamlNode& item : node.items) Touch(item);
  for (const YamlEntry& entry : node.entries) Touch(entry.value);
  const ComposeUse* use = sources_.Use(node);
  if (use == nullptr) return;
  if (use->required) throw *use->required;
  const std::string where = sources_.Where(node);
  for (const std::string& name : use->unset) {
    const std::string env_file = RelativeTo(AbsolutePath(".env", directory_), root_);
    const bool known = shell_ == ComposeSurroundings::Knowledge::kEverything;
    Add(MakeFinding(
        "unset-variable",
        Concat("${", name, "} is not set in ", env_file, ": it stands for nothing",
               known ? "" : " unless the shell that runs compose sets it"),
        where, Concat("echo '", name, "=…' >> ", ShellQuote(AbsolutePath(".env", directory_)))));
  }
  if (use->uses_directory) {
    Add(MakeFinding("result-depends-on-cwd",
                    "${PWD} is the directory in which compose is run, taken to be the project's",
                    where, "write . instead of ${PWD}"));
  }
  for (const std::string& name : use->from_shell) {
    Add(MakeFinding("result-depends-on-shell-environment",
                    Concat("${", name, "} comes from the shell that runs compose",
                           environment_.IsOverridden(name) ? ", over another value in .env" : ""),
                    where, Concat("unset ", name)));
  }
  if (use->begins_empty && use->unset.empty() && node.scalar.starts_with("/")) {
    Add(MakeFinding("interpolated-to-root",
                    Concat("\"", Excerpt(use->written, 60),
                           "\" begins with an empty variable and "
                           "becomes ",
                           Excerpt(node.scalar, 60)),
                    where, "write a default with a colon: ${NAME:-./data}"));
  }
}

std::vector<std::string> ComposeTextReader::Unset(const YamlNode& node) const {
  std::vector<std::string> names;
  const auto add = [&](const std::vector<std::string>& more) {
    names.insert(names.end(), more.begin(), more.end());
  };
  for (const YamlNode& item : node.items) add(Unset(item));
  for (const YamlEntry& entry : node.entries) add(Unset(entry.value));
  if (const ComposeUse* use = sources_.Use(node)) add(use->unset);
  return names;
}

void ComposeTextReader::Add(Finding finding) {
  if (std::find(findings_.begin(), findings_.end(), finding) == findings_.end()) {
    findings_.push_back(std::move(finding));
  }
}

}  // namespace drover::environments
