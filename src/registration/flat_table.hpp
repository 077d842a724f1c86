#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace roundabout::registration {

/// A hash table in one piece of memory (open addressing, linear probing, nothing left behind by an
/// erasure), for a million small entries. A `Slot` is cheap to move and has a `tag`: 32 bits of its
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
        for (std::size_t at = tag & mask(); slots_[at].tag != 0; at = (at + 1) & mask()) {
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
        for (std::size_t at = (hole + 1) & mask(); slots_[at].tag != 0; at = (at + 1) & mask()) {
            // A slot may move back into the hole unless its own place lies after the hole.
            const std::size_t home = slots_[at].tag & mask();
            if (((at - home) & mask()) >= ((at - hole) & mask())) {
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
    [[nodiscard]] std::size_t mask() const noexcept { return slots_.size() - 1; }

    void place(Slot slot) {
        std::size_t at = slot.tag & mask();
        while (slots_[at].tag != 0)
            at = (at + 1) & mask();
        slots_[at] = std::move(slot);
    }

    void grow() {
        std::vector<Slot> old =
            std::exchange(slots_, std::vector<Slot>(slots_.empty() ? smallest : slots_.size() * 2));
        for (Slot& slot : old) {
            if (slot.tag != 0)
                place(std::move(slot));
        }
    }

    static constexpr std::size_t smallest = 8; // a power of two, as every size is

    std::vector<Slot> slots_;
    std::size_t used_ = 0;
};

} // namespace roundabout::registration
