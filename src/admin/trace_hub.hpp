#pragma once

#include "admin/record.hpp"
#include "admin/trace_filter.hpp"
#include "base/endpoint.hpp"
#include "transport/tap.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

namespace roundabout::admin {

/// What one watcher is shown, as lines that wait until it takes them. One that is slow loses lines,
/// and is told how many.
class Watcher {
  public:
    static constexpr std::size_t most_lines = 4096;
    static constexpr std::size_t most_bytes = std::size_t{8} << 20U;
    /// Calls that are followed at once; beyond, the one followed longest is forgotten.
    static constexpr std::size_t most_calls = 4096;

    Watcher(boost::asio::io_context& io, TraceFilter filter);

    /// Shows it, if it belongs to a call of which one message has met the filter.
    void see(const sip::Message& message, const transport::Passed& passed, std::string_view server);
    /// So many messages were lost before they got here.
    void lose(std::uint64_t messages);

    /// Waits until there are lines, or stop() was called; gives all that wait, maybe none.
    [[nodiscard]] boost::asio::awaitable<std::string> next();
    /// next() returns at once from now on.
    void stop();
    [[nodiscard]] bool stopped() const noexcept { return stopped_; }

  private:
    [[nodiscard]] bool follows(const sip::Message& message, const transport::Passed& passed,
                               std::string_view server);
    void keep(std::string line);

    TraceFilter filter_;
    boost::asio::steady_timer news_;
    std::deque<std::string> lines_;
    std::size_t bytes_ = 0;
    std::uint64_t lost_ = 0;
    std::unordered_set<std::string> calls_;
    std::deque<std::string> calls_in_order_;
    bool stopped_ = false;
};

/// Takes what the tap holds and shows it to whoever watches; opens the tap for the first watcher
/// and closes it after the last. The io_context's thread.
class TraceHub {
  public:
    /// `server_at` names the trusted server at an address, empty if there is none.
    TraceHub(boost::asio::io_context& io, transport::Tap& tap,
             std::function<std::string(const IpAddress&)> server_at);
    TraceHub(const TraceHub&) = delete;
    TraceHub& operator=(const TraceHub&) = delete;
    ~TraceHub();

    void add(std::shared_ptr<Watcher> watcher);
    void remove(const std::shared_ptr<Watcher>& watcher);

  private:
    void look();

    boost::asio::io_context& io_;
    transport::Tap& tap_;
    std::function<std::string(const IpAddress&)> server_at_;
    std::vector<std::shared_ptr<Watcher>> watchers_;
    std::vector<transport::Passed> batch_;
};

/// {"message":{...}}: a message as it came or went, credentials masked.
[[nodiscard]] Record record_of(const sip::Message& message, const transport::Passed& passed,
                               std::string_view server);

} // namespace roundabout::admin
