#include "environments/survey/alembic_projects.h"

#include <gtest/gtest.h>

namespace drover::environments {
namespace {

std::vector<AlembicProject> Projects(const std::vector<std::string>& directories) {
  std::vector<AlembicProject> projects;
  for (const std::string& directory : directories) projects.push_back({.directory = directory});
  return projects;
}

std::string NearestTo(std::string_view directory) {
  std::vector<AlembicProject> projects = Projects({"a", "a/b", "ab"});
  PutNearestFirst(projects, directory);
  EXPECT_EQ(projects.size(), 3U);
  return projects.front().directory;
}

TEST(AlembicProjectsTest, TheNearestAboveComesFirst) {
  EXPECT_EQ(NearestTo("."), "a");
  EXPECT_EQ(NearestTo("a"), "a");
  EXPECT_EQ(NearestTo("a/x"), "a");
  EXPECT_EQ(NearestTo("a/b/c"), "a/b");
  EXPECT_EQ(NearestTo("a/bc"), "a");
  EXPECT_EQ(NearestTo("ab/c"), "ab");
  EXPECT_EQ(NearestTo("c"), "a");
}

TEST(AlembicProjectsTest, ADirectoryBelongsToTheNearestOne) {
  const auto two = Projects({"a", "b"});
  EXPECT_FALSE(IsOfAnother(two, "a/x"));
  EXPECT_TRUE(IsOfAnother(two, "b"));
  EXPECT_TRUE(IsOfAnother(two, "b/x"));
  EXPECT_FALSE(IsOfAnother(two, "bc"));
  EXPECT_FALSE(IsOfAnother(two, "."));
  // What lies above both may be meant for either.
  EXPECT_FALSE(IsOfAnother(Projects({"a", "."}), "x"));
  EXPECT_TRUE(IsOfAnother(Projects({".", "a"}), "a/x"));
  EXPECT_FALSE(IsOfAnother({}, "x"));
}

}  // namespace
}  // namespace drover::environments
