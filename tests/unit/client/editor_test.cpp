#include "client/editor.h"

#include <cstdlib>
#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/error.h"
#include "base/posix.h"

namespace drover::client {
namespace {

using testing::HasSubstr;

template <class Action>
Error Failure(const Action& action) {
  try {
    action();
  } catch (const Error& error) {
    return error;
  }
  return {Code::kInternal, "none", "nothing was thrown"};
}

class EditorTest : public testing::Test {
 protected:
  EditorTest() {
    std::string pattern = testing::TempDir() + "drover_editor.XXXXXX";
    directory_ = mkdtemp(pattern.data());
    file_ = directory_ + "/a file.sql";
    CreateFile(file_, "one\n", 0644);
    path_ = EnvironmentVariable("PATH").value_or("");
    unsetenv("VISUAL");
    unsetenv("EDITOR");
  }
  ~EditorTest() override {
    std::filesystem::remove_all(directory_);
    setenv("PATH", path_.c_str(), 1);
  }

  std::string directory_;
  std::string file_;
  std::string path_;
};

TEST_F(EditorTest, VisualComesBeforeEditor) {
  setenv("EDITOR", "ed", 1);
  EXPECT_EQ(FindEditor(), "ed");
  setenv("VISUAL", "code --wait", 1);
  EXPECT_EQ(FindEditor(), "code --wait");
  setenv("VISUAL", " ", 1);
  EXPECT_EQ(FindEditor(), "ed");
}

TEST_F(EditorTest, WithoutThemTheUsualProgramsAreLookedFor) {
  setenv("PATH", directory_.c_str(), 1);
  const Error error = Failure([] { (void)FindEditor(); });
  EXPECT_EQ(error.kind, "editor.not_found");
  EXPECT_THAT(error.hint, HasSubstr("EDITOR"));
  CreateFile(directory_ + "/vi", "#!/bin/sh\n", 0755);
  EXPECT_EQ(FindEditor(), "vi");
  CreateFile(directory_ + "/sensible-editor", "#!/bin/sh\n", 0755);
  EXPECT_EQ(FindEditor(), "sensible-editor");
}

TEST_F(EditorTest, TheEditorGetsItsArgumentsAndThenTheFile) {
  OpenInEditor("sed -i -e 's/one/two three/'", file_);
  EXPECT_EQ(ReadFile(file_, 100), "two three\n");
}

TEST_F(EditorTest, AnEditorThatFailsIsNamed) {
  const Error failed = Failure([&] { OpenInEditor("sh -c 'exit 3'", file_); });
  EXPECT_EQ(failed.kind, "editor.failed");
  EXPECT_EQ(failed.message, "the editor \"sh -c 'exit 3'\" ended with exit code 3");
  EXPECT_THAT(failed.hint, HasSubstr("a file.sql"));
  EXPECT_EQ(Failure([&] { OpenInEditor(directory_ + "/none 2>/dev/null", file_); }).kind,
            "editor.not_found");
  EXPECT_THAT(Failure([&] { OpenInEditor("kill -TERM $$; true", file_); }).message,
              HasSubstr("signal 15"));
}

TEST_F(EditorTest, NeedsATerminal) {
  if (isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1) GTEST_SKIP() << "on a terminal";
  EXPECT_EQ(Failure([] { CheckEditorTerminal(); }).kind, "usage");
}

}  // namespace
}  // namespace drover::client
