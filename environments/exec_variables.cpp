#include "environments/exec_variables.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>

#include "base/error.h"
#include "base/text.h"
#include "environments/settings.h"
#include "environments/urls/absolute_url.h"
#include "environments/urls/dialect.h"
#include "environments/variables.h"

namespace drover::environments {
namespace {

constexpr std::string_view kUsual = "DATABASE_URL";

std::size_t NameEnd(std::string_view text, std::size_t begin) {
  constexpr std::string_view kNameCharacters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
  const std::size_t end = text.find_first_not_of(kNameCharacters, begin);
  return end == std::string_view::npos ? text.size() : end;
}

struct Reference {
  std::string_view name;
  std::string_view otherwise;  // what follows :- or -
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// The brace that closes the one before `begin`; npos when none does.
std::size_t ClosingBrace(std::string_view text, std::size_t begin) {
  int depth = 1;
  for (std::size_t i = begin; i < text.size(); ++i) {
    if (text[i] == '$' && i + 1 < text.size() && text[i + 1] == '{') ++depth;
    if (text[i] == '}' && --depth == 0) return i;
  }
  return std::string_view::npos;
}

/// The first reference in `text` at or after `from`.
std::optional<Reference> FindReference(std::string_view text, std::size_t from) {
  for (std::size_t i = text.find('$', from); i != std::string_view::npos; i = text.find('$', i)) {
    if (text.substr(i).starts_with("$$")) {
      i += 2;
      continue;
    }
    const bool braces = text.substr(i).starts_with("${");
    const std::size_t name = i + (braces ? 2 : 1);
    const std::size_t name_end = NameEnd(text, name);
    const std::size_t end = braces ? ClosingBrace(text, name) : name_end;
    if (name_end == name || end == std::string_view::npos) {
      ++i;
      continue;
    }
    Reference found{.name = text.substr(name, name_end - name),
                    .otherwise = {},
                    .begin = i,
                    .end = braces ? end + 1 : end};
    std::string_view rest = text.substr(name_end, end - name_end);
    if (rest.starts_with(':')) rest.remove_prefix(1);
    if (rest.starts_with('-')) found.otherwise = rest.substr(1);
    return found;
  }
  return std::nullopt;
}

[[noreturn]] void RefuseUnreachable(const EnvironmentConfig& environment, const ErrorBody& error) {
  const std::string& hint = error.hint;
  throw Error(Code::kRefused, "exec.unreachable",
              Concat("a command on this machine cannot reach ", environment.name,
                     ", which is a container's database: ", error.message),
              hint.empty() ? Concat("drover where -e ", environment.name) : hint,
              error.where.value_or(""));
}

void CheckReachable(const EnvironmentConfig& environment, const Target& target) {
  if (target.error) {
    if (environment.compose) RefuseUnreachable(environment, *target.error);
    throw FromBody(*target.error);
  }
  if (target.kind == TargetKind::kMemory) {
    throw Error(
        Code::kRefused, "exec.memory",
        Concat(environment.name, " is an in-memory database: a command would have one of its own"),
        Concat("drover where -e ", environment.name));
  }
}

}  // namespace

std::vector<TemplateVariable> TemplateVariables(std::string_view url) {
  std::vector<TemplateVariable> found;
  std::string_view text = Trim(url);
  for (auto reference = FindReference(text, 0); reference; reference = FindReference(text, 0)) {
    const bool whole = reference->begin == 0 && reference->end == text.size();
    if (!whole) {
      // With two of them it cannot be told which is to change.
      if (!found.empty() || FindReference(text, reference->end)) break;
      found.push_back({.name = std::string(reference->name),
                       .prefix = std::string(text.substr(0, reference->begin)),
                       .suffix = std::string(text.substr(reference->end))});
      break;
    }
    found.push_back({.name = std::string(reference->name), .prefix = {}, .suffix = {}});
    text = Trim(reference->otherwise);
  }
  return found;
}

ExecDocument MakeExec(const Config& config, const EnvironmentConfig& environment,
                      const Target& target, Files& files) {
  CheckReachable(environment, target);
  const auto dialect = static_cast<UrlDialect>(
      std::ranges::find(DialectNames(), target.url_dialect) - DialectNames().begin());
  ExecDocument document;
  document.environment = environment.name;
  document.root = config.root;
  document.path = target.path;
  document.exists = target.file.has_value();
  document.url = AbsoluteUrl(target.url, dialect, target.path);

  const auto set = [&](std::string_view name, std::string value, std::string from) {
    const auto same = [&](const ExecVariable& each) { return each.name == name; };
    if (std::ranges::any_of(document.variables, same)) return;
    document.variables.push_back(
        {.name = std::string(name), .value = std::move(value), .from = std::move(from)});
  };
  static const std::map<std::string, std::string> kNoShell;
  const Variables variables(environment.env_files, config.root, files, kNoShell);
  const std::string from = Concat("the url of ", environment.name);
  for (const TemplateVariable& each : TemplateVariables(environment.url)) {
    const std::string_view all = document.url;
    const std::size_t around = each.prefix.size() + each.suffix.size();
    if (all.size() <= around || !all.starts_with(each.prefix) || !all.ends_with(each.suffix)) {
      continue;
    }
    const std::string value(all.substr(each.prefix.size(), all.size() - around));
    set(each.name, value, from);
    // An application that reads the file by another spelling would not see this one.
    for (const std::string_view name : variables.names()) {
      if (SameSetting(name, each.name)) set(name, value, from);
    }
  }
  if (!target.service_variable.empty()) set(target.service_variable, document.url, from);
  if (document.variables.empty()) {
    set(kUsual, document.url, Concat("the usual name: ", from, " names no variable"));
  }
  set("DROVER_ENVIRONMENT", environment.name, "drover");
  set("DROVER_PROJECT_ROOT", config.root, "drover");
  set("DROVER_DATABASE_PATH", target.path, "drover");
  return document;
}

std::map<std::string, std::string> FileVariables(const Config& config,
                                                 const EnvironmentConfig& environment,
                                                 Files& files) {
  static const std::map<std::string, std::string> kNoShell;
  const Variables variables(environment.env_files, config.root, files, kNoShell);
  std::map<std::string, std::string> found;
  for (const std::string_view name : variables.names()) {
    try {
      if (const auto value = variables.Find(name)) found.emplace(name, value->value);
    } catch (const Error&) {
      // A variable that is not set: whoever needs this one says so better.
    }
  }
  return found;
}

}  // namespace drover::environments
