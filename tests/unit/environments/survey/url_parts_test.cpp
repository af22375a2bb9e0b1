#include "environments/survey/url_parts.h"

#include <gtest/gtest.h>

namespace drover::environments {
namespace {

TEST(UrlPartsTest, ABareNameHasNeitherDirectoryNorScheme) {
  EXPECT_TRUE(IsBareFileName("parts.db"));
  for (const char* value : {"./parts.db", "data/parts.db", "/parts.db", "file:parts.db",
                            "sqlite:///parts.db", "C:parts.db"}) {
    EXPECT_FALSE(IsBareFileName(value)) << value;
  }
}

TEST(UrlPartsTest, ADirectoryIsOneByItsNameAndValue) {
  EXPECT_TRUE(NamesDirectory("DATA_DIR", "./data"));
  EXPECT_TRUE(NamesDirectory("DB_PATH", "/srv/data"));
  EXPECT_FALSE(NamesDirectory("PATH", "/bin"));
  EXPECT_FALSE(NamesDirectory("LOG_DIR", "./logs"));
  EXPECT_FALSE(NamesDirectory("DATA_DIR", "data"));
  EXPECT_FALSE(NamesDirectory("DB_PATH", "./data/x.db"));
  EXPECT_FALSE(NamesDirectory("DATA_URL", "http://x/"));
}

TEST(UrlPartsTest, TheLikelyUrlHasTheDirectoryBeforeTheName) {
  UrlPart part{.variable = "DB_FILE", .value = "x.db"};
  EXPECT_EQ(LikelyUrl(part), "sqlite:///…/x.db");
  part.likely = "data/x.db";
  EXPECT_EQ(LikelyUrl(part), "sqlite:///./data/x.db");
  part.likely = "/srv/x.db";
  EXPECT_EQ(LikelyUrl(part), "sqlite:////srv/x.db");
}

}  // namespace
}  // namespace drover::environments
