#include "environments/mount_table.h"

#include <gmock/gmock.h>

namespace drover::environments {
namespace {

constexpr std::string_view kTable =
    "22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw\n"
    "40 22 0:36 / /tmp rw,nosuid shared:2 - tmpfs tmpfs rw\n"
    "41 22 254:2 /home /home rw - ext4 /dev/vdb rw\n"
    "42 41 254:1 /srv/a\\040b /home/me/a\\040b rw - ext4 /dev/vda1 rw\n"
    "43 22 254:2 /home/me/idv/app.db//deleted /app/app.db rw - ext4 /dev/vdb rw\n"
    "not a mount\n";

TEST(MountTableTest, ReadsDeviceRootAndPoint) {
  const auto mounts = ParseMountTable(kTable);
  ASSERT_EQ(mounts.size(), 5U);
  EXPECT_EQ(mounts[0], (MountLine{.device = "254:1", .root = "/", .point = "/", .deleted = false}));
  EXPECT_EQ(mounts[3].root, "/srv/a b");
  EXPECT_EQ(mounts[3].point, "/home/me/a b");
  EXPECT_EQ(mounts[4], (MountLine{.device = "254:2",
                                  .root = "/home/me/idv/app.db",
                                  .point = "/app/app.db",
                                  .deleted = true}));
  EXPECT_TRUE(ParseMountTable("").empty());
  EXPECT_TRUE(ParseMountTable("1 2\n\n   \n1 2 3 4 5\n").empty());
}

TEST(MountTableTest, TheDeepestMountSaysWhereAPathLies) {
  const auto own = ParseMountTable(kTable);
  const auto place = [&](std::string_view path) {
    const auto found = PlaceOf(path, own);
    return found ? found->device + " " + found->path : "";
  };
  EXPECT_EQ(place("/etc/passwd"), "254:1 /etc/passwd");
  EXPECT_EQ(place("/"), "254:1 /");
  EXPECT_EQ(place("/tmp/x"), "0:36 /x");
  EXPECT_EQ(place("/tmp"), "0:36 /");
  EXPECT_EQ(place("/home/me/idv/app.db"), "254:2 /home/me/idv/app.db");
  EXPECT_EQ(place("/home/me/a b/c"), "254:1 /srv/a b/c");
  EXPECT_EQ(place("/homeless"), "254:1 /homeless");
  EXPECT_EQ(PlaceOf("/x", {}), std::nullopt);
}

TEST(MountTableTest, TheLastMountOnAPointHidesTheOthers) {
  const auto own = ParseMountTable(
      "1 0 8:1 / / rw - ext4 a rw\n2 1 8:2 / /data rw - ext4 b rw\n3 1 8:3 / /data rw - ext4 c "
      "rw\n");
  EXPECT_EQ(PlaceOf("/data/app.db", own)->device, "8:3");
}

}  // namespace
}  // namespace drover::environments
