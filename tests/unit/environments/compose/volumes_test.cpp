#include "environments/compose/volumes.h"

#include <gtest/gtest.h>
#include <string>

#include "tests/unit/environments/compose/fixture.h"

namespace drover::environments {
namespace {

class ComposeVolumesTest : public ComposeFixture {
 protected:
  Error VolumeFailure(std::string_view list) {
    return ProblemOf(Concat("services: {app: {image: x, volumes: ", list, "}}\n"));
  }
  ComposeMount Mount(std::string_view list) {
    File("compose.yml", Concat("services: {app: {image: x, volumes: ", list, "}}\n"));
    return Service().mounts.at(0);
  }
};

std::string Split(std::string_view spec) {
  const ComposeVolumeSpec parts = SplitVolumeSpec(spec);
  if (!parts.problem.empty()) return parts.problem;
  const bool read_only = parts.access == ComposeMount::Access::kReadOnly;
  return Concat(parts.source, "|", parts.target, read_only ? "|ro" : "");
}

TEST_F(ComposeVolumesTest, SpecIsSplitAsComposeDoes) {
  EXPECT_EQ(Split("./a:/b"), "./a|/b");
  EXPECT_EQ(Split("./a:/b/../c/:ro"), "./a|/c|ro");
  EXPECT_EQ(Split("vol:/b:ro,rw"), "vol|/b");
  EXPECT_EQ(Split("vol:/b:nocopy,z,whatever"), "vol|/b");
  EXPECT_EQ(Split("/data"), "|/data");
  EXPECT_EQ(Split("/d"), "|/d");
  EXPECT_EQ(Split("a:"), "|a:");
  EXPECT_EQ(Split("d:/data"), "|d:/data");
  EXPECT_EQ(Split("C:\\x:/data"), "C:\\x|/data");
  EXPECT_EQ(Split("C:\\x:d:/data:ro"), "C:\\x|d:/data|ro");
}

TEST_F(ComposeVolumesTest, SpecErrorsAreComposesOwn) {
  EXPECT_EQ(Split(""), "invalid empty volume spec");
  EXPECT_EQ(Split(":/data"), "invalid spec: :/data: empty section between colons");
  EXPECT_EQ(Split("./a::/b"), "invalid spec: ./a::/b: empty section between colons");
  EXPECT_EQ(Split("./a:/b:"), "invalid spec: ./a:/b:: empty section between colons");
  EXPECT_EQ(Split("./a:/b:ro:z"), "invalid spec: ./a:/b:ro:z: too many colons");
}

TEST_F(ComposeVolumesTest, ShortSyntax) {
  EXPECT_EQ(Volumes("['./a.db:/app/a.db']"), "bind /p/idv/a.db /app/a.db");
  EXPECT_EQ(Volumes("['../x:/y/:ro']"), "bind /p/x /y ro");
  EXPECT_EQ(Volumes("['/srv/./x:/y:rw,z,unknown']"), "bind /srv/x /y");
  EXPECT_EQ(Volumes("['~/x:/y']"), "bind /home/me/x /y");
  EXPECT_EQ(Volumes("['/y']"), "volume  /y");
  EXPECT_EQ(Volumes("['.:/y']"), "bind /p/idv /y");
}

TEST_F(ComposeVolumesTest, ShortSyntaxErrorsHavePositions) {
  EXPECT_EQ(VolumeFailure("['./a::/b']").kind, "compose.value");
  EXPECT_EQ(VolumeFailure("['./a::/b']").where, "/p/idv/compose.yml:1:38");
  EXPECT_EQ(VolumeFailure("./a:/b").kind, "compose.type");
  EXPECT_EQ(VolumeFailure("[[a]]").kind, "compose.type");
  EXPECT_EQ(VolumeFailure("['${NOPE}:/b']").hint,
            "set NOPE in .env, or write a default: ${NOPE:-./data}");
}

TEST_F(ComposeVolumesTest, HomeMustBeKnownForATilde) {
  surroundings_.home.clear();
  EXPECT_EQ(VolumeFailure("['~/x:/y']").kind, "compose.value");
}

TEST_F(ComposeVolumesTest, LongSyntax) {
  EXPECT_EQ(Volumes("[{type: bind, source: data, target: /d/, read_only: true}]"),
            "bind /p/idv/data /d ro");
  EXPECT_EQ(Volumes("[{type: volume, source: vol, target: /d}]", "volumes: {vol: }"),
            "volume idv_vol /d");
  EXPECT_EQ(Volumes("[{type: volume, target: /d}]"), "volume  /d");
  EXPECT_EQ(Mount("[{type: volume, target: /d, volume: {subpath: a/b}}]").subpath, "a/b");
}

TEST_F(ComposeVolumesTest, MissingSourceDependsOnHowItIsWritten) {
  using MissingSource = ComposeMount::MissingSource;
  EXPECT_EQ(Mount("['./a:/b']").missing_source, MissingSource::kCreateDirectory);
  const std::string bind = "[{type: bind, source: ./a, target: /b";
  EXPECT_EQ(Mount(bind + "}]").missing_source, MissingSource::kDependsOnVersion);
  EXPECT_EQ(Mount(bind + ", bind: {create_host_path: false}}]").missing_source,
            MissingSource::kFail);
  EXPECT_EQ(Mount(bind + ", bind: {create_host_path: true}}]").missing_source,
            MissingSource::kCreateDirectory);
}

TEST_F(ComposeVolumesTest, LongSyntaxErrors) {
  EXPECT_EQ(VolumeFailure("[{type: bnid, source: a, target: /b}]").message,
            "a volume's type must be one of the following: bind, volume, tmpfs, image, npipe, "
            "cluster; not "
            "\"bnid\", did you mean \"bind\"?");
  EXPECT_EQ(VolumeFailure("[{type: bind, source: a}]").message,
            "service volume is missing a mount target");
  EXPECT_EQ(VolumeFailure("[{type: bind, target: /b}]").message,
            "invalid mount config for type \"bind\": field Source must not be empty");
  EXPECT_EQ(VolumeFailure("[{source: a, target: /b}]").message, "a volume's type is required");
  EXPECT_EQ(VolumeFailure("[{type: [x], target: /b}]").kind, "compose.type");
}

TEST_F(ComposeVolumesTest, WhatLooksLikeAMistakeIsAFinding) {
  EXPECT_EQ(Volumes("['d:/data']"), "volume  d:/data");
  EXPECT_EQ(Codes(), "one-letter-volume-name");
  EXPECT_EQ(Volumes("['./a:data']"), "bind /p/idv/a data");
  EXPECT_EQ(Codes(), "mount-target-not-absolute");
  EXPECT_EQ(Volumes("['~bob/x:/b']"), "bind /home/me/bob/x /b");
  EXPECT_EQ(Codes(), "tilde-user-not-supported");
  EXPECT_EQ(Volumes("['C:\\data:/b']"), "bind C:\\data /b");
  EXPECT_EQ(Codes(), "windows-path");
}

TEST_F(ComposeVolumesTest, TargetsAreCleaned) {
  EXPECT_EQ(CleanContainerPath("/a//b/../c/."), "/a/c");
  EXPECT_EQ(CleanContainerPath("a/./b"), "a/b");
  EXPECT_EQ(CleanContainerPath("."), ".");
  EXPECT_EQ(CleanContainerPath("/"), "/");
  EXPECT_EQ(CleanContainerPath(""), "");
}

TEST_F(ComposeVolumesTest, SwitchesAreReadAsYamlOneDoes) {
  for (const char* yes : {"true", "True", "yes", "on", "y", "1"}) EXPECT_TRUE(IsComposeTrue(yes));
  for (const char* no : {"", "false", "no", "0", "x"}) EXPECT_FALSE(IsComposeTrue(no));
}

}  // namespace
}  // namespace drover::environments
