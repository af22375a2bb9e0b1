// What is behind Loop, for the other sources of daemon/net/ only.
#pragma once

#include <array>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <memory>
#include <vector>

#include "daemon/net/loop.h"

namespace drover::daemon {

struct Loop::Impl {
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
  std::vector<std::unique_ptr<asio::signal_set>> signals;

  // Sessions read into this one buffer, so that an idle connection costs no memory for it.
  std::array<char, std::size_t{64} * 1024> scratch{};
};

}  // namespace drover::daemon
