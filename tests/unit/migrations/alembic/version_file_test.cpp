#include "migrations/alembic/version_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/text.h"
#include "migrations/checksum.h"
#include "migrations/native_format.h"

namespace drover::migrations {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string kVersionPath = "/p/versions/a1_first.py";

Revision ReadVersion(std::string_view text) {
  return ParseVersionFile(text, kVersionPath).revision;
}

Error VersionFailure(std::string_view text, const std::string& path = kVersionPath) {
  try {
    (void)ParseVersionFile(text, path);
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "no error for: " << text;
  return {Code::kInternal, "", ""};
}

/// The parents that one line after "revision = 'r'" gives.
std::vector<RevisionId> ParentsOf(std::string_view line) {
  return ReadVersion(Concat("revision = 'r'\n", line, "\n")).down_revision;
}

constexpr std::string_view kTemplate =
    "\"\"\"Add a note\n\nRevision ID: aaaa00000002\nRevises: 981cbaae32a1\n"
    "Create Date: 2026-02-12 23:20:18.123456\n\n\"\"\"\n"
    "from typing import Sequence, Union\n\nfrom alembic import op\nimport sqlalchemy as sa\n\n\n"
    "# revision identifiers, used by Alembic.\n"
    "revision: str = 'aaaa00000002'\n"
    "down_revision: Union[str, Sequence[str], None] = '981cbaae32a1'\n"
    "branch_labels: Union[str, Sequence[str], None] = None\n"
    "depends_on: Union[str, Sequence[str], None] = None\n\n\n"
    "def upgrade() -> None:\n    \"\"\"Upgrade schema.\"\"\"\n    op.execute('x')\n\n\n"
    "def downgrade() -> None:\n    op.execute('y')\n";

TEST(VersionFileTest, ReadsWhatTheTemplateWrites) {
  const ParsedMigration parsed = ParseVersionFile(kTemplate, kVersionPath);
  const Revision& revision = parsed.revision;
  EXPECT_EQ(revision.format, Format::kAlembic);
  EXPECT_EQ(revision.id, "aaaa00000002");
  EXPECT_THAT(revision.down_revision, ElementsAre("981cbaae32a1"));
  EXPECT_THAT(revision.branch_labels, IsEmpty());
  EXPECT_THAT(revision.depends_on, IsEmpty());
  EXPECT_EQ(revision.message, "Add a note");
  EXPECT_EQ(revision.created, "2026-02-12 23:20:18.123456");
  EXPECT_EQ(revision.header_line, 15U);
  EXPECT_EQ(revision.raw_sha256, Sha256(kTemplate));
  EXPECT_TRUE(revision.down.has_value());
  EXPECT_FALSE(revision.idle_down);
  EXPECT_FALSE(HasEmptyUp(revision));
  EXPECT_THAT(parsed.remarks, IsEmpty());
}

TEST(VersionFileTest, ReadsEverySpellingOfParents) {
  EXPECT_THAT(ParentsOf("down_revision = None"), IsEmpty());
  EXPECT_THAT(ParentsOf("down_revision = ()"), IsEmpty());
  for (const std::string_view one :
       {"down_revision = 'a'",
        "down_revision=\"a\"",
        "down_revision = ('a')",
        "down_revision = ('a',)",
        "down_revision = 'a',",
        "down_revision = ['a']",
        "down_revision = {'a'}",
        "down_revision = r'a'",
        "down_revision = u'a'",
        "down_revision = '''a'''",
        "down_revision = \"\"\"a\"\"\"",
        "down_revision = '\\x61'",
        "down_revision = '\\141'",
        "down_revision = '\\u0061'",
        "down_revision = '' 'a'",
        "down_revision = \\\n    'a'",
        "down_revision = (\n  # the first\n  'a'  # pragma\n)",
        "down_revision: str | None = 'a'",
        "down_revision : Union[str, None] = 'a'",
        "down_revision = 'b'\ndown_revision = 'a'",
        "x = down_revision = 'a'",
        "down_revision = depends_on = 'a'",
        "x, down_revision = 1, 'a'",
        "(x, down_revision) = [f(), 'a']",
        "x = 1; down_revision = 'a'",
        "down_revision = 'a'; x = 1",
        "down_revision = 'a'  # type: ignore",
        "down_revision = 'b'\nif x:\n    y = 1\n    z.down_revision = 1\ndown_revision = 'a'",
        "x.down_revision = 'b'; down_revision = 'a'; y['down_revision'] = 'c'",
        "down_revision = 'a'\ndown_revision: str\ndown_revision == 'b'\ndown_revision <= 'b'",
        "class C:\n    down_revision = 'b'\ndown_revision = 'a'",
        "down_revision = 'a'\ndef f(down_revision='b'):\n    down_revision = 'c'",
        "x = dict(\ndown_revision='b'\n)\ndown_revision = 'a'"}) {
    EXPECT_THAT(ParentsOf(one), ElementsAre("a")) << one;
  }
  for (const std::string_view two :
       {"down_revision = ('a', 'b')", "down_revision = 'a', 'b'", "down_revision = ['a', 'b',]",
        "down_revision = {'a', 'b'}", "down_revision = (\n    'a',\n    'b',\n)",
        "down_revision = ('a', 'b', 'a')", "down_revision: Union[str, None] = ('a', 'b')",
        "down_revision = ('a',  # one\n                 \"b\")",
        "down_revision, x = ('a', 'b'), None"}) {
    EXPECT_THAT(ParentsOf(two), ElementsAre("a", "b")) << two;
  }
}

TEST(VersionFileTest, LineEndsAndAByteOrderMarkDoNotMatter) {
  EXPECT_THAT(ParentsOf("\r\ndown_revision = 'a'\r"), ElementsAre("a"));
  const Revision revision = ReadVersion(
      "\xEF\xBB\xBF'''Doc\r\n\r\nRevises: a\r\n'''\r\nrevision = 'r'\r\n"
      "down_revision = 'a'");
  EXPECT_EQ(revision.id, "r");
  EXPECT_EQ(revision.message, "Doc");
  EXPECT_EQ(revision.header_line, 5U);
}

TEST(VersionFileTest, ReadsLabelsAndDependencies) {
  const Revision revision = ReadVersion(
      "revision, down_revision = \"0029\", \"0028\"\n"
      "branch_labels = depends_on = None\n"
      "branch_labels = ('x', 'y')\ndepends_on = ('d',)\n");
  EXPECT_EQ(revision.id, "0029");
  EXPECT_THAT(revision.branch_labels, ElementsAre("x", "y"));
  EXPECT_THAT(revision.depends_on, ElementsAre("d"));
}

TEST(VersionFileTest, AnAnswerFillsInWhatOnlyPythonCanTell) {
  const VersionAnswer answer{.revision = "other",
                             .down_revision = {"a", "b"},
                             .depends_on = {"d"},
                             .branch_labels = {"expand"}};
  const Revision revision =
      ParseVersionFile(
          "revision = 'r'\ndown_revision = PARENTS\nbranch_labels = (cli.EXPAND,)\n"
          "depends_on = ('x',)\ndef upgrade():\n    op.x()\n",
          kVersionPath, answer)
          .revision;
  EXPECT_EQ(revision.id, "r");
  EXPECT_THAT(revision.down_revision, ElementsAre("a", "b"));
  EXPECT_THAT(revision.branch_labels, ElementsAre("expand"));
  EXPECT_THAT(revision.depends_on, ElementsAre("x")) << "what is a literal counts";
}

TEST(VersionFileTest, WhatOnlyPythonCanTellIsAnErrorAtItsLine) {
  for (const std::string_view value :
       {"get_parent(revision)", "cli.EXPAND", "('a', PARENT)", "f'a'", "b'a'", "'a' + 'b'",
        "'a' if x else 'b'", "('a', None)", "{'a': 1}", "[x for x in 'ab']", "('a', ('b',))",
        "'\\N{DIGIT ONE}'", "5", "True"}) {
    const Error error = VersionFailure(Concat("revision = 'r'\n\ndown_revision = ", value, "\n"));
    EXPECT_EQ(error.kind, "alembic.not_literal") << value;
    EXPECT_EQ(error.where, kVersionPath + ":3:1") << value;
    EXPECT_THAT(error.message, HasSubstr("down_revision")) << value;
  }
  for (const std::string_view lines :
       {"down_revision += 'b'", "if x:\n    down_revision = 'b'", "if x: down_revision = 'b'",
        "try:\n    from x import y\nexcept E:\n    down_revision = 'b'",
        "from x import down_revision", "from x import y as down_revision", "down_revision, x = f()",
        "down_revision, *x = 'a', 'b'"}) {
    EXPECT_THAT(
        VersionFailure(Concat("revision = 'r'\ndown_revision = 'a'\n", lines, "\n")).message,
        HasSubstr("down_revision"))
        << lines;
  }
  EXPECT_THAT(VersionFailure("revision = None\ndown_revision = None\n").message,
              HasSubstr("revision is set to something"));
}

TEST(VersionFileTest, WhereAlembicStopsDroverDoes) {
  const Error helper = VersionFailure("def helper():\n    revision = 1\n", "/p/versions/tools.py");
  EXPECT_THAT(helper.message, HasSubstr("tools.py sets no revision: it is no migration"));
  EXPECT_EQ(helper.where, "/p/versions/tools.py:1:1");
  EXPECT_THAT(VersionFailure("revision = 'r'\n").message, HasSubstr("sets no down_revision"));
  EXPECT_THAT(VersionFailure("down_revision = 'r'\n").message, HasSubstr("sets no revision"));
  EXPECT_THAT(VersionFailure("revision: str\ndown_revision = None\n").message,
              HasSubstr("sets no revision"));
  EXPECT_EQ(VersionFailure("revision = 'a@b'\ndown_revision = None\n").kind, "illegal_character");
}

TEST(VersionFileTest, AFileNamedByItsIdNeedsNoRevision) {
  EXPECT_EQ(ParseVersionFile("down_revision = None\n", "/p/versions/1975ea83b712.py").revision.id,
            "1975ea83b712");
}

TEST(VersionFileTest, SeesWhetherItDoesSomething) {
  const auto idle = [](std::string_view rest) {
    return HasEmptyUp(ReadVersion(Concat("revision = 'r'\ndown_revision = None\n", rest)));
  };
  EXPECT_TRUE(idle("def upgrade():\n    # later\n    pass\ndef downgrade():\n    op.x()\n"));
  EXPECT_FALSE(idle("def upgrade():\n    op.drop_table('x')\ndef downgrade():\n    pass\n"));
  EXPECT_FALSE(idle("from x import upgrade\n"));
  EXPECT_FALSE(HasEmptyUp(
      ReadVersion("revision = 'r'\ndown_revision = ('a', 'b')\ndef upgrade():\n    pass\n")));
}

TEST(VersionFileTest, SeesWhetherThereIsAWayBack) {
  const auto with = [](std::string_view rest) {
    return ReadVersion(Concat("revision = 'r'\ndown_revision = None\n", rest));
  };
  EXPECT_FALSE(with("def upgrade():\n    pass\n").down);
  EXPECT_FALSE(with("class C:\n    def downgrade(self):\n        pass\n").down);
  for (const std::string_view idle :
       {"def downgrade():\n    pass\n", "def downgrade() -> None: pass", "def downgrade(): ...\n",
        "def downgrade():\n    '''Nothing.'''\n    # no way\n    return None\n"}) {
    EXPECT_TRUE(with(idle).down && with(idle).idle_down) << idle;
  }
  for (const std::string_view busy :
       {"def downgrade():\n    pass\n    op.drop_table('x')\n", "downgrade = upgrade\n",
        "from x import downgrade\n", "if x:\n    def downgrade():\n        pass\n",
        "def downgrade():\n    raise NotImplementedError\n"}) {
    EXPECT_TRUE(with(busy).down && !with(busy).idle_down) << busy;
  }
}

TEST(VersionFileTest, TheDocstringIsForPeopleOnly) {
  const ParsedMigration stale = ParseVersionFile(
      "\"\"\"A message\nof two lines\n\nRevises: old (see ticket)\n\"\"\"\n"
      "revision = 'r'\n\ndown_revision = 'a'\n",
      kVersionPath);
  EXPECT_EQ(stale.revision.message, "A message of two lines");
  EXPECT_THAT(stale.revision.down_revision, ElementsAre("a"));
  ASSERT_EQ(stale.remarks.size(), 1U);
  EXPECT_EQ(stale.remarks[0].kind, "alembic-docstring-parent");
  EXPECT_EQ(stale.remarks[0].where, kVersionPath + ":8:1");
  const auto remarks = [](std::string_view doc, std::string_view parents) {
    return ParseVersionFile(
               Concat("'''m\n\n", doc, "\n'''\nrevision = 'r'\ndown_revision = ", parents, "\n"),
               kVersionPath)
        .remarks.size();
  };
  EXPECT_EQ(remarks("Revises: b, a", "('a', 'b')"), 0U);
  EXPECT_EQ(remarks("Revises: ", "None"), 0U);
  EXPECT_EQ(remarks("Revises: None", "None"), 0U);
  EXPECT_EQ(remarks("Revises: a", "None"), 1U);
  EXPECT_EQ(ReadVersion("x = 1\n'''Late'''\nrevision = 'r'\ndown_revision = None\n").message, "");
}

TEST(VersionFileTest, NamesAreAlembics) {
  EXPECT_TRUE(IsVersionFileName("a1_first.py"));
  EXPECT_TRUE(IsVersionFileName(".hidden.py"));
  for (const char* name : {"__init__.py", "__init__x.py", ".#a1.py", "a.pyc", "a.sql", "README"}) {
    EXPECT_FALSE(IsVersionFileName(name)) << name;
  }
}

TEST(VersionFileTest, NoTextMakesItFailOtherwise) {
  for (std::size_t length = 0; length < kTemplate.size(); ++length) {
    try {
      (void)ParseVersionFile(kTemplate.substr(0, length), kVersionPath);
    } catch (const Error& error) {
      EXPECT_EQ(error.code, Code::kInvalid) << length;
    }
  }
  for (const std::string_view text :
       {"(", ")))", "'", "'''", "\\", "revision =", "revision = (", "revision: ", "= = =", ",",
        "revision, = ", "(revision,) = ()", "[] = revision", "def downgrade(",
        "def downgrade():", "from", "revision = ,", "\xEF\xBB\xBF", "; ; revision = 'a'"}) {
    EXPECT_EQ(VersionFailure(text).code, Code::kInvalid) << text;
  }
}

}  // namespace
}  // namespace drover::migrations
