// Waiting for a database that another program has locked: how long, who is told, and the error that
// names the holder. SQLite's own busy time-out can neither be cancelled nor say whom it waits for.
#pragma once

#include <chrono>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/stray_documents.h"
#include "migrations/sqlite.h"
#include "migrations/turn.h"

namespace drover::migrations {

/// Looks up which processes hold a lock on the database; costs some milliseconds.
using WhoHolds = std::function<std::vector<Holder>()>;

/// Is told whom we have been waiting for; the list is empty when nobody knows.
using OnWaiting = std::function<void(const std::vector<Holder>&)>;

class BusyWait final {
 public:
  /// `turn` and `stop` must outlive it. Waits for `limit`, and longer while another drover has the
  /// turn: that one is doing our work. The callbacks may be empty, and must not throw.
  BusyWait(std::chrono::milliseconds limit, const Turn& turn, WhoHolds who_holds,
           OnWaiting on_waiting, const std::stop_token& stop);

  /// Makes the connection wait like this; this object must outlive it.
  void Attach(Connection& connection);

  /// Waits until nobody else has the turn. False when it was still taken after the limit.
  [[nodiscard]] bool ForTurn();

  /// What to tell the user in place of SQLite's "database is locked": kCancelled when the wait was
  /// cancelled, else the same code and kind with the holder's pid and command. Other errors come
  /// back as they are.
  [[nodiscard]] Error Explain(Error error, const std::string& path);

 private:
  using SteadyClock = std::chrono::steady_clock;

  void Begin();
  void Tell();
  /// One round of the busy handler; false to give up.
  bool Wait(int round);

  std::chrono::milliseconds limit_;
  const Turn& turn_;
  WhoHolds who_holds_;
  OnWaiting on_waiting_;
  const std::stop_token& stop_;
  SteadyClock::time_point begun_;
  SteadyClock::time_point tell_at_;
  std::chrono::milliseconds waited_{};
  std::vector<Holder> holders_;  // as last seen in this wait
};

/// "pid 123 (python3 app.py)", and how many more; "another program" for nobody known.
[[nodiscard]] std::string NameHolders(const std::vector<Holder>& holders);

}  // namespace drover::migrations
