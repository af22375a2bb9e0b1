// The wire protocol between client and daemon: JSON-RPC 2.0, one message per line
// (docs/protocol.md). Limits, the parameters of every method, and encoding of the envelope. No I/O.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/documents.h"
#include "base/error.h"
#include "base/error_documents.h"

namespace drover {

inline constexpr int kProtocol = 1;
inline constexpr std::size_t kMaxRequestBytes = std::size_t{1} << 20;
inline constexpr std::size_t kMaxReplyBytes = std::size_t{64} << 20;
inline constexpr int kMaxDepth = 64;
inline constexpr std::size_t kMaxConnections = 256;

/// Every parameter any method takes. Which of them a method accepts is in its row of the method
/// table (daemon/methods.cpp); a parameter that it does not accept is an error.
struct Params {
  std::string project;                    // absolute path of the project root
  std::string cwd;                        // the client's working directory
  std::vector<std::string> variables;     // where: "NAME=value" of the client's shell
  std::vector<std::string> environments;  // empty: all for reading, the default one for writing
  std::string target;                     // a revision in any spelling; "a:b" for a range;
                                          // strays_…: a path, or the id of an archive;
                                          // restore: the id of a backup, or "latest"
  std::string select;                     // history: all | heads | branches | show
  std::string message;                    // of a new revision
  std::vector<std::string> revisions;     // merge: what to merge; empty: all heads
  std::vector<std::string> depends_on;    // revision
  std::string head;                       // revision: the parent, default "head"
  std::string rev_id;                     // revision
  std::string branch_label;               // revision
  std::string direction;                  // plan: up (default) | down
  std::string from;                       // diff: one side; schema: whose schema
  std::string to;                         // diff: the other side; restore: a new file;
                                          // import: the folder, absolute
  std::vector<std::string> backfills;     // autogenerate: "table.column=expression"
  std::vector<std::string> renames;       // autogenerate: table (empty: it is one), old name, new
                                          // name; three words for each rename
  bool splice = false;                    // revision: the parent need not be a head
  bool draft = false;                     // upgrade: include drafts
  bool no_draft = false;                  // revision: do not write the draft line
  bool dry_run = false;
  bool confirm = false;          // the user has said yes to what is destructive or protected
  bool purge = false;            // stamp: forget the rows that are there
  bool sql = false;              // plan, upgrade, downgrade: answer with a script instead of acting
  bool refresh = false;          // status, strays: look again even if nothing seems to have changed
  bool deep = false;             // strays: also in directories that are left out by default
  bool all = false;              // strays: also those that the user ignores
  bool undo = false;             // strays_ignore: no longer
  bool allow_data_loss = false;  // autogenerate: also what the way back cannot restore
  bool partial = false;          // import: also what does not come out equal, as drafts
  bool rehearse = false;         // plan: carry it out on a copy of the data
  std::int64_t limit = 0;        // log: at most so many entries; 0: the usual number
  std::string confirm_environment;  // the name typed for a protected environment
  std::string client;               // hello: "drover 0.1.0"
  std::vector<int> protocol;        // hello: [lowest, highest] the client speaks
  std::vector<std::string> want;    // hello: capabilities
  std::int64_t id = 0;              // cancel: the request to cancel

  static constexpr void Fields(auto&& field) {
    field("project", &Params::project);
    field("cwd", &Params::cwd);
    field("variables", &Params::variables);
    field("environments", &Params::environments);
    field("target", &Params::target);
    field("select", &Params::select);
    field("message", &Params::message);
    field("revisions", &Params::revisions);
    field("depends_on", &Params::depends_on);
    field("head", &Params::head);
    field("rev_id", &Params::rev_id);
    field("branch_label", &Params::branch_label);
    field("direction", &Params::direction);
    field("from", &Params::from);
    field("to", &Params::to);
    field("backfills", &Params::backfills);
    field("renames", &Params::renames);
    field("splice", &Params::splice);
    field("draft", &Params::draft);
    field("no_draft", &Params::no_draft);
    field("dry_run", &Params::dry_run);
    field("confirm", &Params::confirm);
    field("purge", &Params::purge);
    field("sql", &Params::sql);
    field("refresh", &Params::refresh);
    field("deep", &Params::deep);
    field("all", &Params::all);
    field("undo", &Params::undo);
    field("partial", &Params::partial);
    field("rehearse", &Params::rehearse);
    field("limit", &Params::limit);
    field("allow_data_loss", &Params::allow_data_loss);
    field("confirm_environment", &Params::confirm_environment);
    field("client", &Params::client);
    field("protocol", &Params::protocol);
    field("want", &Params::want);
    field("id", &Params::id);
  }
};

/// One request line. `id_json` is the id as written by the client, ready to be echoed; empty for a
/// notification, which gets no reply.
struct Request {
  Request() = default;
  std::string id_json;
  std::optional<std::int64_t> id;  // when it is an integer, for `cancel`
  std::string method;
  Params params;
  std::vector<std::string> given;  // names of the parameters that were present
};

/// Parses one line. Throws kInvalid with kind "protocol.json", "protocol.depth",
/// "protocol.request" (no method, wrong version) or "protocol.params" (wrong type). When the line
/// was JSON with an id, `id_json` receives it even if the rest is wrong.
[[nodiscard]] Request DecodeRequest(std::string_view line, std::string& id_json);

/// A request line with its end. Parameters that have their default value are left out.
[[nodiscard]] std::string EncodeRequest(std::int64_t id, std::string_view method,
                                        const Params& params);

/// A reply line with its end; `result_json` is an encoded document.
[[nodiscard]] std::string EncodeResult(std::string_view id_json, std::string_view result_json);
[[nodiscard]] std::string EncodeErrorReply(std::string_view id_json, const ErrorBody& error);

/// A notification line with its end ("event", "progress").
[[nodiscard]] std::string EncodeNotification(std::string_view method, std::string_view params_json);

/// One line from the daemon, as the client sees it.
struct Reply {
  std::optional<std::int64_t> id;  // nothing for a notification
  std::string method;              // of a notification
  std::string result_json;         // the result, or a notification's params
  std::optional<ErrorBody> error;
};

/// A line without its end. A result in the daemon's own spelling is cut out without parsing it: the
/// text of `result_json` is then only known to be balanced, and DecodeDocument() judges it. Throws
/// kInvalid ("protocol.json", "protocol.reply").
[[nodiscard]] Reply DecodeReply(std::string_view line);

}  // namespace drover
