// A picture of /proc, in a temporary directory.
#pragma once

#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

#include "environments/processes.h"
#include "tests/unit/environments/strays/scan_fixture.h"

namespace drover::environments {

inline FileIdentity IdentityOf(const std::string& path) { return StatFile(path)->identity; }

/// A picture of /proc: one process with one descriptor.
class FakeProcTest : public ProjectTest {
 protected:
  FakeProcTest() {
    file_ = Write("app.db", "x");
    Directory("proc/self/ns");
    Directory("proc/77/fd");
    Directory("proc/77/ns");
    Link("mnt:[1]", "proc/self/ns/mnt");
    Link("mnt:[1]", "proc/77/ns/mnt");
    Link(file_, "proc/77/fd/3");
    Link("/app", "proc/77/cwd");
    Write("proc/77/cmdline", std::string("python\0app.py\0", 14));
  }

  void Link(const std::string& target, std::string_view relative) const {
    unlink(Path(relative).c_str());
    ASSERT_EQ(symlink(target.c_str(), Path(relative).c_str()), 0);
  }

  [[nodiscard]] std::vector<Holder> Find() const {
    const auto holders = FindHolders({IdentityOf(file_)}, Path("proc"));
    return holders.empty() ? std::vector<Holder>() : holders.begin()->second;
  }

  std::string file_;
};

}  // namespace drover::environments
