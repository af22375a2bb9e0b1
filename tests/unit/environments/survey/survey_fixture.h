// A project on disk, and what `drover init` proposes for it.
#pragma once

#include <algorithm>
#include <gtest/gtest.h>
#include <string>
#include <string_view>
#include <vector>

#include "environments/config.h"
#include "environments/strays/scan.h"
#include "environments/survey/survey.h"
#include "environments/target.h"
#include "tests/unit/environments/fake_files.h"
#include "tests/unit/environments/strays/scan_fixture.h"

namespace drover::environments {

class SurveyTest : public ProjectTest {
 protected:
  InitDocument Survey(std::string_view directory = "", bool here = false) {
    const SurveySurroundings surroundings{
        .home = "/nowhere", .schema = "/s/drover.schema.json", .scan = Scan};
    return SurveyProject({.directory = Path(directory), .here = here}, surroundings, files_);
  }

  static std::vector<std::string> Codes(const InitDocument& init) {
    std::vector<std::string> codes;
    for (const Finding& each : init.findings) codes.push_back(each.code);
    return codes;
  }
  static const Finding& Find(const InitDocument& init, std::string_view code) {
    return *std::ranges::find(init.findings, code, &Finding::code);
  }
  static std::vector<std::string> Names(const InitDocument& init) {
    std::vector<std::string> names;
    for (const ProposedEnvironment& each : init.environments) names.push_back(each.name);
    return names;
  }
  Config Parsed(const InitDocument& init) { return ParseConfig(init.text, init.config); }

  /// The project that drover was made after.
  void Founding() {
    Write(".env", "DB__DB_URL = sqlite+aiosqlite:///./application.db\nTOKEN=s3cret\n");
    Write("docker-compose.yml",
          "services:\n  app:\n    image: x\n    working_dir: /app\n    env_file: .env\n"
          "    volumes:\n      - ./application.db:/app/application.db\n");
    Write("backend/alembic.ini",
          "[alembic]\nscript_location = alembic\n"
          "sqlalchemy.url = driver://user:pass@localhost/dbname\n");
    Write("backend/alembic/env.py", "url = os.environ['DB__DB_URL']\n");
    Write("backend/alembic/versions/981cbaae32a1_first.py",
          "revision = '981cbaae32a1'\ndown_revision = None\n");
  }
  static constexpr std::string_view kAtFirst =
      "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL);"
      "INSERT INTO alembic_version VALUES ('981cbaae32a1'); CREATE TABLE accounts (id INTEGER);";

  RealFiles files_;
};

}  // namespace drover::environments
