#pragma once

#include "registration/change_set.hpp"
#include "store/binding_store.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

namespace roundabout::admin {

/// Lets a coroutine wait until the store has written what it gave. One io_context's thread.
class CommitWaits {
  public:
    /// `outlet`: the store's outlet whose outcomes come to take().
    CommitWaits(boost::asio::io_context& io, store::BindingStore& store, std::size_t outlet);
    ~CommitWaits();
    CommitWaits(const CommitWaits&) = delete;
    CommitWaits& operator=(const CommitWaits&) = delete;

    /// True: on disk. False: not in time, not at all, or stopped.
    [[nodiscard]] boost::asio::awaitable<bool> commit(registration::ChangeSet changes);

    /// What came through the outlet; those that nobody waits for any more are ignored.
    void take(const std::vector<store::Outcome>& outcomes);

    /// Whoever waits goes on at once.
    void stop();

  private:
    struct Wait;
    boost::asio::io_context& io_;
    store::BindingStore& store_;
    std::size_t outlet_;
    std::uint64_t last_ticket_ = 0;
    std::unordered_map<std::uint64_t, std::shared_ptr<Wait>> waits_; ///< by ticket
};

} // namespace roundabout::admin
