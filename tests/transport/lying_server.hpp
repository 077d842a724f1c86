#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace roundabout::transport::testing {

/// A DNS server on a UDP port of 127.0.0.1 that says whatever the test wants, on a thread of its
/// own until it goes.
class LyingServer {
  public:
    using Message = std::vector<std::uint8_t>;
    /// The answer to a query; an empty one is not sent.
    using Answer = std::function<Message(const Message& query)>;

    explicit LyingServer(Answer answer);
    ~LyingServer();
    LyingServer(const LyingServer&) = delete;
    LyingServer& operator=(const LyingServer&) = delete;

    /// "127.0.0.1:port".
    [[nodiscard]] std::string address() const;
    [[nodiscard]] int queries() const noexcept { return queries_; }

  private:
    void serve();

    Answer answer_;
    int socket_ = -1;
    int end_ = -1; // an eventfd that wakes the thread for good
    std::atomic<int> queries_{0};
    std::thread thread_;
};

} // namespace roundabout::transport::testing
