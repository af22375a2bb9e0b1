// Asking before something is done: a refusal of the daemon that a yes can lift becomes a question
// on a terminal.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/protocol.h"
#include "client/connection.h"
#include "client/session.h"

namespace drover::client {

/// A dry run's document for people.
using RenderPreview = std::function<std::string(std::string_view json)>;

/// Calls `method` with `params`. When it is refused for want of consent
/// ("environment.protected", "plan.destructive", "….unconfirmed") shows on stderr what a dry run
/// says, asks, and calls again; each question comes once. Without a terminal the preview is shown
/// and the refusal thrown: nobody should say --yes to what he has not seen. Changes `params` by the
/// answers. Throws what Connection::Call throws.
[[nodiscard]] std::string CallWithConsent(const Invocation& invocation, Connection& connection,
                                          std::string_view method, Params& params,
                                          const RenderPreview& render, const CallOptions& options);

}  // namespace drover::client
