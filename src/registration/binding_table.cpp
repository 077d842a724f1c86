#include "registration/binding_table.hpp"

#include "registration/binding_shards.hpp"

namespace roundabout::registration {
namespace {

/// True for the bindings that this flow carries.
struct OverFlow {
    const Flow& flow;

    bool operator()(const PackedBinding& row, const StringPool& pool) const {
        if (flow.id)
            return row.flow_id() == flow.id;
        return flow.transport == Transport::udp && row.is_udp() && row.remote() == flow.remote &&
               row.listener(pool) == flow.listener;
    }
};

} // namespace
BindingTable::BindingTable(const HashKey& key)
    : shards_(std::make_unique<Shards>(key)) {}

BindingTable::~BindingTable() = default;

std::optional<Found> BindingTable::find(const BindingId& id) const { return shards_->find(id); }

std::optional<Binding> BindingTable::find_pending(const BindingId& id) const {
    return shards_->find_pending(id);
}

std::vector<Binding> BindingTable::find_by_user(std::string_view server, std::string_view user,
                                                std::size_t limit) const {
    std::vector<Binding> found = shards_->reachable_first(
        shards_->aor_hash(server, user), limit,
        [&](const PackedBinding& row, const StringPool& pool) {
            return row.server(pool) == server && user_of_aor(row.aor()) == user;
        });
    if (!found.empty())
        return found;
    return shards_->reachable_first(shards_->user_hash(server, user), limit,
                                    [&](const PackedBinding& row, const StringPool& pool) {
                                        return row.server(pool) == server && row.user() == user;
                                    });
}

bool BindingTable::reaches_another(std::string_view server, std::string_view aor,
                                   const BindingId& except) const {
    const auto matches = [&](const PackedBinding& row, const StringPool& pool) {
        return row.reachable() && row.id() != except && row.aor() == aor &&
               row.server(pool) == server;
    };
    return !shards_->matching(shards_->aor_hash(server, user_of_aor(aor)), 1, matches).empty();
}

std::vector<Binding> BindingTable::find_by_aor(std::string_view server,
                                               std::string_view aor) const {
    return shards_->matching(shards_->aor_hash(server, user_of_aor(aor)), Shards::all_ids,
                             [&](const PackedBinding& row, const StringPool& pool) {
                                 return row.aor() == aor && row.server(pool) == server;
                             });
}

std::vector<Binding> BindingTable::find_by_flow(const Flow& flow) const {
    const auto hash = shards_->hash_of(flow);
    return hash ? shards_->matching(*hash, Shards::all_ids, OverFlow{flow})
                : std::vector<Binding>();
}

std::optional<BindingTable::Carried> BindingTable::carried_by(const Flow& flow) const {
    const auto hash = shards_->hash_of(flow);
    if (!hash)
        return std::nullopt;
    std::vector<BindingId> found;
    // Two may do: others than this flow's are among them only where hashes clash.
    for (const std::size_t most : {std::size_t{2}, Shards::all_ids}) {
        const std::vector<BindingId> ids = shards_->ids(*hash, most);
        found = shards_->matching_ids(ids, 2, OverFlow{flow});
        if (found.size() == 2 || ids.size() < most)
            break;
    }
    if (found.empty())
        return std::nullopt;
    return Carried{found.front(), found.size() == 1};
}

std::optional<BindingId> BindingTable::carried_by(const Flow& flow, std::string_view server,
                                                  std::string_view aor) const {
    const auto ids = shards_->ids(shards_->aor_hash(server, user_of_aor(aor)));
    const auto found =
        shards_->matching_ids(ids, 1, [&](const PackedBinding& row, const StringPool& pool) {
            return OverFlow{flow}(row, pool) && row.aor() == aor && row.server(pool) == server;
        });
    return found.empty() ? std::nullopt : std::optional(found.front());
}

ChangeSet BindingTable::apply(ChangeSet changes) {
    std::erase_if(changes.upserts, [&](Binding& binding) { return !shards_->upsert(binding); });
    std::erase_if(changes.removals, [&](Removal& removal) { return !shards_->remove(removal); });
    return changes;
}

void BindingTable::restore(Binding binding) { shards_->restore(std::move(binding)); }

std::size_t BindingTable::flow_closed(FlowId flow) {
    if (!flow)
        return 0;
    // From the back, where taking one out of the flow's list moves nothing.
    const std::vector<BindingId> ids = shards_->ids(shards_->flow_hash(flow));
    std::size_t lost = 0;
    for (const BindingId& id : std::views::reverse(ids))
        lost += shards_->lose_flow(id, flow) ? 1U : 0U;
    return lost;
}

void BindingTable::begin_restoring(std::uint64_t newest_version) {
    shards_->begin_restoring(newest_version);
}

void BindingTable::finish_restoring() { shards_->finish_restoring(); }

bool BindingTable::complete() const noexcept { return shards_->complete(); }

ChangeSet BindingTable::expire(WallTime now, std::size_t slots, std::size_t limit) {
    return shards_->expire(now, slots, limit);
}

void BindingTable::add_pending(std::span<const Binding> bindings, PendingKey key) {
    for (const Binding& binding : bindings)
        shards_->add_pending(binding, key);
}

void BindingTable::drop_pending(std::span<const BindingId> ids, PendingKey key) {
    for (const BindingId& id : ids)
        shards_->drop_pending(id, key);
}

std::size_t BindingTable::pending_size() const { return shards_->pending_size(); }

std::size_t BindingTable::size() const noexcept { return shards_->size(); }

std::map<std::string, std::size_t, std::less<>> BindingTable::size_by_server() const {
    return shards_->size_by_server();
}

std::vector<Flow> BindingTable::flows_behind_nat(std::size_t piece, WallTime now,
                                                 NatRound round) const {
    std::vector<Flow> flows = shards_->flows_behind_nat(piece, now, round);
    const auto place = [](const Flow& flow) { return std::pair(flow.remote, flow.listener); };
    std::ranges::sort(flows, {}, place);
    const auto repeated = std::ranges::unique(flows, {}, place);
    flows.erase(repeated.begin(), repeated.end());
    return flows;
}

std::vector<Binding> BindingTable::page(std::optional<BindingId> after, std::size_t limit) const {
    return shards_->page(after, limit);
}

} // namespace roundabout::registration
