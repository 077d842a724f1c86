#pragma once

#include "base/flow.hpp"
#include "transaction/events.hpp"
#include "transaction/loop/mailbox.hpp"

#include <cstddef>
#include <unordered_map>

namespace roundabout::proxy {

/// Tells the branches that have heard nothing yet over a connection that it is gone (R41), without
/// a walk over all transactions. One a worker.
class FlowWatch {
    struct Branch {
        transaction::MailboxRef<transaction::Event> context;
        std::size_t branch;
    };
    using Branches = std::unordered_multimap<FlowId, Branch>;

  public:
    /// While it is held, FlowLost{branch} comes to the context if the connection closes.
    class Watching {
      public:
        Watching() noexcept = default;
        Watching(Watching&& other) noexcept
            : branches_(std::exchange(other.branches_, nullptr))
            , at_(other.at_) {}
        Watching& operator=(Watching&& other) noexcept {
            if (this != &other) {
                stop();
                branches_ = std::exchange(other.branches_, nullptr);
                at_ = other.at_;
            }
            return *this;
        }
        Watching(const Watching&) = delete;
        Watching& operator=(const Watching&) = delete;
        ~Watching() { stop(); }

        void stop() noexcept {
            if (branches_ != nullptr)
                branches_->erase(at_);
            branches_ = nullptr;
        }

      private:
        friend class FlowWatch;
        Watching(Branches& branches, Branches::iterator at) noexcept
            : branches_(&branches)
            , at_(at) {}

        Branches* branches_ = nullptr;
        Branches::iterator at_;
    };

    [[nodiscard]] Watching watch(FlowId flow, transaction::Mailbox<transaction::Event>& context,
                                 std::size_t branch) {
        const transaction::MailboxRef<transaction::Event> ref(context);
        return {branches_, branches_.emplace(flow, Branch{ref, branch})};
    }

    /// O(branches that waited on that connection).
    void closed(FlowId flow) {
        const auto [begin, end] = branches_.equal_range(flow);
        for (auto it = begin; it != end; ++it)
            it->second.context.put(transaction::FlowLost{it->second.branch});
    }

  private:
    Branches branches_;
};

} // namespace roundabout::proxy
