#include "client/arguments.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/error.h"
#include "base/text.h"
#include "client/verbs.h"

namespace drover::client {
namespace {

constexpr double kLongestTimeout = 365.0 * 24 * 3600;

Error Usage(std::string message, std::string hint) {
  return {Code::kInvalid, "usage", std::move(message), std::move(hint)};
}

std::string HelpCommand(const Verb* verb) {
  return verb == nullptr ? "drover help" : Concat("drover help ", verb->name);
}

/// Does `word` name the option "-e,--env", alone, so that its value is the next word?
bool WantsNextWord(std::string_view word) {
  for (const OptionRow& row : Options()) {
    if (row.value.empty()) continue;
    for (const std::string& name : SplitList(row.names, ',')) {
      if (name == word) return true;
    }
  }
  return false;
}

struct FoundVerb {
  const Verb* verb = nullptr;
  std::vector<std::string> rest;
};

std::size_t NextWord(std::span<const std::string> words, std::size_t from) {
  std::size_t i = from;
  while (i < words.size() && words[i].size() > 1 && words[i].front() == '-') {
    if (words[i] == "--") return words.size();
    i += WantsNextWord(words[i]) ? 2 : 1;
  }
  return std::min(i, words.size());
}

Error UnknownVerb(std::string_view word) {
  std::vector<std::string_view> names;
  for (const Verb& verb : Verbs()) names.push_back(verb.name);
  names.emplace_back("daemon");
  return Usage(Concat("unknown verb \"", word, "\"", DidYouMean(word, names)), "drover help");
}

/// Takes the verb out of the words; of "daemon" the second word too.
FoundVerb TakeVerb(std::span<const std::string> words) {
  FoundVerb found;
  found.rest.assign(words.begin(), words.end());
  const std::size_t at = NextWord(words, 0);
  if (at == words.size()) return found;
  found.rest.erase(found.rest.begin() + static_cast<std::ptrdiff_t>(at));
  if (words[at] != "daemon") {
    found.verb = FindVerb(words[at]);
    if (found.verb == nullptr) throw UnknownVerb(words[at]);
    return found;
  }
  const std::size_t second = NextWord(found.rest, at);
  const bool help = std::ranges::any_of(
      found.rest, [](const std::string& word) { return word == "-h" || word == "--help"; });
  if (second == found.rest.size()) {
    if (help) {
      found.verb = FindVerb("daemon status");
      return found;
    }
    throw Usage("drover daemon needs one of start, stop, restart, reload, status",
                "drover daemon status");
  }
  found.verb = FindVerb("daemon " + found.rest[second]);
  if (found.verb == nullptr) {
    constexpr std::array<std::string_view, 5> kKnown{"start", "stop", "restart", "reload",
                                                     "status"};
    throw Usage(Concat("unknown verb \"daemon ", found.rest[second], "\"",
                       DidYouMean(found.rest[second], kKnown)),
                "drover help");
  }
  found.rest.erase(found.rest.begin() + static_cast<std::ptrdiff_t>(second));
  return found;
}

void AddOptions(CLI::App& app, const Verb* verb, Arguments& arguments) {
  for (const OptionRow& row : Options()) {
    if (verb == nullptr ? !IsGlobal(row.option) : !Takes(*verb, row.option)) continue;
    const std::string names(row.names);
    if (row.flag != nullptr) {
      app.add_flag(names, arguments.*row.flag);
    } else if (row.text != nullptr) {
      app.add_option(names, arguments.*row.text)
          ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    } else {
      app.add_option(names, arguments.*row.list)->allow_extra_args(false);
    }
  }
  app.add_option("arguments", arguments.positionals);
}

[[noreturn]] void ThrowUnknownOption(const Verb* verb, const std::string& word) {
  const std::string name = word.substr(0, word.find('='));
  std::vector<std::string> names;
  for (const OptionRow& row : Options()) {
    if (verb == nullptr ? !IsGlobal(row.option) : !Takes(*verb, row.option)) continue;
    for (std::string& one : SplitList(row.names, ',')) {
      if (one.starts_with("--")) names.push_back(std::move(one));
    }
  }
  const std::vector<std::string_view> candidates(names.begin(), names.end());
  throw Usage(Concat("unknown option \"", name, "\"", verb == nullptr ? "" : " of drover ",
                     verb == nullptr ? std::string_view() : verb->name,
                     name.starts_with("--") ? DidYouMean(name, candidates) : std::string()),
              HelpCommand(verb));
}

/// `-e "$ENV"` with ENV unset must not quietly mean the default environment.
void CheckNotEmpty(const Verb& verb, std::span<const std::string> words, std::string_view what) {
  if (std::find(words.begin(), words.end(), "") != words.end()) {
    throw Usage(Concat(what, " of drover ", verb.name, " is empty"), HelpCommand(&verb));
  }
}

void CheckPositionals(const Verb& verb, const Arguments& arguments) {
  CheckNotEmpty(verb, arguments.environments, "an environment");
  CheckNotEmpty(verb, arguments.positionals, "an argument");
  const std::size_t given = arguments.positionals.size();
  if (given > verb.most) {
    throw Usage(Concat("unexpected argument \"", arguments.positionals[verb.most], "\" of drover ",
                       verb.name),
                HelpCommand(&verb));
  }
  if (given < verb.fewest) {
    throw Usage(Concat("drover ", verb.name, " needs ", verb.positionals), HelpCommand(&verb));
  }
}

void ReadColor(Arguments& arguments) {
  if (arguments.color.empty() || arguments.color == "auto") return;
  if (arguments.color == "always") {
    arguments.color_mode = ColorMode::kAlways;
  } else if (arguments.color == "never") {
    arguments.color_mode = ColorMode::kNever;
  } else {
    throw Usage(Concat("--color takes auto, always or never, not \"", arguments.color, "\""),
                "drover help");
  }
}

void ReadTimeout(Arguments& arguments) {
  const std::string& text = arguments.timeout;
  if (text.empty()) return;
  double seconds = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, seconds);
  if (error != std::errc() || stopped != end || !std::isfinite(seconds) || seconds <= 0 ||
      seconds > kLongestTimeout) {
    throw Usage(Concat("--timeout takes a number of seconds above 0, not \"", text, "\""),
                "drover status --timeout 5");
  }
  arguments.timeout_seconds = seconds;
}

}  // namespace

CommandLine ParseArguments(std::span<const std::string> words) {
  CommandLine line;
  FoundVerb found = TakeVerb(words);
  line.verb = found.verb;
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  AddOptions(app, line.verb, line.arguments);
  // CLI11 takes the words from the back.
  std::reverse(found.rest.begin(), found.rest.end());
  try {
    app.parse(std::move(found.rest));
  } catch (const CLI::ParseError& error) {
    throw Usage(error.what(), HelpCommand(line.verb));
  }
  for (const std::string& word : app.remaining()) {
    if (word.size() > 1 && word.front() == '-' && word != "--") ThrowUnknownOption(line.verb, word);
  }
  ReadColor(line.arguments);
  ReadTimeout(line.arguments);
  if (line.verb != nullptr && !line.arguments.help) CheckPositionals(*line.verb, line.arguments);
  return line;
}

}  // namespace drover::client
