// The daemon itself: who it is, what it tells unasked. base/documents.h says how documents are
// made.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error_documents.h"
#include "base/stray_documents.h"

namespace drover {

struct TrustDocument {
  int v = 1;
  std::string project;
  std::string config;  // absolute path of drover.yaml
  std::string sha256;  // of its content
  bool trusted = false;
  static constexpr void Fields(auto&& field) {
    field("v", &TrustDocument::v);
    field("project", &TrustDocument::project);
    field("config", &TrustDocument::config);
    field("trusted", &TrustDocument::trusted);
  }
};

/// The answer of `hello`, `ping` and `daemon status`.
struct HelloDocument {
  int v = 1;
  std::string server;   // "droverd 0.1.0"
  std::string version;  // "0.1.0"
  int protocol = 1;
  std::vector<std::string> capabilities;
  std::int64_t pid = 0;
  std::string socket;
  std::string started_at;
  std::vector<std::string> projects;
  std::int64_t clients = 0;
  static constexpr void Fields(auto&& field) {
    field("v", &HelloDocument::v);
    field("server", &HelloDocument::server);
    field("version", &HelloDocument::version);
    field("protocol", &HelloDocument::protocol);
    field("capabilities", &HelloDocument::capabilities);
    field("pid", &HelloDocument::pid);
    field("socket", &HelloDocument::socket);
    field("started_at", &HelloDocument::started_at);
    field("projects", &HelloDocument::projects);
    field("clients", &HelloDocument::clients);
  }
};

/// The answer of requests that have nothing to report but success.
struct DoneDocument {
  int v = 1;
  bool ok = true;
  std::string message;
  static constexpr void Fields(auto&& field) {
    field("v", &DoneDocument::v);
    field("ok", &DoneDocument::ok);
    field("message", &DoneDocument::message);
  }
};

/// One notification to subscribers; one line of `drover watch --json`.
struct EventDocument {
  int v = 1;
  std::string event;  // applied | failed | pending | stray | finding | config | state | overflow
  std::string at;     // UTC with milliseconds
  std::string project;
  std::optional<std::string> environment;
  std::optional<std::string> state;      // state: the new one
  std::optional<std::string> revision;   // applied
  std::optional<std::string> direction;  // applied: up | down
  std::optional<std::int64_t> duration_ms;
  std::optional<std::int64_t> pending;
  std::string message;
  std::optional<ErrorBody> error;
  std::optional<StrayEntry> stray;
  std::optional<Finding> finding;
  std::optional<std::string> output;  // applied, failed: the end of what Alembic printed
  static constexpr void Fields(auto&& field) {
    field("v", &EventDocument::v);
    field("event", &EventDocument::event);
    field("at", &EventDocument::at);
    field("project", &EventDocument::project);
    field("environment", &EventDocument::environment);
    field("state", &EventDocument::state);
    field("revision", &EventDocument::revision);
    field("direction", &EventDocument::direction);
    field("duration_ms", &EventDocument::duration_ms);
    field("pending", &EventDocument::pending);
    field("message", &EventDocument::message);
    field("error", &EventDocument::error);
    field("stray", &EventDocument::stray);
    field("finding", &EventDocument::finding);
    field("output", &EventDocument::output);
  }
};

/// A notification to the client that asked for a long job: how far it has come.
struct ProgressDocument {
  std::int64_t id = 0;    // of the request
  std::int64_t step = 0;  // from 1
  std::int64_t steps = 0;
  std::string revision;
  std::string message;
  std::int64_t statement = 0;  // of the step's script, from 1; 0 while it is young
  std::int64_t statements = 0;
  std::int64_t elapsed_ms = 0;
  bool rehearsing = false;  // on a copy of the data
  std::optional<std::string>
      waiting_for;  // who has the database locked: "pid 123 (python3 app.py)"
  static constexpr void Fields(auto&& field) {
    field("id", &ProgressDocument::id);
    field("step", &ProgressDocument::step);
    field("steps", &ProgressDocument::steps);
    field("revision", &ProgressDocument::revision);
    field("message", &ProgressDocument::message);
    field("statement", &ProgressDocument::statement);
    field("statements", &ProgressDocument::statements);
    field("elapsed_ms", &ProgressDocument::elapsed_ms);
    field("rehearsing", &ProgressDocument::rehearsing);
    field("waiting_for", &ProgressDocument::waiting_for);
  }
};

}  // namespace drover
