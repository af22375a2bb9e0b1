#include "daemon/stages.h"

#include <chrono>
#include <utility>

#include "base/daemon_documents.h"
#include "base/documents.h"
#include "base/protocol.h"
#include "base/text.h"

namespace drover::daemon {

migrations::StageObserver TellStages(Service& service, const CallPtr& call) {
  const std::optional<std::int64_t> id = call->request().id;
  if (!id) return {};
  return [&service, session = call->session(), id = *id, begun = std::chrono::steady_clock::now()](
             std::size_t stage, std::size_t stages, std::string_view what) {
    const auto elapsed = std::chrono::steady_clock::now() - begun;
    const ProgressDocument progress{
        .id = id,
        .step = static_cast<std::int64_t>(stage),
        .steps = static_cast<std::int64_t>(stages),
        .revision = {},
        .message = Concat("[", stage, "/", stages, "] ", what),
        .elapsed_ms = std::chrono::duration_cast<std::chrono::milliseconds>(elapsed).count(),
        .waiting_for = {}};
    auto line = EncodeNotification("progress", EncodeDocument(progress));
    service.loop().Post([session, line = std::move(line)] { session->SendEvent(line); });
  };
}

}  // namespace drover::daemon
