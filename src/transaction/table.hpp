#pragma once

#include "base/flow.hpp"
#include "base/siphash.hpp"
#include "transaction/events.hpp"
#include "transaction/fsm/key.hpp"
#include "transaction/loop/mailbox.hpp"

#include <cstddef>
#include <unordered_map>

namespace roundabout::transaction {

/// The transactions of one worker, found by what RFC 3261 §17.1.3 and §17.2.3 match on. A
/// transaction enters itself by an Entry that it holds, and leaves when that is destroyed.
template <class Key, class AnyEvent>
class TransactionTable {
  public:
    /// One transaction's place. Must not outlive the table.
    class Entry {
      public:
        /// `flow`, by which it sends, and `final`, whether it had its final response, stay where
        /// they are as long as this.
        Entry(TransactionTable& table, Key key, Mailbox<AnyEvent>& mailbox, const Flow& flow,
              const bool& final)
            : table_(table)
            , key_(std::move(key))
            , entered_(table.entries_.try_emplace(key_, Listed{&mailbox, &flow, &final}).second) {}
        Entry(const Entry&) = delete;
        Entry& operator=(const Entry&) = delete;
        ~Entry() {
            if (entered_)
                table_.entries_.erase(key_);
        }

        /// False if another transaction had that key before; then this one can't be found.
        [[nodiscard]] bool entered() const noexcept { return entered_; }
        [[nodiscard]] const Key& key() const noexcept { return key_; }

      private:
        TransactionTable& table_;
        Key key_;
        bool entered_;
    };

    explicit TransactionTable(const HashKey& secret)
        : entries_(64, fsm::KeyHash(secret)) {}

    /// The mailbox of the transaction with that key; null if there is none. O(1).
    [[nodiscard]] Mailbox<AnyEvent>* find(const Key& key) const noexcept {
        const auto found = entries_.find(key);
        return found == entries_.end() ? nullptr : found->second.mailbox;
    }
    [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }

    /// Calls `see` with each one's key, the flow by which it sends, and whether it had its final
    /// response. O(size).
    template <class See>
    void each(See see) const {
        for (const auto& [key, listed] : entries_)
            see(key, *listed.flow, *listed.final);
    }

    /// Tells every transaction to stop.
    void stop() {
        for (auto& [key, listed] : entries_)
            listed.mailbox->put(Stop{});
    }

  private:
    struct Listed {
        Mailbox<AnyEvent>* mailbox;
        const Flow* flow;
        const bool* final;
    };
    std::unordered_map<Key, Listed, fsm::KeyHash> entries_;
};

using ServerTable = TransactionTable<fsm::ServerKey, ServerEvent>;
using ClientTable = TransactionTable<fsm::ClientKey, ClientEvent>;

} // namespace roundabout::transaction
