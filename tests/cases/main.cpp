// drover-cases {alembic|compose|diff} FILE: one JSON line per case on stdout, the count on stderr.
// Exits 1 when a case failed, 2 for a wrong command line or an unreadable file.
#include <algorithm>
#include <cstdio>
#include <exception>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "tests/cases/case_runner.h"

namespace drover::cases {
namespace {

using Suite = std::function<std::vector<CaseResult>(const std::string&)>;

int Print(const std::vector<CaseResult>& results) {
  for (const CaseResult& result : results) {
    const Json line{{"id", result.id}, {"pass", result.pass}, {"got", result.got}};
    (void)std::puts(DumpJson(line).c_str());
  }
  const auto passed = std::ranges::count(results, true, &CaseResult::pass);
  (void)std::fprintf(stderr, "%td of %zu cases passed\n", passed, results.size());
  return passed == std::ssize(results) && !results.empty() ? 0 : 1;
}

int Main(const std::vector<std::string>& words) {
  const std::map<std::string, Suite> suites{
      {"alembic", RunAlembicCases}, {"compose", RunComposeCases}, {"diff", RunDiffCases}};
  const auto suite = words.empty() ? suites.end() : suites.find(words[0]);
  if (suite == suites.end() || words.size() != 2) {
    (void)std::fputs("usage: drover-cases {alembic|compose|diff} FILE\n", stderr);
    return 2;
  }
  try {
    return Print(suite->second(words[1]));
  } catch (const Error& error) {
    (void)std::fprintf(stderr, "drover-cases: %s\n", error.message.c_str());
  } catch (const std::exception& error) {
    (void)std::fprintf(stderr, "drover-cases: %s: %s\n", words[1].c_str(), error.what());
  }
  return 2;
}

}  // namespace
}  // namespace drover::cases

int main(int argc, char** argv) {
  return drover::cases::Main(std::vector<std::string>(argv + 1, argv + argc));
}
