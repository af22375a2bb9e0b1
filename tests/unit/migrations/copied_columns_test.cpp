#include "migrations/copied_columns.h"

#include <gtest/gtest.h>

namespace drover::migrations {
namespace {

using Columns = std::map<std::string, std::string>;

TEST(CopiedColumnsTest, ABatchOfAlembicsTellsWhatItRenames) {
  EXPECT_EQ(
      FindCopiedColumns("INSERT INTO _alembic_tmp_t (id, title, \"N\", d) SELECT t.id, t.name AS "
                        "title, CAST(t.n AS INTEGER) AS n, 1 + 2 \nFROM t"),
      (Columns{{"id", "id"}, {"title", "name"}, {"n", "n"}}));
}

TEST(CopiedColumnsTest, OtherFormsTellNothing) {
  EXPECT_EQ(FindCopiedColumns("INSERT INTO u SELECT * FROM t"), Columns{});
  EXPECT_EQ(FindCopiedColumns("INSERT INTO u (a, b) SELECT a FROM t"), Columns{});
  EXPECT_EQ(FindCopiedColumns("INSERT INTO u (a) VALUES (1)"), Columns{});
  EXPECT_EQ(FindCopiedColumns("INSERT INTO u (a) SELECT NULL FROM t"), Columns{});
  EXPECT_EQ(FindCopiedColumns("UPDATE u SET a = (SELECT b FROM t)"), Columns{});
  EXPECT_EQ(FindCopiedColumns(""), Columns{});
}

}  // namespace
}  // namespace drover::migrations
