// A temporary project for tests of the observing side: real files, real SQLite databases, and other
// processes that hold them.
#pragma once

#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <functional>
#include <gtest/gtest.h>
#include <string>
#include <string_view>
#include <sys/wait.h>
#include <unistd.h>

#include "base/posix.h"
#include "base/text.h"
#include "migrations/sqlite.h"

namespace drover::environments {

class ProjectTest : public testing::Test {
 protected:
  ProjectTest() : root_(Make()) {}
  ~ProjectTest() override {
    const std::string command =
        Concat("chmod -R u+rwX ", ShellQuote(root_), " && rm -rf ", ShellQuote(root_));
    static_cast<void>(std::system(command.c_str()));
  }

  [[nodiscard]] std::string Path(std::string_view relative) const {
    return relative.empty() ? root_ : Concat(root_, "/", relative);
  }

  std::string Directory(std::string_view relative) const {
    MakeDirectories(Path(relative), 0755);
    return Path(relative);
  }

  std::string Write(std::string_view relative, std::string_view content) const {
    const std::string path = Path(relative);
    MakeDirectories(DirectoryName(path), 0755);
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }

  std::string Database(std::string_view relative, std::string_view sql) const {
    const std::string path = Path(relative);
    MakeDirectories(DirectoryName(path), 0755);
    migrations::Connection connection(path, migrations::OpenMode::kCreate);
    connection.Execute(sql);
    return path;
  }

 private:
  static std::string Make() {
    std::string path = RealPath(testing::TempDir()) + "/drover-project.XXXXXX";
    if (mkdtemp(path.data()) == nullptr) std::abort();
    return path;
  }

  std::string root_;
};

/// Runs `prepare` in another process, which then keeps whatever that opened until the end of this
/// object. The constructor returns when `prepare` has.
class OtherProcess final {
 public:
  explicit OtherProcess(const std::function<void(const std::function<void()>& wait)>& body) {
    int ready[2];
    int stop[2];
    if (pipe(ready) != 0 || pipe(stop) != 0) std::abort();
    pid_ = fork();
    if (pid_ == 0) {
      close(stop[1]);
      body([&] {
        static_cast<void>(!write(ready[1], "x", 1));
        char byte = 0;
        static_cast<void>(!read(stop[0], &byte, 1));
      });
      _exit(0);
    }
    close(ready[1]);
    close(stop[0]);
    stop_ = stop[1];
    char byte = 0;
    if (read(ready[0], &byte, 1) != 1) std::abort();
    close(ready[0]);
  }
  OtherProcess(const OtherProcess&) = delete;
  OtherProcess& operator=(const OtherProcess&) = delete;
  ~OtherProcess() {
    close(stop_);
    waitpid(pid_, nullptr, 0);
  }

  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = 0;
  int stop_ = -1;
};

}  // namespace drover::environments
