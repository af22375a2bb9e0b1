#include "migrations/alembic/version_folders.h"

#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include "base/posix.h"
#include "migrations/folder.h"

namespace drover::migrations {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class VersionFoldersTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "version_folders_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    root_ = std::filesystem::canonical(pattern);
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  void Write(const std::string& path, std::string_view text) const {
    MakeDirectories(DirectoryName(Path(path)), 0755);
    std::filesystem::remove(Path(path));
    CreateFile(Path(path), text, 0644);
  }
  [[nodiscard]] std::string Path(const std::string& path) const { return root_ + "/" + path; }
  [[nodiscard]] VersionFolders Find(const std::string& config = {},
                                    const std::string& section = "alembic") const {
    return FindVersionFolders({.root = root_,
                               .config = config.empty() ? config : Path(config),
                               .config_where = "drover.yaml:2:3",
                               .section = section});
  }

  std::string root_;
};

TEST_F(VersionFoldersTest, TheIniInTheRootIsFoundByItself) {
  Write("alembic.ini", "[alembic]\nscript_location = db/alembic\n");
  const VersionFolders found = Find();
  EXPECT_FALSE(found.problem);
  EXPECT_EQ(found.config, Path("alembic.ini"));
  EXPECT_EQ(found.scripts, Path("db/alembic"));
  EXPECT_THAT(found.directories, ElementsAre(Path("db/alembic/versions")));
  EXPECT_THAT(found.inputs, ElementsAre(Path("alembic.ini"), Path("pyproject.toml")));
  EXPECT_EQ(found.script_location, (TextAtLine{"db/alembic", 2}));
  EXPECT_EQ(found.runs_in, root_);
}

TEST_F(VersionFoldersTest, ARelativeLocationBeginsWhereItIs) {
  Write("backend/alembic.ini", "[alembic]\nscript_location = alembic\n");
  Write("backend/alembic/env.py", "");
  EXPECT_EQ(Find("backend/alembic.ini").scripts, Path("backend/alembic"));
  EXPECT_EQ(Find("backend/alembic.ini").runs_in, Path("backend"));
  Write("conf/alembic.ini", "[alembic]\nscript_location = lms/migrations\n");
  Write("lms/migrations/env.py", "");
  EXPECT_EQ(Find("conf/alembic.ini").scripts, Path("lms/migrations"));
  EXPECT_EQ(Find("conf/alembic.ini").runs_in, root_);
}

TEST_F(VersionFoldersTest, HereAndAbsoluteLocationsRunAnywhere) {
  Write("backend/alembic.ini", "[alembic]\nscript_location = %(here)s/db\n");
  const VersionFolders here = Find("backend/alembic.ini");
  EXPECT_EQ(here.scripts, Path("backend/db"));
  EXPECT_EQ(here.script_location, (TextAtLine{"%(here)s/db", 2}));
  EXPECT_EQ(here.runs_in, "");
  Write("backend/alembic.ini", "[alembic]\nscript_location = /srv/db\n");
  EXPECT_THAT(Find("backend/alembic.ini").directories, ElementsAre("/srv/db/versions"));
  EXPECT_EQ(Find("backend/alembic.ini").runs_in, "");
}

TEST_F(VersionFoldersTest, APackageIsSoughtWhereItsModulesAre) {
  Write("alembic.ini", "[alembic]\nscript_location = shop.db:migrations\n");
  EXPECT_EQ(Find().scripts, Path("shop/db/migrations"));
  Write("src/shop/db/migrations/env.py", "");
  EXPECT_EQ(Find().scripts, Path("src/shop/db/migrations"));
  Write("lib/shop/db/migrations/env.py", "");
  Write("alembic.ini",
        "[alembic]\nscript_location = shop.db:migrations\nprepend_sys_path = lib\n"
        "version_locations = shop.db:migrations:a shop.db:migrations:b\n");
  EXPECT_THAT(Find().directories,
              ElementsAre(Path("shop/db/migrations/a"), Path("shop/db/migrations/b")));
  EXPECT_EQ(Find().scripts, Path("lib/shop/db/migrations"));
}

TEST_F(VersionFoldersTest, VersionLocationsAreSplitAsAlembicSplitsThem) {
  const auto with = [&](std::string_view lines) {
    Write("alembic.ini", Concat("[alembic]\nscript_location = %(here)s/db\n", lines, "\n"));
    return Find().directories;
  };
  const auto both = ElementsAre(Path("a"), Path("b c"));
  EXPECT_THAT(with("version_locations = a, b"), ElementsAre(Path("a"), Path("b")));
  EXPECT_THAT(with("version_locations = %(here)s/a b"), ElementsAre(Path("a"), Path("b")));
  EXPECT_THAT(with("version_path_separator = os\nversion_locations = a:b c"), both);
  EXPECT_THAT(with("version_path_separator = :\nversion_locations = a:b c"), both);
  EXPECT_THAT(with("version_path_separator = ;\nversion_locations = a;b c"), both);
  EXPECT_THAT(with("path_separator = newline\nversion_locations =\n  a\n\n  b c\n"), both);
  EXPECT_THAT(
      with("path_separator = os\nversion_path_separator = space\nversion_locations = a:b c"), both);
  EXPECT_THAT(with("version_path_separator = space\nversion_locations = a  b"),
              ElementsAre(Path("a"), Path("b")));
  EXPECT_THAT(with("version_path_separator = comma\nversion_locations = a"), IsEmpty());
  EXPECT_EQ(Find().problem->kind, "alembic.separator");
  EXPECT_EQ(Find().problem->message,
            "'comma' is not a valid value for version_path_separator: Alembic stops there");
  EXPECT_EQ(Find().problem->where, Path("alembic.ini:3:1"));
}

TEST_F(VersionFoldersTest, OfSeveralLocationsThoseThatAreThereCount) {
  Write("alembic.ini", "[alembic]\nscript_location = db\nversion_locations = a, b, c\n");
  EXPECT_EQ(Find().directories.size(), 3U);
  Write("b/x.py", "");
  EXPECT_THAT(Find().directories, ElementsAre(Path("b")));
}

TEST_F(VersionFoldersTest, FoldersBelowAreReadWhenAlembicReadsThem) {
  Write("db/versions/2024/a.py", "");
  Write("db/versions/2025/q1/b.py", "");
  Write("db/versions/__pycache__/a.pyc", "");
  Write("alembic.ini", "[alembic]\nscript_location = db\n");
  EXPECT_THAT(Find().directories, ElementsAre(Path("db/versions")));
  Write("alembic.ini", "[alembic]\nscript_location = db\nrecursive_version_locations = true\n");
  EXPECT_THAT(Find().directories,
              ElementsAre(Path("db/versions"), Path("db/versions/2024"), Path("db/versions/2025"),
                          Path("db/versions/2025/q1")));
}

TEST_F(VersionFoldersTest, PyprojectIsReadAloneAndBesideTheIni) {
  Write("pyproject.toml",
        "[project]\nname = \"x\"\n[tool.alembic]\nscript_location = \"%(here)s/db\"\n"
        "version_locations = [\n  \"%(here)s/a\",  # one\n  'b',\n]\n");
  EXPECT_EQ(Find().config, Path("pyproject.toml"));
  EXPECT_THAT(Find().directories, ElementsAre(Path("a"), Path("b")));
  Write("alembic.ini", "[alembic]\nsqlalchemy.url = sqlite:///x.db\n");
  EXPECT_EQ(Find().config, Path("alembic.ini"));
  EXPECT_EQ(Find().scripts, Path("db"));
  EXPECT_THAT(Find("alembic.ini").directories, ElementsAre(Path("a"), Path("b")));
}

TEST_F(VersionFoldersTest, WithoutALocationTheScriptsAreBesideTheIni) {
  Write("migrations/alembic.ini", "[alembic]\nfile_template = x\n");
  EXPECT_EQ(Find("migrations/alembic.ini").problem->kind, "alembic.no_location");
  Write("migrations/env.py", "");
  EXPECT_THAT(Find("migrations/alembic.ini").directories, ElementsAre(Path("migrations/versions")));
}

TEST_F(VersionFoldersTest, WhatIsMissingIsNamed) {
  EXPECT_EQ(Find().problem->kind, "alembic.no_config");
  EXPECT_EQ(Find().problem->where, "drover.yaml:2:3");
  EXPECT_THAT(Find().problem->hint, HasSubstr("config: backend/alembic.ini"));
  EXPECT_THAT(Find().inputs, ElementsAre(Path("alembic.ini"), Path("pyproject.toml")));
  Write("alembic.ini", "[loggers]\n");
  EXPECT_EQ(Find().problem->kind, "alembic.no_section");
  Write("alembic.ini", "[one]\nscript_location = db\n[two]\nscript_location = db2\n");
  EXPECT_EQ(Find("alembic.ini", "two").scripts, Path("db2"));
}

TEST_F(VersionFoldersTest, TheFilesAreKeptUntilTheyChange) {
  Write("versions/b_second.py", "revision = 'b'\ndown_revision = 'a'\n");
  Write("versions/a_first.py", "revision = 'a'\ndown_revision = None\n");
  Write("versions/__init__.py", "x = 1\n");
  Write("versions/__pycache__/a.cpython-311.py", "x = 1\n");
  Write("versions/c.sql", "x");
  MigrationFolders folders(Format::kAlembic);
  const std::vector<std::string> where{Path("versions")};
  const LoadedMigrations first = folders.Load(where);
  EXPECT_THAT(first.problems, IsEmpty());
  ASSERT_EQ(first.revisions.size(), 2U);
  EXPECT_EQ(first.revisions[0]->id, "a");
  Write("versions/b_second.py", "'''x\n\nRevises: z\n'''\nrevision = 'b'\ndown_revision = 'a'\n");
  const LoadedMigrations second =
      folders.Load(where, std::set<std::string>{Path("versions/b_second.py")});
  EXPECT_NE(second.digest, first.digest);
  EXPECT_EQ(second.remarks.size(), 1U);
  EXPECT_NE(second.revisions[1]->raw_sha256, first.revisions[1]->raw_sha256);
  Write("versions/tools.py", "def helper(): pass\n");
  EXPECT_EQ(folders.Load(where).problems.size(), 1U);
}

}  // namespace
}  // namespace drover::migrations
