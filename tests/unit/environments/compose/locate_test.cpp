#include "environments/compose/locate.h"

#include <gtest/gtest.h>
#include <string>

#include "tests/unit/environments/compose/fixture.h"

namespace drover::environments {
namespace {

class ComposeLocateTest : public ComposeFixture {
 protected:
  ComposePlace Locate(std::string_view volumes, const std::string& path,
                      std::string_view more = "") {
    File("compose.yml", Concat("services:\n  app: {image: x, volumes: ", volumes, "}\n", more));
    project_ = Project();
    return LocateInService(project_, FindComposeService(project_, reference_), path, surroundings_,
                           "/p/idv", "drover upgrade", files_);
  }
  std::string HostOf(std::string_view volumes, const std::string& path,
                     std::string_view more = "") {
    return Locate(volumes, path, more).host;
  }

  ComposeProject project_;
};

TEST_F(ComposeLocateTest, LongestMountByWholeComponentsCovers) {
  const std::string volumes = "['./one:/app', './two:/app/data']";
  EXPECT_EQ(HostOf(volumes, "/app/data/a.db"), "/p/idv/two/a.db");
  EXPECT_EQ(HostOf(volumes, "/app/data.db"), "/p/idv/one/data.db");
  EXPECT_EQ(HostOf(volumes, "/app/data"), "/p/idv/two");
  EXPECT_EQ(HostOf("['./one:/']", "/x/a.db"), "/p/idv/one/x/a.db");
}

TEST_F(ComposeLocateTest, AnonymousVolumeMasksTheBindBelowIt) {
  const ComposePlace place = Locate("['./:/app', /app/data]", "/app/data/a.db");
  EXPECT_EQ(CodesOf(place.findings), "database-in-anonymous-volume");
  EXPECT_EQ(place.host, "");
  EXPECT_EQ(place.error->kind, "compose.anonymous_volume");
}

TEST_F(ComposeLocateTest, CertainWhenEveryStepIsWritten) {
  files_.PutDirectory("/p/idv/data");
  const ComposePlace place = Locate("['./data:/data']", "/data/a.db");
  EXPECT_EQ(place.confidence, Confidence::kCertain);
  EXPECT_EQ(CodesOf(place.findings), "");
  EXPECT_FALSE(place.error);
}

TEST_F(ComposeLocateTest, MissingSourceSaysWhatWillHappen) {
  const ComposePlace created = Locate("['./data:/data']", "/data/a.db");
  ASSERT_EQ(CodesOf(created.findings), "bind-source-missing");
  EXPECT_EQ(created.findings[0].message,
            "data does not exist yet: the engine would create a directory there, owned by root");
  EXPECT_EQ(created.findings[0].fix, "mkdir -p /p/idv/data");
  EXPECT_EQ(created.findings[0].where, "/p/idv/compose.yml:2:29");
  const std::string bind = "[{type: bind, source: ./data, target: /data";
  EXPECT_EQ(CodesOf(Locate(bind + "}]", "/data/a.db").findings), "bind-source-missing");
  EXPECT_EQ(CodesOf(Locate(bind + ", bind: {create_host_path: false}}]", "/data/a.db").findings),
            "bind-source-missing-will-fail");
}

TEST_F(ComposeLocateTest, SingleFileIsAFindingUnlessItIsADirectory) {
  File("a.db", "x");
  EXPECT_EQ(CodesOf(Locate("['./a.db:/app/a.db']", "/app/a.db").findings), "bind-single-file");
  files_.PutDirectory("/p/idv/b.db");
  EXPECT_EQ(CodesOf(Locate("['./b.db:/app/b.db']", "/app/b.db").findings), "");
}

TEST_F(ComposeLocateTest, AdviceDoesNotHideTheApplication) {
  File("a.db", "x");
  EXPECT_EQ(Locate("['./a.db:/app/a.db']", "/app/a.db").findings[0].fix,
            "mount a directory: \"./data:/app/data\", and let the URL be sqlite:////app/data/a.db");
  EXPECT_EQ(Locate("[]", "/app/data/a.db").error->hint,
            "mount its directory: volumes: [\"./data:/app/data\"]");
  EXPECT_EQ(Locate("[], working_dir: /app", "/app/a.db").error->hint,
            "mount a directory: \"./data:/app/data\", and let the URL be sqlite:////app/data/a.db");
  EXPECT_EQ(Locate("['./b.db:/app/b.db']", "/app/b.db").findings[0].fix, "drover upgrade");
}

TEST_F(ComposeLocateTest, UnreadableVolumeIsNamedWithItsPath) {
  files_.PutDirectory("/var/lib/docker");
  files_.Forbid("/var/lib/docker/volumes");
  const ComposePlace place = Locate("['data:/data']", "/data/a.db", "volumes: {data: }");
  EXPECT_EQ(place.host, "/var/lib/docker/volumes/idv_data/_data/a.db");
  EXPECT_EQ(place.confidence, Confidence::kUnknown);
  EXPECT_EQ(CodesOf(place.findings), "named-volume-needs-engine");
  EXPECT_EQ(place.error->kind, "compose.named_volume");
  EXPECT_EQ(place.error->message,
            "/data/a.db of service \"app\" is in the volume \"idv_data\": its directory "
            "/var/lib/docker/volumes/idv_data/_data cannot be read by you, only by root or the "
            "container engine");
}

TEST_F(ComposeLocateTest, VolumeThatIsNotThereIsSaidToBeNotThere) {
  const ComposePlace place = Locate("['data:/data']", "/data/a.db", "volumes: {data: }");
  EXPECT_EQ(place.host, "/var/lib/docker/volumes/idv_data/_data/a.db");
  EXPECT_NE(place.error->message.find("The volume is not created yet"), std::string::npos);
}

TEST_F(ComposeLocateTest, ReadableVolumeIsLikely) {
  const auto host = [&](const std::string& directory) {
    files_ = FakeFiles();
    files_.PutDirectory(directory + "/idv_data/_data");
    const ComposePlace place =
        Locate("[{type: volume, source: data, target: /data, volume: {subpath: s}}]", "/data/a.db",
               "volumes: {data: }");
    EXPECT_EQ(place.confidence, Confidence::kLikely);
    EXPECT_EQ(CodesOf(place.findings), "");
    EXPECT_FALSE(place.error);
    return place.host;
  };
  EXPECT_EQ(host("/var/lib/docker/volumes"), "/var/lib/docker/volumes/idv_data/_data/s/a.db");
  EXPECT_EQ(host("/home/me/.local/share/docker/volumes"),
            "/home/me/.local/share/docker/volumes/idv_data/_data/s/a.db");
  EXPECT_EQ(host("/home/me/.local/share/containers/storage/volumes"),
            "/home/me/.local/share/containers/storage/volumes/idv_data/_data/s/a.db");
  EXPECT_EQ(host("/var/lib/containers/storage/volumes"),
            "/var/lib/containers/storage/volumes/idv_data/_data/s/a.db");
}

TEST_F(ComposeLocateTest, TheEnginesOwnConfigurationSaysWhereVolumesAre) {
  const auto host = [&](const std::string& settings) {
    files_ = FakeFiles();
    files_.Put("/etc/docker/daemon.json", settings);
    files_.PutDirectory("/mnt/docker/volumes/idv_data/_data");
    return Locate("['data:/data']", "/data/a.db", "volumes: {data: }").host;
  };
  EXPECT_EQ(host("{\n\t\"data-root\": \"/mnt/docker\"\n}\n"),
            "/mnt/docker/volumes/idv_data/_data/a.db");
  EXPECT_EQ(host("{\"debug\": true}"), "/var/lib/docker/volumes/idv_data/_data/a.db");
  EXPECT_EQ(host("{\"data-root\": 7"), "/var/lib/docker/volumes/idv_data/_data/a.db");
}

TEST_F(ComposeLocateTest, VolumeNameCannotLeadElsewhere) {
  const ComposePlace place =
      Locate("['data:/data']", "/data/a.db", "volumes: {data: {name: ../../home/me}}");
  EXPECT_EQ(place.host, "");
  EXPECT_EQ(place.error->kind, "compose.volume_name");
}

TEST_F(ComposeLocateTest, VolumesOfOtherKindsAreNotHere) {
  const auto codes = [&](std::string_view volume) {
    const ComposePlace place =
        Locate("['data:/data']", "/data/a.db", Concat("volumes: {data: ", volume, "}"));
    EXPECT_EQ(place.host, "");
    EXPECT_TRUE(place.error);
    return CodesOf(place.findings);
  };
  EXPECT_EQ(codes("{driver: rclone}"), "named-volume-needs-engine");
  EXPECT_EQ(codes("{driver_opts: {type: nfs, o: addr=h, device: ':/x'}}"),
            "named-volume-needs-engine");
  EXPECT_EQ(codes("{driver_opts: {type: tmpfs, device: tmpfs}}"), "database-on-tmpfs");
}

TEST_F(ComposeLocateTest, VolumeThatIsABindNeedsNoEngine) {
  files_.PutDirectory("/srv/x");
  EXPECT_EQ(HostOf("['data:/data']", "/data/a.db",
                   "volumes: {data: {driver_opts: {type: none, o: bind, device: /srv/x}}}"),
            "/srv/x/a.db");
}

TEST_F(ComposeLocateTest, WindowsPathIsNowhere) {
  const ComposePlace place = Locate("['C:\\data:/data']", "/data/a.db");
  EXPECT_EQ(place.error->kind, "compose.windows_path");
  EXPECT_EQ(place.host, "");
}

TEST_F(ComposeLocateTest, ImageMountIsNowhere) {
  EXPECT_EQ(Locate("[{type: image, source: x, target: /data}]", "/data/a.db").error->kind,
            "compose.unsupported");
}

TEST_F(ComposeLocateTest, DatabaseOfSeveralServicesIsAFinding) {
  files_.PutDirectory("/p/idv/real");
  files_.Link("/p/idv/link", "/p/idv/real");
  const std::string more =
      "  worker: {image: x, volumes: ['./link/a.db:/w/a.db']}\n"
      "  far: {image: x, volumes: ['./real/b:/f']}\n"
      "  off: {image: x, profiles: [p], volumes: ['./real:/f']}\n";
  const ComposePlace place = Locate("['./real:/data']", "/data/a.db", more);
  ASSERT_EQ(CodesOf(place.findings), "database-shared-by-services");
  EXPECT_EQ(place.findings[0].message, "the database of service \"app\" is also mounted by worker");
  files_.PutDirectory("/var/lib/docker/volumes/idv_vol/_data");
  EXPECT_EQ(CodesOf(Locate("['vol:/data']", "/data/a.db",
                           "  worker: {image: x, volumes: ['vol:/w']}\nvolumes: {vol: }")
                        .findings),
            "database-shared-by-services");
}

TEST_F(ComposeLocateTest, VolumesFromIsNotFollowed) {
  File("compose.yml",
       "services: {app: {image: x, volumes_from: [db], volumes: ['./:/data']}, db: {image: x}}");
  project_ = Project();
  const ComposeService& service = *project_.Find("app");
  const auto locate = [&](const std::string& path) {
    return LocateInService(project_, service, path, surroundings_, "/p/idv", "drover upgrade",
                           files_);
  };
  EXPECT_EQ(locate("/data/a.db").confidence, Confidence::kLikely);
  EXPECT_EQ(CodesOf(locate("/other/a.db").findings), "volumes-from-ignored");
  EXPECT_EQ(locate("/other/a.db").error->where, "/p/idv/compose.yml:1:42");
}

}  // namespace
}  // namespace drover::environments
