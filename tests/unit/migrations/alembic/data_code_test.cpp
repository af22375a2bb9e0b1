#include "migrations/alembic/data_code.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace drover::migrations {
namespace {

/// "line kind", one each; lines of downgrade() with a "d".
std::vector<std::string> CodeLines(std::string_view source) {
  std::vector<std::string> found;
  for (const DataCodeLine& each : FindDataCode(source)) {
    found.push_back(Concat(each.line,
                           each.kind == DataCodeLine::Kind::kRows ? " rows" : " connection",
                           each.in_downgrade ? " d" : ""));
  }
  return found;
}

using CodeTexts = std::vector<std::string>;

TEST(DataCodeTest, WhatGoesThroughAConnectionIsFound) {
  EXPECT_EQ(CodeLines("from alembic import op\n"
                      "def upgrade():\n"
                      "    connection = op.get_bind()\n"
                      "    for row in connection.execute(\n"
                      "            sa.text('SELECT 1')).fetchall():\n"
                      "        pass\n"
                      "def downgrade():\n"
                      "    op.get_bind().execute('DELETE')\n"),
            (CodeTexts{"3 connection", "4 rows", "5 rows", "8 rows d"}));
}

TEST(DataCodeTest, OperationsAreWrittenAsSqlByAlembic) {
  EXPECT_EQ(CodeLines("def upgrade():\n    op.execute('INSERT INTO t VALUES (1)')\n"
                      "    op.bulk_insert(t, [{'id': 1}])\n    batch_op.execute('x')\n"),
            CodeTexts{});
}

TEST(DataCodeTest, NothingIsSaidOfAFileThatTakesNoConnection) {
  EXPECT_EQ(CodeLines("def upgrade():\n    settings.first()\n    thing.commit()\n"), CodeTexts{});
}

TEST(DataCodeTest, ImportsAndTextsAndCommentsAreNone) {
  EXPECT_EQ(CodeLines("from sqlalchemy.orm import Session\nfrom x import (\n    sessionmaker,\n)\n"
                      "# get_bind().execute()\ns = 'op.get_bind().execute()'\n"),
            CodeTexts{});
}

TEST(DataCodeTest, ASessionCounts) {
  EXPECT_EQ(CodeLines("from sqlalchemy.orm import Session\ndef upgrade():\n"
                      "    session = Session(bind=op.get_bind())\n    session.add_all(rows)\n"
                      "    session.commit()\n"),
            (CodeTexts{"3 connection", "4 rows", "5 rows"}));
}

TEST(DataCodeTest, TheLineIsShown) {
  EXPECT_EQ(FindDataCode("def upgrade():\n\tbind = op.get_bind()  # why\n").front().text,
            "bind = op.get_bind()  # why");
}

}  // namespace
}  // namespace drover::migrations
