#pragma once

#include "admin/commit_waits.hpp"
#include "admin/control_path.hpp"
#include "admin/overview.hpp"
#include "admin/protocol.hpp"
#include "admin/statistics.hpp"
#include "admin/trace_hub.hpp"
#include "admin/worker_calls.hpp"
#include "proxy/parked.hpp"
#include "registration/binding_table.hpp"
#include "transport/deadline.hpp"
#include "transport/descriptor.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/system/result.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace roundabout::admin {

/// What came of a reload.
struct Reloaded {
    bool taken = false;
    std::vector<std::string> lines; ///< what changed; or, if it was not taken, what is wrong
};

/// The link for whoever is to take the process's place, or in a sentence why nobody can.
using HandOverOffer = boost::system::result<transport::Descriptor, std::string>;

/// What commands act on; outlives every session.
struct Subject {
    registration::BindingTable* bindings = nullptr;
    store::BindingStore* store = nullptr;
    StatisticsSources statistics;
    proxy::Parked* parked = nullptr;              ///< null: no request waits for a client
    std::function<Reloaded()> reload;             ///< takes the configuration file up anew
    std::function<HandOverOffer()> hand_over;     ///< offers the process's place
    std::vector<WorkerCall> workers;              ///< one a worker
    std::function<proxy::SnapshotPtr()> snapshot; ///< what requests are decided by now
    transport::Tap* tap = nullptr;                ///< null: there is nothing to trace
    ProcessFacts process;
    std::function<bool()> stopping; ///< nothing new is taken any more
};

/// One connection to the control socket: requests are carried out one after another until its end,
/// or until it keeps us waiting too long. One io_context's thread.
class ControlSession {
  public:
    ControlSession(boost::asio::io_context& io, boost::asio::local::stream_protocol::socket socket,
                   Peer peer, const Subject& subject, CommitWaits& commits, TraceHub* traces);

    /// Ends with the connection. The owner keeps the session until then.
    [[nodiscard]] boost::asio::awaitable<void> run();
    /// Whatever is under way ends soon.
    void close();

  private:
    [[nodiscard]] boost::asio::awaitable<void> answer(std::string line);
    [[nodiscard]] boost::asio::awaitable<End> list(Request request);
    [[nodiscard]] boost::asio::awaitable<End> reload();
    void take_over();
    [[nodiscard]] boost::asio::awaitable<End> purge(Request request);
    [[nodiscard]] boost::asio::awaitable<End> status();
    [[nodiscard]] boost::asio::awaitable<End> servers();
    [[nodiscard]] boost::asio::awaitable<End> flows();
    [[nodiscard]] boost::asio::awaitable<End> flows_of(WorkerCall worker);
    [[nodiscard]] boost::asio::awaitable<End> trace(Request request);
    [[nodiscard]] boost::asio::awaitable<End> explain(Request request);
    [[nodiscard]] std::optional<End> refusal(std::string_view deed) const;
    [[nodiscard]] std::string lines_of(const std::vector<registration::Binding>& bindings) const;
    [[nodiscard]] boost::asio::awaitable<bool> all_loaded();
    [[nodiscard]] boost::asio::awaitable<void> send(std::string lines);
    [[nodiscard]] boost::asio::awaitable<void> let_others_run();

    boost::asio::local::stream_protocol::socket socket_;
    Peer peer_;
    const Subject& subject_;
    CommitWaits& commits_;
    TraceHub* traces_;
    boost::asio::io_context& io_;
    std::shared_ptr<Watcher> watcher_; ///< while it traces
    transport::Deadline deadline_;
    std::string input_;
};

} // namespace roundabout::admin
