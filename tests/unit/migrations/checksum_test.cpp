#include "migrations/checksum.h"

#include <gtest/gtest.h>

namespace drover::migrations {
namespace {

TEST(ChecksumTest, Sha256IsThatOfTheStandard) {
  EXPECT_EQ(Sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(ChecksumTest, WhatAnEditorChangesByItselfIsNoEdit) {
  const std::string plain = ScriptSha256("SELECT 1;\nSELECT 2;");
  EXPECT_EQ(ScriptSha256("SELECT 1;\r\nSELECT 2;\r\n"), plain);
  EXPECT_EQ(ScriptSha256("\n\nSELECT 1;  \nSELECT 2;\t\n\n"), plain);
}

TEST(ChecksumTest, EverythingElseIsAnEdit) {
  const std::string plain = ScriptSha256("SELECT 1;\nSELECT 2;");
  EXPECT_NE(ScriptSha256("SELECT 1;\n\nSELECT 2;"), plain);
  EXPECT_NE(ScriptSha256("SELECT 1;\n SELECT 2;"), plain);
  EXPECT_NE(ScriptSha256("SELECT 1;\nselect 2;"), plain);
  EXPECT_NE(ScriptSha256(""), plain);
}

}  // namespace
}  // namespace drover::migrations
