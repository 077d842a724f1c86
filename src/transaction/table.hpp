#pragma once

#include "base/flow.hpp"
#include "base/siphash.hpp"
#include "transaction/events.hpp"
#include "transaction/fsm/key.hpp"
#include "transaction/loop/mailbox.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>

namespace roundabout::transaction {

/// The transactions of one worker, found by what RFC 3261 §17.1.3 and §17.2.3 match on. A
/// transaction enters itself by an Entry that it holds, and leaves when that is destroyed.
///
/// Kept by the 64-bit hash of the key under a secret: a lookup touches one place and compares the
/// key exactly. Of two keys with one hash, which nobody can bring about, the second is not entered.
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
            , hash_(table.hash_(key_))
            , mailbox_(mailbox)
            , flow_(flow)
            , final_(final)
            , entered_(table.entries_.try_emplace(hash_, this).second) {}
        Entry(const Entry&) = delete;
        Entry& operator=(const Entry&) = delete;
        ~Entry() {
            if (entered_)
                table_.entries_.erase(hash_);
        }

        /// False if another transaction had that key before; then this one can't be found.
        [[nodiscard]] bool entered() const noexcept { return entered_; }
        [[nodiscard]] const Key& key() const noexcept { return key_; }

      private:
        friend class TransactionTable;

        TransactionTable& table_;
        Key key_;
        std::uint64_t hash_;
        Mailbox<AnyEvent>& mailbox_;
        const Flow& flow_;
        const bool& final_;
        bool entered_;
    };

    explicit TransactionTable(const HashKey& secret)
        : hash_(secret) {}

    /// The mailbox of the transaction with that key; null if there is none. O(1).
    [[nodiscard]] Mailbox<AnyEvent>* find(const Key& key) const noexcept {
        const auto found = entries_.find(hash_(key));
        return found != entries_.end() && found->second->key_ == key ? &found->second->mailbox_
                                                                     : nullptr;
    }
    [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }

    /// Calls `see` with each one's key, the flow by which it sends, and whether it had its final
    /// response. O(size).
    template <class See>
    void each(See see) const {
        for (const auto& [hash, entry] : entries_)
            see(entry->key_, entry->flow_, entry->final_);
    }

    /// Tells every transaction to stop.
    void stop() {
        for (auto& [hash, entry] : entries_)
            entry->mailbox_.put(Stop{});
    }

  private:
    /// The hash is one already, and spreads well.
    struct AsItIs {
        using is_avalanching = void;
        [[nodiscard]] std::size_t operator()(std::uint64_t hash) const noexcept {
            return static_cast<std::size_t>(hash);
        }
    };

    fsm::KeyHash hash_;
    boost::unordered_flat_map<std::uint64_t, Entry*, AsItIs> entries_;
};

using ServerTable = TransactionTable<fsm::ServerKey, ServerEvent>;
using ClientTable = TransactionTable<fsm::ClientKey, ClientEvent>;

} // namespace roundabout::transaction
