// A blocking client for the transport's tests, with a deadline on everything it waits for.
#pragma once

#include <cstring>
#include <optional>
#include <poll.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>

#include "base/posix.h"

namespace drover::testing {

inline constexpr int kPatienceMs = 10'000;

inline sockaddr_un AddressOf(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

inline UniqueFd ListenAt(const std::string& path) {
  const sockaddr_un address = AddressOf(path);
  UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return {};
  if (listen(fd.get(), 512) != 0) return {};
  return fd;
}

class Client final {
 public:
  explicit Client(const std::string& path) : fd_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    connected_ = Connect(path);
  }

  bool Connect(const std::string& path) {
    const sockaddr_un address = AddressOf(path);
    return connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }

  [[nodiscard]] bool connected() const { return connected_; }

  /// False when the other side has closed.
  bool Write(std::string_view data) {
    while (!data.empty()) {
      const ssize_t sent = send(fd_.get(), data.data(), data.size(), MSG_NOSIGNAL);
      if (sent < 0) return false;
      data.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  /// The next line without its end; nothing at the end of the stream or after ten seconds.
  std::optional<std::string> ReadLine() {
    for (;;) {
      const std::size_t end = buffer_.find('\n');
      if (end != std::string::npos) {
        std::string line = buffer_.substr(0, end);
        buffer_.erase(0, end + 1);
        return line;
      }
      if (!Fill()) return std::nullopt;
    }
  }

  /// Everything up to the end of the stream.
  std::string ReadAll() {
    while (Fill()) {
    }
    return std::exchange(buffer_, {});
  }

  /// The stream ends (or is reset) within ten seconds.
  bool Ended() {
    while (Fill()) {
    }
    return ended_;
  }

  /// At most 65,536 bytes that have arrived, which are then forgotten; returns their number.
  std::size_t ReadSome() {
    (void)Fill();
    return std::exchange(buffer_, {}).size();
  }

  void ShutdownWrite() { shutdown(fd_.get(), SHUT_WR); }
  void Close() { fd_.Reset(); }

 private:
  bool Fill() {
    pollfd entry{.fd = fd_.get(), .events = POLLIN, .revents = 0};
    if (poll(&entry, 1, kPatienceMs) <= 0) return false;
    char chunk[65536];
    const ssize_t got = recv(fd_.get(), chunk, sizeof chunk, 0);
    if (got <= 0) {
      ended_ = true;
      return false;
    }
    buffer_.append(chunk, static_cast<std::size_t>(got));
    return true;
  }

  UniqueFd fd_;
  std::string buffer_;
  bool connected_ = false;
  bool ended_ = false;
};

}  // namespace drover::testing
