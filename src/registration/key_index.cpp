#include "registration/key_index.hpp"

#include <algorithm>
#include <cstring>

namespace roundabout::registration {

std::uint32_t KeyIndex::Slot::list() const noexcept {
    std::uint32_t number = 0;
    std::memcpy(&number, id.bytes.data(), sizeof number);
    return number;
}

void KeyIndex::Slot::set_list(std::uint32_t number) noexcept {
    std::memcpy(id.bytes.data(), &number, sizeof number);
    tag |= list_bit;
}

std::uint32_t KeyIndex::tag_of(std::uint64_t hash) noexcept {
    return FlatTable<Slot>::tag_of(hash & ~std::uint64_t{list_bit});
}

const KeyIndex::Slot* KeyIndex::slot_of(std::uint64_t hash) const {
    const auto any = [](const Slot&) { return true; };
    const std::uint32_t tag = tag_of(hash);
    const Slot* slot = keys_.find(tag, any);
    return slot != nullptr ? slot : keys_.find(tag | list_bit, any);
}

KeyIndex::Slot* KeyIndex::slot_of(std::uint64_t hash) {
    return const_cast<Slot*>(std::as_const(*this).slot_of(hash));
}

void KeyIndex::add(std::uint64_t hash, const BindingId& id) {
    Slot* slot = slot_of(hash);
    if (slot == nullptr) {
        keys_.insert({tag_of(hash), id});
        return;
    }
    if ((slot->tag & list_bit) == 0) {
        if (slot->id == id)
            return;
        std::uint32_t number = 0;
        if (free_lists_.empty()) {
            number = static_cast<std::uint32_t>(lists_.size());
            lists_.emplace_back();
        } else {
            number = free_lists_.back();
            free_lists_.pop_back();
        }
        lists_[number] = {std::min(slot->id, id), std::max(slot->id, id)};
        slot->set_list(number);
        return;
    }
    std::vector<BindingId>& list = lists_[slot->list()];
    const auto at = std::ranges::lower_bound(list, id);
    if (at == list.end() || *at != id)
        list.insert(at, id);
}

void KeyIndex::remove(std::uint64_t hash, const BindingId& id) {
    Slot* slot = slot_of(hash);
    if (slot == nullptr)
        return;
    if ((slot->tag & list_bit) == 0) {
        if (slot->id == id)
            keys_.erase(slot);
        return;
    }
    const std::uint32_t number = slot->list();
    std::vector<BindingId>& list = lists_[number];
    const auto at = std::ranges::lower_bound(list, id);
    if (at == list.end() || *at != id)
        return;
    list.erase(at);
    if (list.size() > 1)
        return;
    slot->id = list.front();
    slot->tag &= ~list_bit;
    std::vector<BindingId>().swap(list);
    free_lists_.push_back(number);
}

std::vector<BindingId> KeyIndex::find(std::uint64_t hash, std::size_t limit) const {
    const Slot* slot = slot_of(hash);
    if (slot == nullptr)
        return {};
    if ((slot->tag & list_bit) == 0)
        return {slot->id};
    const std::vector<BindingId>& list = lists_[slot->list()];
    const std::size_t wanted = std::min(list.size(), limit);
    return {list.begin(), list.begin() + static_cast<std::ptrdiff_t>(wanted)};
}

} // namespace roundabout::registration
