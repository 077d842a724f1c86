#pragma once

#include "registration/binding.hpp"
#include "registration/flat_table.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace roundabout::registration {

/// From the hash of a key (an AOR's user, a Contact's user, a flow) to the ids of the bindings that
/// have it: 16 bytes where it is one, a sorted list where it is several. Two keys of one hash share
/// a list, so whoever reads it checks the binding itself. Not locked by itself.
class KeyIndex {
  public:
    /// Once, however often it is added.
    void add(std::uint64_t hash, const BindingId& id);
    /// Nothing happens if it isn't there. O(log ids) and a move of the list's rest.
    void remove(std::uint64_t hash, const BindingId& id);
    /// The first at most `limit` (not 0), in the order of the ids.
    [[nodiscard]] std::vector<BindingId>
    find(std::uint64_t hash, std::size_t limit = std::numeric_limits<std::size_t>::max()) const;

    /// How many keys have bindings.
    [[nodiscard]] std::size_t size() const noexcept { return keys_.size(); }

  private:
    struct Slot {
        std::uint32_t tag = 0;
        BindingId id; ///< or, in its first four bytes, which list

        [[nodiscard]] std::uint32_t list() const noexcept;
        void set_list(std::uint32_t number) noexcept;
    };

    // The tag's top bit says which of the two a slot holds, so the hash itself has 31 bits.
    static constexpr std::uint32_t list_bit = 0x80000000U;
    static std::uint32_t tag_of(std::uint64_t hash) noexcept;

    [[nodiscard]] const Slot* slot_of(std::uint64_t hash) const;
    [[nodiscard]] Slot* slot_of(std::uint64_t hash);

    FlatTable<Slot> keys_;
    std::vector<std::vector<BindingId>> lists_;
    std::vector<std::uint32_t> free_lists_;
};

} // namespace roundabout::registration
