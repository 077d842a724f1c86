#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace roundabout::registration {

/// A hash table in one piece of memory (open addressing, linear probing, nothing left behind by an
/// erasure), for a million small entries; between two thirds and seven eighths of its places are
/// taken, however many they are. A `Slot` is cheap to move and has a `tag`: 32 bits of its
/// key's hash, 0 in an empty slot only. Not locked by itself.
template <class Slot>
class FlatTable {
  public:
    /// 32 bits of a hash as a tag.
    [[nodiscard]] static constexpr std::uint32_t tag_of(std::uint64_t hash) noexcept {
        const auto tag = static_cast<std::uint32_t>(hash);
        return tag == 0 ? 1 : tag;
    }

    [[nodiscard]] std::size_t size() const noexcept { return used_; }
    [[nodiscard]] std::size_t capacity() const noexcept { return slots_.size(); }

    /// The slot with that tag for which `same(slot)` holds; null if there is none. Valid until the
    /// next insert or erase.
    template <class Same>
    [[nodiscard]] const Slot* find(std::uint32_t tag, Same same) const {
        if (slots_.empty())
            return nullptr;
        for (std::size_t at = home(tag); slots_[at].tag != 0; at = after(at)) {
            if (slots_[at].tag == tag && same(slots_[at]))
                return &slots_[at];
        }
        return nullptr;
    }
    template <class Same>
    [[nodiscard]] Slot* find(std::uint32_t tag, Same same) {
        return const_cast<Slot*>(std::as_const(*this).find(tag, same));
    }

    /// Puts in a slot that is known not to be there.
    void insert(Slot slot) {
        if ((used_ + 1) * 8 > slots_.size() * 7)
            grow();
        place(std::move(slot));
        ++used_;
    }

    /// Takes out a slot that find() gave.
    void erase(Slot* slot) {
        auto hole = static_cast<std::size_t>(slot - slots_.data());
        for (std::size_t at = after(hole); slots_[at].tag != 0; at = after(at)) {
            // A slot may move back into the hole unless its own place lies after the hole.
            if (distance(home(slots_[at].tag), at) >= distance(hole, at)) {
                slots_[hole] = std::move(slots_[at]);
                hole = at;
            }
        }
        slots_[hole] = Slot{};
        --used_;
    }

    template <class Visit>
    void for_each(Visit visit) const {
        for (const Slot& slot : slots_) {
            if (slot.tag != 0)
                visit(slot);
        }
    }

  private:
    /// Spread evenly over a table of any size, by all bits of the tag but the top one, which a user
    /// of the table may use for himself.
    [[nodiscard]] std::size_t home(std::uint32_t tag) const noexcept {
        return static_cast<std::size_t>((tag & 0x7FFFFFFFU) * std::uint64_t{slots_.size()} >> 31U);
    }
    [[nodiscard]] std::size_t after(std::size_t at) const noexcept {
        return at + 1 == slots_.size() ? 0 : at + 1;
    }
    /// How many steps lead from the one place to the other.
    [[nodiscard]] std::size_t distance(std::size_t from, std::size_t to) const noexcept {
        return to >= from ? to - from : to + slots_.size() - from;
    }

    void place(Slot slot) {
        std::size_t at = home(slot.tag);
        while (slots_[at].tag != 0)
            at = after(at);
        slots_[at] = std::move(slot);
    }

    void grow() {
        std::vector<Slot> old = std::exchange(
            slots_, std::vector<Slot>(slots_.empty() ? smallest : slots_.size() * 4 / 3));
        for (Slot& slot : old) {
            if (slot.tag != 0)
                place(std::move(slot));
        }
    }

    static constexpr std::size_t smallest = 8;

    std::vector<Slot> slots_;
    std::size_t used_ = 0;
};

} // namespace roundabout::registration
