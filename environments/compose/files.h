// Which files make up a compose project, where its relative paths begin and which variables it has:
// what compose finds out before it reads the first compose file.
#pragma once

#include <string>
#include <vector>

#include "base/error_documents.h"
#include "environments/compose/environment.h"
#include "environments/config.h"
#include "environments/files.h"

namespace drover::environments {

struct ComposeFiles {
  std::vector<std::string> paths;  // absolute; later ones override earlier ones
  std::string directory;           // the project's: where relative paths begin
  ComposeEnvironment environment;
  std::vector<std::string> env_files;  // the .env files that were read
  std::vector<Finding> findings;       // several-compose-files, two-dotenv-files
};

/// The files of `reference`, or, when it names none: those of COMPOSE_FILE (which `.env` may set),
/// or the first of compose.yaml, compose.yml, docker-compose.yml, docker-compose.yaml in the
/// directory or one above it, with its override file. Throws kNotFound ("compose.not_found").
[[nodiscard]] ComposeFiles FindComposeFiles(const ComposeReference& reference,
                                            const std::string& root,
                                            const ComposeSurroundings& surroundings, Files& files);

}  // namespace drover::environments
