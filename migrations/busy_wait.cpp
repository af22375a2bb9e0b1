#include "migrations/busy_wait.h"

#include <algorithm>
#include <array>
#include <sqlite3.h>
#include <thread>
#include <utility>

#include "base/text.h"

namespace drover::migrations {
namespace {

using std::chrono::milliseconds;

/// Before that nobody wonders why it takes so long, and looking around costs time.
constexpr milliseconds kTellAfter{200};
constexpr milliseconds kTellPause{500};
constexpr milliseconds kTurnPause{10};

/// SQLite's own pauses: short at first, since most locks are.
milliseconds PauseOf(int round) {
  constexpr std::array<int, 12> kPauses{1, 2, 5, 10, 15, 20, 25, 25, 25, 50, 50, 100};
  return milliseconds(kPauses.at(std::min<std::size_t>(static_cast<std::size_t>(round), 11)));
}

std::string Seconds(milliseconds time) {
  const auto tenths = time.count() / 100;
  return Concat(tenths / 10, ".", tenths % 10, " s");
}

}  // namespace

BusyWait::BusyWait(milliseconds limit, const Turn& turn, WhoHolds who_holds, OnWaiting on_waiting,
                   const std::stop_token& stop)
    : limit_(limit),
      turn_(turn),
      who_holds_(std::move(who_holds)),
      on_waiting_(std::move(on_waiting)),
      stop_(stop) {}

void BusyWait::Attach(Connection& connection) {
  sqlite3_busy_handler(
      connection.raw(),
      [](void* self, int round) { return static_cast<BusyWait*>(self)->Wait(round) ? 1 : 0; },
      this);
}

void BusyWait::Begin() {
  begun_ = SteadyClock::now();
  tell_at_ = begun_ + kTellAfter;
  waited_ = milliseconds(0);
  holders_.clear();
}

void BusyWait::Tell() {
  const SteadyClock::time_point now = SteadyClock::now();
  waited_ = std::chrono::duration_cast<milliseconds>(now - begun_);
  if (now < tell_at_) return;
  tell_at_ = now + kTellPause;
  if (who_holds_) holders_ = who_holds_();
  if (on_waiting_) on_waiting_(holders_);
}

bool BusyWait::Wait(int round) {
  if (round == 0) Begin();
  if (stop_.stop_requested()) return false;
  Tell();
  if (waited_ >= limit_ && !turn_.IsTaken()) return false;
  std::this_thread::sleep_for(PauseOf(round));
  return true;
}

bool BusyWait::ForTurn() {
  Begin();
  while (turn_.IsTaken()) {
    if (stop_.stop_requested()) return false;
    Tell();
    if (waited_ >= limit_) return false;
    std::this_thread::sleep_for(kTurnPause);
  }
  return true;
}

Error BusyWait::Explain(Error error, const std::string& path) {
  if (error.kind != "sqlite.busy") return error;
  if (stop_.stop_requested()) {
    return {Code::kCancelled, "job.cancelled",
            Concat("cancelled while ", path, " was locked by ", NameHolders(holders_)), "",
            error.where};
  }
  if (holders_.empty() && who_holds_) holders_ = who_holds_();
  if (holders_.empty()) return error;
  error.message = Concat(path, ": database is locked by ", NameHolders(holders_));
  if (waited_.count() > 0) error.message += Concat("; waited ", Seconds(waited_));
  error.hint = Concat("let pid ", holders_.front().pid, " finish or end it, then try again");
  return error;
}

std::string NameHolders(const std::vector<Holder>& holders) {
  if (holders.empty()) return "another program";
  const Holder& first = holders.front();
  std::string name = Concat("pid ", first.pid);
  if (!first.command.empty()) {
    name +=
        Concat(" (", Excerpt(first.command, 60), first.container ? ", in a container" : "", ")");
  }
  if (holders.size() > 1) name += Concat(" and ", holders.size() - 1, " more");
  return name;
}

}  // namespace drover::migrations
