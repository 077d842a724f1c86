#pragma once

#include "registration/binding_table.hpp"
#include "registration/flat_table.hpp"
#include "registration/nat_interval.hpp"
#include "registration/packed_binding.hpp"

#include <cstdint>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace roundabout::registration {

/// The bindings whose ids begin with one byte, and the lock over them. Every member but `mutex` is
/// called under it.
class RowShard {
  public:
    /// What a sweep looks at stands beside the pointer, so that it walks through memory in order.
    struct Slot {
        std::uint32_t tag = 0;
        std::uint32_t expires = 0; ///< seconds since the epoch, clamped to 32 bits
        PackedBinding row;
    };

    mutable std::mutex mutex;

    [[nodiscard]] const Slot* find(const BindingId& id) const;
    [[nodiscard]] Slot* find(const BindingId& id);
    /// In place of `slot`, or as a new row where that is null. Gives the row's slot.
    Slot* put(Slot* slot, const Binding& binding);
    void erase(Slot* slot);
    [[nodiscard]] Binding unpack(const Slot& slot) const { return slot.row.unpack(pool_); }
    [[nodiscard]] const StringPool& pool() const noexcept { return pool_; }
    /// Calls `each(server, count)` for every server that has granted one of these rows.
    template <class Each>
    void for_each_server(Each each) const {
        for (std::size_t ref = 0; ref < by_server_.size(); ++ref) {
            if (by_server_[ref] != 0)
                each(pool_.text(static_cast<StringPool::Ref>(ref)), by_server_[ref]);
        }
    }

    /// At most `limit` bindings whose expiry is not after `now`. O(capacity()).
    [[nodiscard]] std::vector<BindingId> expired(WallTime now, std::size_t limit) const;
    [[nodiscard]] std::size_t capacity() const noexcept { return rows_.capacity(); }
    /// Adds to `found`, which ends with at most `limit`, those after `after` in order of their ids.
    void add_page(const std::optional<BindingId>& after, std::size_t limit,
                  std::vector<Binding>& found) const;

    /// Of UDP bindings behind a NAT that expire after `now`. O(capacity()).
    [[nodiscard]] std::vector<Flow> flows_behind_nat(WallTime now, NatRound round) const;

    /// While that is on, which rows are erased is remembered; switching it forgets them.
    void remember_ends(bool on);
    [[nodiscard]] bool has_ended(const BindingId& id) const { return ended_.contains(id); }

    void add_pending(const Binding& binding, PendingKey key);
    /// False if there is none.
    bool drop_pending(const BindingId& id, PendingKey key);
    /// Null if there is none.
    [[nodiscard]] const Binding* pending(const BindingId& id) const;

  private:
    struct Pending {
        PendingKey key = 0;
        Binding binding;
    };

    void release(PackedBinding& row);

    FlatTable<Slot> rows_;
    StringPool pool_;
    std::vector<std::uint32_t> by_server_; ///< rows, by the server's reference in the pool
    std::unordered_multimap<BindingId, Pending> pending_;
    std::unordered_set<BindingId> ended_;
    bool remembers_ends_ = false;
};

} // namespace roundabout::registration
