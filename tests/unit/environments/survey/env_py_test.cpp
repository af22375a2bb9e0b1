#include "environments/survey/env_py.h"

#include <gtest/gtest.h>

namespace drover::environments {
namespace {

TEST(EnvPyTest, AnEngineMadeFromATextIsSeen) {
  const auto text = ReadEnvPy("engine = create_engine(\n    \"sqlite:///a.db\", echo=True)\n");
  ASSERT_TRUE(text.constant);
  EXPECT_EQ(text.constant->value, "sqlite:///a.db");
  EXPECT_EQ(text.constant->written, "\"sqlite:///a.db\"");
  EXPECT_EQ(text.constant->line, 2U);
  EXPECT_FALSE(text.constant->sets_option);
  const auto name = ReadEnvPy(
      "URL: str = 'sqlite+aiosqlite:///a.db'\n"
      "engine = create_async_engine(url=URL.replace('+aiosqlite', ''))\n");
  ASSERT_TRUE(name.constant);
  EXPECT_EQ(name.constant->written, "URL");
  EXPECT_EQ(name.constant->value, "sqlite+aiosqlite:///a.db");
  const auto option = ReadEnvPy(
      "config.set_main_option('sqlalchemy.url', 'sqlite:///a.db')\n"
      "def run():\n    engine = engine_from_config(config.get_section('alembic'))\n");
  ASSERT_TRUE(option.constant);
  EXPECT_TRUE(option.constant->sets_option);
}

TEST(EnvPyTest, OneFromAnotherModuleIsFollowedByItsName) {
  const auto import =
      ReadEnvPy("from app.db import (Base, URL as U)\nengine = create_engine(U)\n").constant;
  ASSERT_TRUE(import);
  EXPECT_EQ(import->module, "app.db");
  EXPECT_EQ(import->name, "URL");
  EXPECT_EQ(import->written, "U");
  const auto member =
      ReadEnvPy("from app import settings\nengine = create_engine(settings.URL)\n").constant;
  ASSERT_TRUE(member);
  EXPECT_EQ(member->module, "app.settings");
  EXPECT_EQ(member->name, "URL");
  const auto engine =
      ReadEnvPy("from app.db import engine\nwith engine.connect() as c:\n    pass\n").constant;
  ASSERT_TRUE(engine);
  EXPECT_TRUE(engine->is_engine);
  EXPECT_FALSE(ReadEnvPy("from .db import URL\nengine = create_engine(URL)\n").constant);
}

TEST(EnvPyTest, WhatMayBeAnotherAtTheNextStartIsNone) {
  for (const char* text : {
           "",
           "engine = engine_from_config(config.get_section('alembic'))\n",
           "url = config.get_main_option('sqlalchemy.url')\nengine = create_engine(url)\n",
           "import os\nengine = create_engine(os.environ.get('U', 'sqlite:///a.db'))\n",
           "import os\nos.environ['X']\nengine = create_engine('sqlite:///a.db')\n",
           "U = 'sqlite:///a.db'\nif x:\n    U = y\nengine = create_engine(U)\n",
           "if x:\n    U = 'sqlite:///a.db'\nengine = create_engine(U)\n",
           "U = 'sqlite:///a.db' + x\nengine = create_engine(U)\n",
           "engine = create_engine('sqlite:///a.db' + x)\n",
           "engine = create_engine(f'sqlite:///{x}.db')\n",
           "engine = create_engine(url())\n",
           "engine = create_engine('sqlite:///a.db')\nother = create_engine(x)\n",
           "engine = create_engine('sqlite:///a.db')\nother = engine_from_config(x)\n",
           "if not config.get_main_option('sqlalchemy.url'):\n"
           "    config.set_main_option('sqlalchemy.url', 'sqlite:///a.db')\n",
           "config.set_main_option('sqlalchemy.url', settings.url)\n",
           "url = context.get_x_argument()\nengine = create_engine('sqlite:///a.db')\n",
           "create_engine(",
           "from a import",
       }) {
    EXPECT_FALSE(ReadEnvPy(text).constant) << text;
  }
}

TEST(EnvPyTest, AConstantIsSetOnce) {
  EXPECT_EQ(FindConstant("A = 1\nURL = 'sqlite:///a.db'\n", "URL"),
            (TextAtLine{"sqlite:///a.db", 2}));
  EXPECT_FALSE(FindConstant("URL = 'sqlite:///a.db'\n", "OTHER"));
  EXPECT_FALSE(FindConstant("URL = 'name'\n", "URL"));
  EXPECT_FALSE(FindConstant("URL = 'sqlite:///a.db'\nURL += 'x'\n", "URL"));
  EXPECT_FALSE(FindConstant("class S(BaseSettings):\n    x = 1\nURL = 'sqlite:///a.db'\n", "URL"));
  EXPECT_FALSE(FindConstant("URL = config('X')\n", "URL"));
}

TEST(EnvPyTest, SettingsAreReadThroughNamesThatSpeakOfThem) {
  const EnvPy stock = ReadEnvPy("config = context.config\nurl = config.get_main_option('x')\n");
  EXPECT_FALSE(MayReadThroughSettings(stock, "DATABASE_URL"));
  for (const char* text : {"from app.settings import s\n", "x = current_app\n",
                           "x = DATABASE_URL\n", "x = s.my_name\n"}) {
    EXPECT_TRUE(MayReadThroughSettings(ReadEnvPy(text), "MY_NAME")) << text;
  }
}

}  // namespace
}  // namespace drover::environments
