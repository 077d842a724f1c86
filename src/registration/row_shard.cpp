#include "registration/row_shard.hpp"

#include <algorithm>
#include <cstring>

namespace roundabout::registration {
namespace {

std::uint32_t tag_of(const BindingId& id) noexcept {
    std::uint32_t word = 0;
    std::memcpy(&word, id.bytes.data() + 4, sizeof word); // not the byte that chose the shard
    return FlatTable<RowShard::Slot>::tag_of(word);
}

} // namespace

const RowShard::Slot* RowShard::find(const BindingId& id) const {
    return rows_.find(tag_of(id), [&](const Slot& slot) { return slot.row.id() == id; });
}

RowShard::Slot* RowShard::find(const BindingId& id) {
    return rows_.find(tag_of(id), [&](const Slot& slot) { return slot.row.id() == id; });
}

RowShard::Slot* RowShard::put(Slot* slot, const Binding& binding) {
    Slot fresh{tag_of(binding.id), to_seconds32(binding.expires), PackedBinding(binding, pool_)};
    const StringPool::Ref server = fresh.row.server_ref();
    if (by_server_.size() <= server)
        by_server_.resize(std::size_t{server} + 1);
    ++by_server_[server];
    if (slot == nullptr) {
        rows_.insert(std::move(fresh));
        return find(binding.id);
    }
    release(slot->row);
    *slot = std::move(fresh);
    return slot;
}

void RowShard::release(PackedBinding& row) {
    --by_server_[row.server_ref()];
    row.release(pool_);
}

void RowShard::erase(Slot* slot) {
    if (remembers_ends_)
        ended_.insert(slot->row.id());
    release(slot->row);
    rows_.erase(slot);
}

std::vector<BindingId> RowShard::expired(WallTime now, std::size_t limit) const {
    std::vector<BindingId> over;
    rows_.for_each([&, latest = to_seconds32(now)](const Slot& slot) {
        if (slot.expires <= latest && over.size() < limit)
            over.push_back(slot.row.id());
    });
    return over;
}

std::vector<Flow> RowShard::flows_behind_nat(WallTime now, NatRound round) const {
    std::vector<Flow> flows;
    rows_.for_each([&, latest = to_seconds32(now)](const Slot& slot) {
        if (slot.row.is_udp() && slot.row.is_behind_nat() && slot.expires > latest &&
            round.has(slot.row.keepalive()))
            flows.push_back(unpack(slot).flow);
    });
    return flows;
}

void RowShard::add_page(const std::optional<BindingId>& after, std::size_t limit,
                        std::vector<Binding>& found) const {
    std::vector<BindingId> ids;
    rows_.for_each([&](const Slot& slot) {
        if (!after || slot.row.id() > *after)
            ids.push_back(slot.row.id());
    });
    const std::size_t wanted = std::min(ids.size(), limit - found.size());
    const auto end = ids.begin() + static_cast<std::ptrdiff_t>(wanted);
    std::ranges::partial_sort(ids, end);
    for (auto id = ids.begin(); id != end; ++id)
        found.push_back(unpack(*find(*id)));
}

void RowShard::remember_ends(bool on) {
    remembers_ends_ = on;
    decltype(ended_)().swap(ended_);
}

void RowShard::add_pending(const Binding& binding, PendingKey key) {
    pending_.emplace(binding.id, Pending{key, binding});
}

bool RowShard::drop_pending(const BindingId& id, PendingKey key) {
    const auto [begin, end] = pending_.equal_range(id);
    const auto found =
        std::find_if(begin, end, [&](const auto& entry) { return entry.second.key == key; });
    if (found == end)
        return false;
    pending_.erase(found);
    return true;
}

const Binding* RowShard::pending(const BindingId& id) const {
    const auto found = pending_.find(id);
    return found == pending_.end() ? nullptr : &found->second.binding;
}

} // namespace roundabout::registration
