#pragma once

#include "transaction/fsm/key.hpp"
#include "transport/descriptor.hpp"
#include "transport/hand_over_frame.hpp"
#include "transport/inbox.hpp"

#include <atomic>
#include <cstdint>
#include <unordered_set>

namespace roundabout::proxy {

/// The process whose place this one has taken, while it ends the transactions that it began: what
/// arrives for one of them is passed on to it. Shared by all workers; any thread.
///
/// A request is known by its key. A response that no transaction here waits for is its own, since
/// nobody else asked: whether that is so it knows itself.
class Predecessor {
  public:
    /// `link` is the end of the pair that is ours, and does not block. Of `keys` those of server
    /// transactions.
    Predecessor(transport::Descriptor link, const transport::KeysUnderWay& keys);

    /// True: it has it now. Only what came by UDP: whoever came by a connection of ours could not
    /// be answered by it, and is served as after a restart.
    [[nodiscard]] bool take_request(const transport::Inbound& inbound);
    /// True: it has it now.
    [[nodiscard]] bool take_response(const transport::Inbound& inbound);

    /// False once it has ended.
    [[nodiscard]] bool is_there() const noexcept { return there_.load(std::memory_order_relaxed); }
    /// How many messages it was given.
    [[nodiscard]] std::uint64_t passed() const noexcept { return passed_.load(); }

  private:
    [[nodiscard]] bool has(const transaction::fsm::ServerKey& key) const;
    [[nodiscard]] bool pass(const transport::Inbound& inbound);

    transport::Descriptor link_;
    HashKey secret_;
    std::unordered_set<std::uint64_t> keys_;
    std::atomic<bool> there_ = true;
    std::atomic<std::uint64_t> passed_ = 0;
};

} // namespace roundabout::proxy
