#include "environments/urls/file_uri.h"

#include <gtest/gtest.h>
#include <string>

#include "tests/unit/environments/fake_files.h"

namespace drover::environments {
namespace {

FileUri FileUriOf(std::string_view text) { return ParseFileUri(text, "/p/drover.yaml:2:5"); }
std::string FileUriError(std::string_view text) {
  const Error error = ErrorOf([&] { return FileUriOf(text); });
  return error.kind + ": " + error.hint;
}

TEST(FileUriTest, AuthorityIsNoneOrLocalhostInLowerCase) {
  EXPECT_EQ(FileUriOf("file:x.db").path, "x.db");
  EXPECT_EQ(FileUriOf("file:/srv/x.db").path, "/srv/x.db");
  EXPECT_EQ(FileUriOf("file:///srv/x.db").path, "/srv/x.db");
  EXPECT_EQ(FileUriOf("file://localhost/srv/x.db").path, "/srv/x.db");
  EXPECT_EQ(FileUriError("file://LOCALHOST/x.db"),
            "url.host: file:LOCALHOST/x.db or file:///LOCALHOST/x.db");
  EXPECT_EQ(FileUriError("file://data/x.db"), "url.host: file:data/x.db or file:///data/x.db");
}

TEST(FileUriTest, EscapesAreDecodedAndTheFragmentIsDropped) {
  EXPECT_EQ(FileUriOf("file:a%20b%2Fc.db#part").path, "a b/c.db");
  EXPECT_EQ(FileUriOf("file:100%25.db").path, "100%.db");
  EXPECT_EQ(FileUriOf("file:100%.db").path, "100%.db");
  EXPECT_EQ(FileUriOf("file:%zz.db").path, "%zz.db");
  EXPECT_TRUE(HasPercentEscape("a%2eb"));
  EXPECT_FALSE(HasPercentEscape("100%"));
}

TEST(FileUriTest, MemoryHasThreeSpellings) {
  EXPECT_TRUE(FileUriOf("file::memory:").memory);
  EXPECT_TRUE(FileUriOf("file:x?mode=memory&cache=shared").memory);
  EXPECT_TRUE(FileUriOf("file:/x?vfs=memdb").memory);
  EXPECT_FALSE(FileUriOf("file:x?mode=rwc").memory);
  EXPECT_EQ(FileUriOf("file:?cache=shared").path, "");
}

TEST(FileUriTest, ParametersThatSqliteRefusesAreErrors) {
  EXPECT_EQ(FileUriError("file:x.db?mode=readonly"),
            "url.parameter: mode= one of: ro, rw, rwc, memory");
  EXPECT_EQ(FileUriError("file:x.db?cache=on"), "url.parameter: cache= one of: shared, private");
  EXPECT_EQ(FileUriOf("file:x.db?unknown=1").path, "x.db");
}

}  // namespace
}  // namespace drover::environments
