#include "daemon/helper.h"

#include "base/documents.h"
#include "base/error.h"
#include "base/error_documents.h"
#include "base/text.h"
#include "daemon/child.h"

namespace drover::daemon {

std::string RunHelper(const std::string& mode, const std::string& request,
                      std::chrono::milliseconds limit) {
  ChildResult child =
      RunChild({.arguments = {"/proc/self/exe", mode}, .input = request + "\n", .limit = limit});
  if (child.exit_code == 0) return std::move(child.output);
  if (child.output.starts_with('{')) {
    throw FromBody(DecodeDocument<ErrorDocument>(child.output).error);
  }
  throw Error(Code::kInternal, "helper.failed",
              Concat("droverd ", mode, " ended with exit code ", child.exit_code));
}

}  // namespace drover::daemon
