#include "admin/commit_waits.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <utility>

namespace roundabout::admin {

namespace asio = boost::asio;

namespace {
constexpr auto as_tuple = asio::as_tuple(asio::use_awaitable);
/// The store answers within its own wait, unless the disk hangs inside a write.
constexpr auto patience = std::chrono::seconds(10);
} // namespace

struct CommitWaits::Wait {
    asio::steady_timer until;
    bool stored = false;
};

CommitWaits::CommitWaits(asio::io_context& io, store::BindingStore& store, std::size_t outlet)
    : io_(io)
    , store_(store)
    , outlet_(outlet) {}

CommitWaits::~CommitWaits() = default;

asio::awaitable<bool> CommitWaits::commit(registration::ChangeSet changes) {
    const std::uint64_t ticket = ++last_ticket_;
    const auto wait = std::make_shared<Wait>(Wait{asio::steady_timer(io_, patience)});
    waits_.emplace(ticket, wait);
    store_.commit(std::move(changes), store::Asker{outlet_, ticket});
    co_await wait->until.async_wait(as_tuple);
    waits_.erase(ticket);
    co_return wait->stored;
}

void CommitWaits::take(const std::vector<store::Outcome>& outcomes) {
    for (const store::Outcome& outcome : outcomes) {
        const auto* const committed = std::get_if<store::Committed>(&outcome);
        const auto found = committed == nullptr ? waits_.end() : waits_.find(committed->ticket);
        if (found == waits_.end())
            continue;
        found->second->stored = committed->stored;
        found->second->until.cancel();
    }
}

void CommitWaits::stop() {
    for (const auto& [ticket, wait] : waits_)
        wait->until.cancel();
}

} // namespace roundabout::admin
