#pragma once

#include "app/shared_state.hpp"
#include "app/worker_thread.hpp"
#include "store/sqlite_binding_store.hpp"
#include "transport/deadline.hpp"
#include "transport/descriptor_passing.hpp"
#include "transport/hand_over_frame.hpp"
#include "transport/task_group.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/result.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

namespace roundabout::app {

/// The running process as another one takes its place (`roundabout --take-over`), and until it has
/// ended what it began; see transport/hand_over_frame.hpp for what the two say. Main thread, which
/// blocks while workers answer.
///
/// Nothing is read twice or by nobody: this process stops reading at one instant, the kernel's
/// queues hold what comes, and the other one goes on with the same sockets. Should it fail before
/// it serves, this one goes on as if nothing had been.
class HandOver {
  public:
    /// All but the functions outlive this.
    struct Process {
        SharedState& shared;
        const std::vector<std::unique_ptr<WorkerThread>>& workers;
        store::SqliteBindingStore& store;
        /// Why it can't be now; empty: it can.
        std::function<std::string()> obstacle;
        /// The other process serves: control socket, metrics and store are its own by now.
        std::function<void()> leave;
        /// What was under way has ended.
        std::function<void()> ended;
    };
    HandOver(boost::asio::io_context& io, Process process);

    /// Offers our place. The link for whoever asked, or in a sentence why not.
    [[nodiscard]] boost::system::result<transport::Descriptor, std::string> begin();

    /// Whether the other process serves by now.
    [[nodiscard]] bool left() const noexcept { return left_; }
    /// The process ends, however far this has come.
    void stop();

  private:
    [[nodiscard]] bool offer();
    [[nodiscard]] boost::asio::awaitable<void> run();
    void be_patient();
    [[nodiscard]] boost::asio::awaitable<std::optional<transport::Record>> next();
    [[nodiscard]] boost::asio::awaitable<void> say(std::string frame);
    [[nodiscard]] boost::asio::awaitable<void> give();
    [[nodiscard]] boost::asio::awaitable<bool> all_written();
    void resume();
    void withdraw();
    void deliver(std::string_view frame);
    [[nodiscard]] boost::asio::awaitable<void> drain();
    [[nodiscard]] bool is_idle(std::vector<std::unordered_set<FlowId>>& unused);

    boost::asio::io_context& io_;
    Process process_;
    boost::asio::posix::stream_descriptor link_;
    std::optional<transport::Deadline> patience_; ///< with the other process's next word
    boost::asio::steady_timer pause_;
    std::vector<transport::Descriptor> sockets_; ///< second ones, to go on by
    bool given_ = false; ///< nothing is read by us, and nobody has said that he does
    bool left_ = false;
    bool stopped_ = false;
    transport::Counters counters_;
    transport::TaskGroup tasks_{io_, counters_};
};

} // namespace roundabout::app
