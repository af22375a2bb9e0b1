// The text of a drover.yaml that is proposed: facts in, commented YAML out. Pure.
#pragma once

#include <string>
#include <vector>

namespace drover::environments {

struct ProposedSource {
  std::string name;
  std::string url;                     // as it is to be written; empty: the service's variable
  std::vector<std::string> env_files;  // relative to the root
  std::string dialect;                 // empty: guessed
  std::string relative_to;
  std::vector<std::string> compose_files;  // empty unless it is a container's
  std::string service;
  std::string found;                  // ".env:1": what it was made from
  std::vector<std::string> comments;  // sentences: where it was found, where it leads
};

struct Proposal {
  std::string schema;  // of the JSON schema for editors; empty: no such line
  std::string project;
  std::vector<std::string> head;         // sentences about the whole file
  std::vector<std::string> migrations;   // sentences
  bool alembic = false;                  // the revisions are Alembic's
  std::string alembic_config;            // relative to the root; empty: there is none
  std::string alembic_section;           // empty: the usual one
  std::string url_variable;              // that Alembic's env.py reads; may be empty
  std::vector<std::string> directories;  // of native migrations, or of revisions without a config
  std::string version_table;             // empty: the default
  std::vector<ProposedSource> environments;
  std::vector<std::string> strays;        // sentences
  std::vector<std::string> stray_ignore;  // patterns of databases that are no strays
  std::vector<std::string> tail;          // sentences at the end
};

/// The whole file. Values are quoted where YAML wants it; comments hold no line ends of their own.
[[nodiscard]] std::string WriteProposal(const Proposal& proposal);

/// `text` as a YAML value in block style: as it is where that is safe, else in double quotes.
[[nodiscard]] std::string YamlText(std::string_view text);

}  // namespace drover::environments
