#include "environments/compose/service_url.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/text.h"

namespace drover::environments {
namespace {

bool IsDatabaseUrl(std::string_view value) {
  const std::string lower = ToLower(value);
  if (lower.starts_with("sqlite:") || lower.starts_with("sqlite+")) return true;
  const bool named =
      lower.find(".db") != std::string::npos || lower.find(".sqlite") != std::string::npos;
  return lower.starts_with("file:") && named;
}

}  // namespace

std::optional<VariableValue> FindServiceVariable(const ComposeService& service,
                                                 const ComposeImage& image, std::string_view name) {
  for (const auto* variables : {&service.environment, &image.environment}) {
    const auto found = std::find_if(variables->begin(), variables->end(),
                                    [&](const EnvFileVariable& each) { return each.name == name; });
    if (found != variables->end()) {
      return VariableValue{.value = found->value, .where = found->where};
    }
  }
  return std::nullopt;
}

ServiceUrl FindServiceUrl(const ComposeService& service, const ComposeImage& image,
                          const std::string& where) {
  std::vector<ServiceUrl> found;
  for (const auto* variables : {&service.environment, &image.environment}) {
    for (const EnvFileVariable& each : *variables) {
      if (!IsDatabaseUrl(each.value)) continue;
      const bool hidden = variables == &image.environment &&
                          std::any_of(service.environment.begin(), service.environment.end(),
                                      [&](const auto& mine) { return mine.name == each.name; });
      if (!hidden) found.push_back({.name = each.name, .value = each.value, .where = each.where});
    }
  }
  if (found.empty()) {
    if (service.environment_error) throw *service.environment_error;
    throw Error(
        Code::kInvalid, "compose.no_url",
        Concat("no variable of service \"", service.name, "\" holds a SQLite URL"),
        "url: sqlite:////app/data/application.db, as the application in the container has it",
        where);
  }
  const auto preferred = std::find_if(found.begin(), found.end(), [](const ServiceUrl& each) {
    return each.name == "DATABASE_URL";
  });
  if (preferred != found.end()) return *preferred;
  const bool same = std::all_of(found.begin(), found.end(), [&](const ServiceUrl& each) {
    return each.value == found.front().value;
  });
  if (!same) {
    std::vector<std::string> names;
    names.reserve(found.size());
    for (const ServiceUrl& each : found) names.push_back(each.name);
    throw Error(Code::kInvalid, "compose.several_urls",
                Concat("several variables of service \"", service.name,
                       "\" hold a SQLite URL: ", Join(names, ", ")),
                Concat("url: ${", found.front().name, "}"), where);
  }
  return found.front();
}

}  // namespace drover::environments
