#include "environments/detached.h"

#include <gmock/gmock.h>

#include "tests/unit/environments/fake_proc.h"

namespace drover::environments {
namespace {

class DetachedTest : public FakeProcTest {
 protected:
  DetachedTest() {
    Write("proc/self/mountinfo",
          "1 0 254:1 / / rw - ext4 a rw\n2 1 254:2 /user /home rw - ext4 b rw\n");
    Link("mnt:[2]", "proc/77/ns/mnt");
  }

  void Mounts(int pid, std::string_view root) const {
    Write(Concat("proc/", pid, "/mountinfo"), Concat("9 0 0:50 / / rw - overlay o rw\n10 9 254:2 ",
                                                     root, " /app/app.db rw - ext4 b rw\n"));
  }

  [[nodiscard]] std::vector<DetachedUse> FindMounts() const {
    return FindDetachedMounts({"/home/me/app.db"}, Path("proc"));
  }
};

TEST_F(DetachedTest, AContainerThatMountsADeletedFileIsNamed) {
  Mounts(77, "/user/me/app.db//deleted");
  EXPECT_EQ(
      FindMounts(),
      (std::vector<DetachedUse>{
          {.path = "/home/me/app.db",
           .mounted_at = "/app/app.db",
           .reach = Path("proc/77/root/app/app.db"),
           .holder = {.pid = 77, .command = "python app.py", .cwd = "/app", .container = true}}}));
}

TEST_F(DetachedTest, AMountThatIsWholeOrOfAnotherFileIsNone) {
  Mounts(77, "/user/me/app.db");
  EXPECT_TRUE(FindMounts().empty());
  Mounts(77, "/user/me/other.db//deleted");
  EXPECT_TRUE(FindMounts().empty());
  Mounts(77, "/me/app.db//deleted");
  EXPECT_TRUE(FindMounts().empty());
}

TEST_F(DetachedTest, OneEntryForEachNamespaceOfItsOldestProcess) {
  Mounts(77, "/user/me/app.db//deleted");
  Directory("proc/60/ns");
  Link("mnt:[2]", "proc/60/ns/mnt");
  Mounts(60, "/user/me/app.db//deleted");
  Directory("proc/80/ns");
  Link("mnt:[3]", "proc/80/ns/mnt");
  Mounts(80, "/user/me/app.db//deleted");
  const auto found = FindMounts();
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].holder.pid, 60);
  EXPECT_EQ(found[1].holder.pid, 80);
}

TEST_F(DetachedTest, OurOwnNamespaceAndOthersWithoutANameAreToldApart) {
  Link("mnt:[1]", "proc/77/ns/mnt");
  Mounts(77, "/user/me/app.db//deleted");
  EXPECT_TRUE(FindMounts().empty());
  // Of other users' processes only the mounts can be read.
  unlink(Path("proc/77/ns/mnt").c_str());
  Directory("proc/78");
  Mounts(78, "/user/me/app.db//deleted");
  ASSERT_EQ(FindMounts().size(), 1U);
  EXPECT_EQ(FindMounts()[0].holder.pid, 77);
}

TEST_F(DetachedTest, WithoutProcNothingIsFound) {
  EXPECT_TRUE(FindDetachedMounts({"/x"}, Path("nowhere")).empty());
  EXPECT_TRUE(FindDetachedMounts({}, "/proc").empty());
}

}  // namespace
}  // namespace drover::environments
