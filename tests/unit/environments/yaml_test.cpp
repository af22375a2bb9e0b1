#include "environments/yaml.h"

#include <gtest/gtest.h>
#include <string>

#include "tests/unit/environments/fake_files.h"

namespace drover::environments {
namespace {

YamlNode Yaml(std::string_view text) { return ParseYaml(text, "/p/x.yaml", "config"); }
Error YamlFailure(std::string_view text) {
  return ErrorOf([&] { return Yaml(text); });
}

TEST(YamlTest, ValuesKnowLineAndColumnFromOne) {
  const YamlNode root = Yaml("a: 1\nb:\n  c: [x, 'y']\n");
  EXPECT_EQ(root.Find("a")->at, (Position{1, 4}));
  const YamlNode* list = root.Find("b")->Find("c");
  EXPECT_EQ(list->at, (Position{3, 6}));
  EXPECT_EQ(list->items[1].scalar, "y");
  EXPECT_EQ(list->items[1].style, YamlNode::Style::kQuoted);
  EXPECT_EQ(list->items[0].style, YamlNode::Style::kPlain);
  EXPECT_EQ(root.entries[1].key_at, (Position{2, 1}));
}

TEST(YamlTest, EmptyTextAndCommentsAreNull) {
  EXPECT_EQ(Yaml("").kind, YamlNode::Kind::kNull);
  EXPECT_EQ(Yaml("# nothing\n").kind, YamlNode::Kind::kNull);
  EXPECT_EQ(Yaml("\xEF\xBB\xBF"
                 "a: 1")
                .Find("a")
                ->scalar,
            "1");
}

TEST(YamlTest, DuplicateKeyIsAnErrorAtTheSecond) {
  const Error error = YamlFailure("a: 1\nb: 2\na: 3\n");
  EXPECT_EQ(error.kind, "config.duplicate_key");
  EXPECT_EQ(error.where, "/p/x.yaml:3:1");
  EXPECT_EQ(error.message, "the key \"a\" is already defined at line 1");
}

TEST(YamlTest, AnchorsAndMergeKeysAreExpanded) {
  const YamlNode root =
      Yaml("base: &b {x: 1, y: 2}\nuse: {<<: *b, y: 3}\nall: {<<: [*b, {z: 4}]}\n");
  EXPECT_EQ(root.Find("use")->Find("x")->scalar, "1");
  EXPECT_EQ(root.Find("use")->Find("y")->scalar, "3");
  EXPECT_EQ(root.Find("use")->Find("<<"), nullptr);
  EXPECT_EQ(root.Find("all")->Find("z")->scalar, "4");
}

TEST(YamlTest, ExplicitKeyAfterMergeStillWins) {
  EXPECT_EQ(Yaml("b: &b {y: 2}\nu:\n  <<: *b\n  y: 3\n").Find("u")->Find("y")->scalar, "3");
}

TEST(YamlTest, CustomTagIsKept) {
  EXPECT_EQ(Yaml("a: !reset null\n").Find("a")->tag, "!reset");
  EXPECT_EQ(Yaml("a: !!str 1\n").Find("a")->tag, "");
}

TEST(YamlTest, SyntaxErrorHasAPosition) {
  const Error error = YamlFailure("a: 1\nb: [1, 2\nc: 3\n");
  EXPECT_EQ(error.code, Code::kInvalid);
  EXPECT_EQ(error.kind, "config.syntax");
  EXPECT_TRUE(error.where.starts_with("/p/x.yaml:3:")) << error.where;
}

TEST(YamlTest, SecondDocumentIsRefused) {
  const Error error = YamlFailure("a: 1\n---\nb: 2\n");
  EXPECT_EQ(error.kind, "config.syntax");
  EXPECT_TRUE(error.where.starts_with("/p/x.yaml:2:")) << error.where;
}

TEST(YamlTest, DocumentsAreReadInOrderWhereAllowed) {
  const std::vector<YamlNode> roots =
      ParseYamlDocuments("a: &x 1\n---\n# nothing\n---\nb: 2\n", "/p/x.yaml", "compose");
  ASSERT_EQ(roots.size(), 3U);
  EXPECT_EQ(roots[0].Find("a")->scalar, "1");
  EXPECT_EQ(roots[1].kind, YamlNode::Kind::kNull);
  EXPECT_EQ(roots[2].Find("b")->at, (Position{5, 4}));
  EXPECT_TRUE(ParseYamlDocuments("", "/p/x.yaml", "compose").empty());
}

TEST(YamlTest, AnchorsEndWithTheirDocument) {
  EXPECT_EQ(ErrorOf([] {
              return ParseYamlDocuments("a: &x 1\n---\nb: *x\n", "/p/x.yaml", "compose");
            }).kind,
            "compose.syntax");
}

TEST(YamlTest, MergeKeyIsAllowedOnce) {
  EXPECT_EQ(YamlFailure("a: &a {x: 1}\nb:\n  <<: *a\n  <<: *a\n").kind, "config.duplicate_key");
}

TEST(YamlTest, AliasesCannotNestDeeperThanTheFileMay) {
  std::string text = "a0: &a0 [x]\n";
  for (int i = 1; i < 40; ++i) {
    const std::string number = std::to_string(i);
    text += "a" + number + ": &a" + number + " [[*a" + std::to_string(i - 1) + "]]\n";
  }
  EXPECT_EQ(YamlFailure(text).kind, "config.too_complex");
}

TEST(YamlTest, DeepNestingIsRefused) {
  EXPECT_EQ(YamlFailure(std::string(20000, '[')).kind, "config.too_complex");
  std::string maps;
  for (int i = 0; i < 80; ++i) maps += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
  EXPECT_EQ(YamlFailure(maps).kind, "config.too_complex");
}

TEST(YamlTest, AliasBombIsRefused) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
    for (int j = 0; j < 9; ++j) bomb += ", " + before;
    bomb += "]\n";
  }
  EXPECT_EQ(YamlFailure(bomb).kind, "config.too_complex");
}

TEST(YamlTest, AliasToItselfIsRefused) {
  EXPECT_EQ(YamlFailure("a: &a [*a]\n").kind, "config.too_complex");
}

TEST(YamlTest, UnknownAliasIsASyntaxError) {
  EXPECT_EQ(YamlFailure("a: *nothing\n").kind, "config.syntax");
}

TEST(YamlTest, BytesThatAreNotTextAreRefusedWithPosition) {
  EXPECT_EQ(YamlFailure("a: 1\nb: \xff\n").where, "/p/x.yaml:2:4");
  EXPECT_EQ(YamlFailure(std::string_view("a\0b", 3)).kind, "config.syntax");
  EXPECT_EQ(YamlFailure("a: \x04 b\nc: 1").kind, "config.syntax");
  EXPECT_EQ(YamlFailure("a: \xc0\xaf").kind, "config.syntax");
  EXPECT_EQ(YamlFailure("a: \xed\xa0\x80").kind, "config.syntax");
  EXPECT_EQ(YamlFailure("SQLite format 3" + std::string(1, '\0')).kind, "config.syntax");
  EXPECT_EQ(Yaml("a: \xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80").Find("a")->scalar,
            "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
}

TEST(YamlTest, HugeFileIsRefused) {
  EXPECT_EQ(YamlFailure(std::string(kMaxYamlBytes + 1, '#')).kind, "config.too_complex");
}

TEST(YamlTest, ManyKeysAreReadQuickly) {
  std::string text;
  for (int i = 0; i < 60000; ++i) text += "k" + std::to_string(i) + ": 1\n";
  EXPECT_EQ(Yaml(text).entries.size(), 60000U);
}

TEST(YamlTest, KeyMustBeAWord) { EXPECT_EQ(YamlFailure("? [a, b]\n: 1\n").kind, "config.syntax"); }

}  // namespace
}  // namespace drover::environments
