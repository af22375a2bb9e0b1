#include "environments/compose/service_url.h"

#include <gtest/gtest.h>
#include <string>

#include "base/text.h"
#include "tests/unit/environments/fake_files.h"

namespace drover::environments {
namespace {

class ServiceUrlTest : public testing::Test {
 protected:
  ServiceUrlTest() { service_.name = "app"; }

  void Set(const std::string& name, const std::string& value) {
    service_.environment.push_back({.name = name, .value = value, .where = "c.yml:1:1"});
  }
  void SetInImage(const std::string& name, const std::string& value) {
    image_.environment.push_back({.name = name, .value = value, .where = "Dockerfile:2:1"});
  }
  std::string Url() {
    const ServiceUrl url = FindServiceUrl(service_, image_, "d.yaml:3:4");
    return Concat(url.name, "=", url.value, " <- ", url.where);
  }
  Error Failure() {
    return ErrorOf([&] { return FindServiceUrl(service_, image_, "d.yaml:3:4"); });
  }

  ComposeService service_;
  ComposeImage image_;
};

TEST_F(ServiceUrlTest, TheVariableWithASqliteUrlIsFound) {
  Set("REDIS", "redis://x");
  Set("DB__DB_URL", "sqlite+aiosqlite:///./a.db");
  EXPECT_EQ(Url(), "DB__DB_URL=sqlite+aiosqlite:///./a.db <- c.yml:1:1");
}

TEST_F(ServiceUrlTest, FileUrisCountWhenTheyNameADatabase) {
  Set("CERT", "file:///etc/cert.pem");
  Set("DB", "file:/data/a.db");
  EXPECT_EQ(Url(), "DB=file:/data/a.db <- c.yml:1:1");
}

TEST_F(ServiceUrlTest, DatabaseUrlIsPreferred) {
  Set("CACHE_URL", "sqlite:////c.db");
  Set("DATABASE_URL", "sqlite:////d.db");
  EXPECT_EQ(Url(), "DATABASE_URL=sqlite:////d.db <- c.yml:1:1");
}

TEST_F(ServiceUrlTest, TwoThatDifferAreAnError) {
  Set("A", "sqlite:////a.db");
  Set("B", "sqlite:////a.db");
  EXPECT_EQ(Url(), "A=sqlite:////a.db <- c.yml:1:1");
  Set("C", "sqlite:////c.db");
  EXPECT_EQ(Failure().kind, "compose.several_urls");
  EXPECT_EQ(Failure().message, "several variables of service \"app\" hold a SQLite URL: A, B, C");
  EXPECT_EQ(Failure().hint, "url: ${A}");
}

TEST_F(ServiceUrlTest, NoneIsAnErrorWithTheReason) {
  EXPECT_EQ(Failure().kind, "compose.no_url");
  EXPECT_EQ(Failure().where, "d.yaml:3:4");
  service_.environment_error = Error(Code::kNotFound, "compose.env_file", "no file");
  EXPECT_EQ(Failure().kind, "compose.env_file");
}

TEST_F(ServiceUrlTest, ImageComesAfterTheService) {
  SetInImage("DB", "sqlite:////image.db");
  EXPECT_EQ(Url(), "DB=sqlite:////image.db <- Dockerfile:2:1");
  Set("DB", "sqlite:////service.db");
  EXPECT_EQ(Url(), "DB=sqlite:////service.db <- c.yml:1:1");
  EXPECT_EQ(FindServiceVariable(service_, image_, "DB")->value, "sqlite:////service.db");
  EXPECT_FALSE(FindServiceVariable(service_, image_, "NO"));
}

}  // namespace
}  // namespace drover::environments
