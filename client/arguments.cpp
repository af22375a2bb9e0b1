#include "client/arguments.h"

#include <algorithm>
#include <array>
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

/// An option as it stands on the line; `row` is null when no verb has it.
struct Given {
  const OptionRow* row = nullptr;
  std::string name;  // with its dashes
  std::optional<std::string> value = std::nullopt;
};

/// The line, read before the verb is known: an option means the same to every verb that takes it.
struct Line {
  std::vector<Given> options;
  std::vector<std::string> plain;
};

const OptionRow* FindShort(char name) {
  const auto row = std::ranges::find(Options(), name, &OptionRow::short_name);
  return name == '\0' || row == Options().end() ? nullptr : &*row;
}

const OptionRow* FindLong(std::string_view name) {
  const auto row = std::ranges::find(Options(), name, &OptionRow::name);
  return row == Options().end() ? nullptr : &*row;
}

bool WantsValue(const Given& given) { return given.row != nullptr && !given.row->value.empty(); }

Given ReadLong(std::string_view word) {
  const std::size_t equals = word.find('=');
  Given given{.name = std::string(word.substr(0, equals))};
  given.row = FindLong(std::string_view(given.name).substr(2));
  if (equals != std::string_view::npos) given.value = word.substr(equals + 1);
  return given;
}

/// "-yh" is two flags, "-edev" is "-e dev".
void ReadShort(std::string_view word, std::vector<Given>& options) {
  for (std::size_t i = 1; i < word.size(); ++i) {
    Given given{.row = FindShort(word[i]), .name = std::string{'-', word[i]}};
    const bool takes_rest = WantsValue(given) && i + 1 < word.size();
    if (takes_rest) given.value = word.substr(i + 1);
    options.push_back(std::move(given));
    if (takes_rest) return;
  }
}

/// "-1" is a target, "-" and "" are words.
bool LooksLikeOption(std::string_view word) {
  return word.size() > 1 && word[0] == '-' && !(word[1] >= '0' && word[1] <= '9');
}

Line ReadLine(std::span<const std::string> words) {
  Line line;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "--") {
      line.plain.insert(line.plain.end(), words.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                        words.end());
      break;
    }
    if (!LooksLikeOption(word)) {
      line.plain.push_back(word);
      continue;
    }
    if (word.starts_with("--")) {
      line.options.push_back(ReadLong(word));
    } else {
      ReadShort(word, line.options);
    }
    Given& last = line.options.back();
    // Whatever follows is the value, also "-- draft" or "-3:".
    if (WantsValue(last) && !last.value && i + 1 < words.size()) last.value = words[++i];
  }
  return line;
}

Error UnknownVerb(std::string_view word) {
  std::vector<std::string_view> names;
  for (const Verb& verb : Verbs()) names.push_back(verb.name);
  names.emplace_back("daemon");
  return Usage(Concat("unknown verb \"", word, "\"", DidYouMean(word, names)), "drover help");
}

/// The second words of the verbs that begin with `first`: "start" of "daemon start".
std::vector<std::string_view> SecondWords(std::string_view first) {
  std::vector<std::string_view> words;
  for (const Verb& verb : Verbs()) {
    if (verb.name.size() > first.size() && verb.name.starts_with(first) &&
        verb.name[first.size()] == ' ') {
      words.push_back(verb.name.substr(first.size() + 1));
    }
  }
  return words;
}

/// Takes the verb out of the words; the second word too when the verb has one. nullptr: there is
/// none.
const Verb* TakeVerb(std::vector<std::string>& words, bool help) {
  if (words.empty()) return nullptr;
  const std::string first = words.front();
  const Verb* const single = FindVerb(first);
  const std::vector<std::string_view> seconds = SecondWords(first);
  if (single == nullptr && seconds.empty()) throw UnknownVerb(first);
  if (words.size() == 1 || seconds.empty()) {
    if (single == nullptr && !help) {
      const std::vector<std::string> names(seconds.begin(), seconds.end());
      throw Usage(Concat("drover ", first, " needs one of ", Join(names, ", ")),
                  Concat("drover ", first, " status"));
    }
    words.erase(words.begin());
    return single != nullptr ? single : FindVerb(Concat(first, " status"));
  }
  const std::string name = Concat(first, " ", words[1]);
  const Verb* const verb = FindVerb(name);
  if (verb == nullptr) {
    throw Usage(Concat("unknown verb \"", name, "\"", DidYouMean(words[1], seconds)),
                single == nullptr ? "drover help" : Concat("drover help ", first));
  }
  words.erase(words.begin(), words.begin() + 2);
  return verb;
}

Error UnknownOption(const Verb* verb, std::string_view name) {
  std::vector<std::string> names;
  for (const OptionRow& row : Options()) {
    if (verb == nullptr ? IsGlobal(row.option) : Takes(*verb, row.option)) {
      names.push_back(Concat("--", row.name));
    }
  }
  const std::vector<std::string_view> candidates(names.begin(), names.end());
  return Usage(Concat("unknown option \"", name, "\"", verb == nullptr ? "" : " of drover ",
                      verb == nullptr ? std::string_view() : verb->name,
                      name.starts_with("--") ? DidYouMean(name, candidates) : std::string()),
               HelpCommand(verb));
}

void Store(const Verb* verb, Given& given, Arguments& arguments) {
  if (given.row == nullptr ||
      !(verb == nullptr ? IsGlobal(given.row->option) : Takes(*verb, given.row->option))) {
    throw UnknownOption(verb, given.name);
  }
  const OptionRow& row = *given.row;
  if (row.flag != nullptr) {
    if (given.value) throw Usage(Concat(given.name, " takes no value"), HelpCommand(verb));
    arguments.*row.flag = true;
    return;
  }
  if (!given.value) throw Usage(Concat(given.name, " needs ", row.value), HelpCommand(verb));
  if (row.text != nullptr) {
    arguments.*row.text = std::move(*given.value);
  } else {
    (arguments.*row.list).push_back(std::move(*given.value));
  }
}

/// `-e "$ENV"` with ENV unset must not quietly mean the default environment.
void CheckNotEmpty(const Verb& verb, std::span<const std::string> words, std::string_view what) {
  if (std::find(words.begin(), words.end(), "") != words.end()) {
    throw Usage(Concat(what, " of drover ", verb.name, " is empty"), HelpCommand(&verb));
  }
}

void CheckPositionals(const Verb& verb, const Arguments& arguments) {
  CheckNotEmpty(verb, arguments.environments, "an environment");
  // An empty word may be an argument of the command that exec runs.
  if (verb.name != "exec") CheckNotEmpty(verb, arguments.positionals, "an argument");
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
  std::vector<std::string> given_words(words.begin(), words.end());
  // The verb `version` under the name that other programs have for it.
  if (!given_words.empty() && given_words.front() == "--version") given_words.front() = "version";
  Line read = ReadLine(given_words);
  const bool help = std::ranges::any_of(read.options, [](const Given& given) {
    return given.row != nullptr && given.row->option == Option::kHelp;
  });
  CommandLine line;
  line.verb = TakeVerb(read.plain, help);
  for (Given& given : read.options) Store(line.verb, given, line.arguments);
  line.arguments.positionals = std::move(read.plain);
  ReadColor(line.arguments);
  ReadTimeout(line.arguments);
  if (line.verb != nullptr && !help) CheckPositionals(*line.verb, line.arguments);
  return line;
}

}  // namespace drover::client
