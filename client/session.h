// What every command needs: a connection of the right kind, the parameters that all requests share,
// deadlines, and printing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/protocol.h"
#include "client/commands.h"
#include "client/connection.h"

namespace drover::client {

/// The working directory, or -C: absolute and real. Throws kNotFound ("project.directory").
[[nodiscard]] std::string StartDirectory(const Arguments& arguments);

/// Connects as the verb's row and the options say: to the daemon, starting it if need be, or to a
/// child of our own. Throws kUnavailable ("daemon.unreachable") naming the socket and what to do.
[[nodiscard]] Connection Open(const Invocation& invocation);

/// The daemon's connection if one listens; starts nothing.
[[nodiscard]] std::optional<Connection> OpenRunning(const Invocation& invocation);

/// The error for a daemon that is not there: which socket, whether a process holds its lock, and
/// the command that helps.
[[nodiscard]] Error NotRunning();

/// Deadline and callbacks for one request of this command.
[[nodiscard]] CallOptions OptionsFor(const Invocation& invocation);

/// Parameters with the project and the environments of the command line.
[[nodiscard]] Params ParamsFor(const Invocation& invocation);

/// For methods that act on one environment: the parameters of one request per environment named, or
/// of one that leaves the choice to the daemon.
[[nodiscard]] std::vector<Params> ParamsPerEnvironment(const Invocation& invocation);

/// The parameters of a new revision, as its options say.
[[nodiscard]] Params RevisionParams(const Invocation& invocation);

/// Writes to stdout. Throws kIo when that fails (a full disk).
void Print(std::string_view text);

/// Writes to stderr; there is nobody to tell when that fails.
void PrintError(std::string_view text);

/// With --json prints the document as the daemon sent it, on one line, and returns true.
[[nodiscard]] bool PrintedAsJson(const Invocation& invocation, std::string_view document);

/// Prints a plan, or the result of one: as JSON, as its SQL alone, or for people.
void PrintPlan(const Invocation& invocation, std::string_view document);

/// One line on stderr when the daemon is of another version than this program.
void WarnOfVersionSkew(const Invocation& invocation, std::string_view daemon_version);

}  // namespace drover::client
