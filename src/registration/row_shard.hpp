#pragma once

#include "registration/binding_table.hpp"
#include "registration/flat_table.hpp"
#include "registration/packed_binding.hpp"

#include <cstdint>
#include <mutex>
#include <optional>
#include <unordered_map>
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

    /// Bindings whose expiry is not after `now`. O(capacity()).
    [[nodiscard]] std::vector<BindingId> expired(WallTime now) const;
    [[nodiscard]] std::size_t capacity() const noexcept { return rows_.capacity(); }
    /// Adds to `found`, which ends with at most `limit`, those after `after` in order of their ids.
    void add_page(const std::optional<BindingId>& after, std::size_t limit,
                  std::vector<Binding>& found) const;

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

    FlatTable<Slot> rows_;
    StringPool pool_;
    std::unordered_multimap<BindingId, Pending> pending_;
};

} // namespace roundabout::registration
