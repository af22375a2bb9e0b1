#include "migrations/alembic/python_imports.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace drover::migrations {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(PythonImportsTest, EveryFormGivesTheFirstName) {
  EXPECT_THAT(ImportedModules("import os\n"
                              "import app.models as m, yaml, a.b\n"
                              "from app2.db import (Base,\n    Other)\n"
                              "def run():\n    from inner import x; import last\n"
                              "try: import ujson\nexcept ImportError: ujson = None\n"),
              ElementsAre("a", "app", "app2", "inner", "last", "os", "ujson", "yaml"));
}

TEST(PythonImportsTest, WhatOnlyLooksLikeOneIsNone) {
  EXPECT_THAT(ImportedModules("# import a\n"
                              "x = 'import b'\n"
                              "from . import c\n"
                              "from .d import e\n"
                              "yield_from = {1: f}\n"
                              "raise X from error\n"),
              IsEmpty());
}

}  // namespace
}  // namespace drover::migrations
