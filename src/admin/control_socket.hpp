#pragma once

#include "admin/commit_waits.hpp"
#include "admin/control_session.hpp"
#include "transport/counters.hpp"
#include "transport/task_group.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstddef>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace roundabout::admin {

/// The Unix socket by which roundabout-ctl reaches the running proxy. Lives on one io_context and
/// is used on its thread; that context runs until the last session has ended.
class ControlSocket {
  public:
    /// `outlet`: the store's outlet whose outcomes are given to take().
    ControlSocket(boost::asio::io_context& io, Subject subject, std::size_t outlet);
    ControlSocket(const ControlSocket&) = delete;
    ControlSocket& operator=(const ControlSocket&) = delete;

    /// Binds `path`, for `group` (empty: the process's own), and begins to serve it. A sentence if
    /// that can't be.
    [[nodiscard]] std::optional<std::string> listen(const std::string& path,
                                                    const std::string& group);

    /// The store's answers.
    void take(const std::vector<store::Outcome>& outcomes) { commits_.take(outcomes); }

    /// Ends all sessions and removes the socket. The coroutines end as the io_context runs on.
    void stop();

  private:
    [[nodiscard]] boost::asio::awaitable<void> accept();
    void admit(boost::asio::local::stream_protocol::socket socket);
    [[nodiscard]] boost::asio::awaitable<void> serve(std::shared_ptr<ControlSession> session);

    boost::asio::io_context& io_;
    Subject subject_;
    CommitWaits commits_;
    std::unique_ptr<TraceHub> traces_;
    boost::asio::local::stream_protocol::acceptor acceptor_;
    boost::asio::steady_timer rest_;
    std::string path_;
    std::list<std::shared_ptr<ControlSession>> sessions_;
    transport::Counters counters_;
    transport::TaskGroup tasks_{io_, counters_};
};

} // namespace roundabout::admin
