#include "proxy/deciding.hpp"

#include "registration/aor.hpp"
#include "registration/register_rules.hpp"
#include "routing/branch.hpp"
#include "routing/decide.hpp"
#include "sip/values.hpp"

namespace roundabout::proxy {
namespace {

/// Of several bindings over one flow the sender's own: a gateway or another proxy may have
/// thousands at one address. Of a server that is no longer configured any will do. O(servers) then.
std::optional<registration::BindingId> binding_over(const sip::Message& request, const Flow& flow,
                                                    Services& services, const Snapshot& snapshot) {
    const auto carried = services.bindings.carried_by(flow);
    if (!carried)
        return std::nullopt;
    if (carried->alone)
        return carried->id;
    const auto from = sip::from(request);
    const auto aor = from ? registration::canonical_aor(from->uri) : from.error();
    if (!aor)
        return carried->id;
    for (const config::TrustedServer& server : snapshot.config->servers) {
        if (const auto own = services.bindings.carried_by(flow, server.name, *aor))
            return own;
    }
    return carried->id;
}

/// The binding that a token names. A client that comes back over a new flow may be asked by its
/// registrar before that answers it; but calls and messages wait until somebody has checked who
/// came.
std::optional<registration::Found> find_by_token(const registration::BindingId& id,
                                                 sip::Method method, Services& services) {
    auto found = services.bindings.find(id);
    const bool asks = method == sip::Method::options || method == sip::Method::notify;
    if (!found || found->pending || found->binding.reachable || !asks)
        return found;
    if (auto pending = services.bindings.find_pending(id))
        return registration::Found{std::move(*pending), true};
    return found;
}

void look_up(const routing::Need& need, sip::Method method, routing::Facts& facts,
             Services& services) {
    const WallTime now = services.expiry_clock();
    if (const auto* by_token = std::get_if<routing::NeedBinding>(&need)) {
        facts.asked_binding = true;
        auto found = find_by_token(by_token->id, method, services);
        if (found && (found->pending || found->binding.expires > now)) {
            facts.pending = found->pending;
            facts.binding = std::move(found->binding);
        }
        return;
    }
    const auto& by_user = std::get<routing::NeedUser>(need);
    facts.asked_user = true;
    facts.by_user = services.bindings.find_by_user(by_user.server, by_user.user);
    std::erase_if(facts.by_user, [&](const auto& binding) { return binding.expires <= now; });
}

/// decide() sees of the sender which trusted server it is, if one: the same request from another
/// one may go elsewhere, and is a spiral.
std::uint32_t hash_of(const routing::Source& source, const Snapshot& snapshot) {
    return source.kind == routing::Source::Kind::server ? snapshot.server_hashes[source.server] : 0;
}

routing::Decision unless_looped(const sip::Message& request, const routing::Source& source,
                                routing::Decision decision, Services& services,
                                const Snapshot& snapshot) {
    if (decision.verdict != routing::Decision::Verdict::forward ||
        !routing::has_looped(services.keys, request, hash_of(source, snapshot)))
        return decision;
    services.counters.loops.add();
    routing::Decision refusal;
    refusal.verdict = routing::Decision::Verdict::reply;
    refusal.rule = routing::Rule::loop;
    refusal.status = 482;
    return refusal;
}

store::Lookup to_lookup(const routing::Need& need) {
    if (const auto* by_token = std::get_if<routing::NeedBinding>(&need))
        return store::ById{by_token->id};
    const auto& by_user = std::get<routing::NeedUser>(need);
    return store::ByUser{by_user.server, by_user.user};
}

/// `asked`, if given, gets what the cache was asked.
routing::Decision decide(const sip::Message& request, const routing::Source& source,
                         const Flow& flow, Services& services, const Snapshot& snapshot,
                         std::vector<store::Lookup>* asked) {
    routing::Scene scene{*snapshot.config, snapshot.servers, snapshot.server_hashes,
                         snapshot.machine, services.tokens};
    routing::Facts facts;
    while (true) {
        auto outcome = routing::decide(request, source, flow.listener, scene, facts);
        if (auto* decision = std::get_if<routing::Decision>(&outcome))
            return std::move(*decision);
        const auto& need = std::get<routing::Need>(outcome);
        if (asked != nullptr)
            asked->push_back(to_lookup(need));
        look_up(need, request.method(), facts, services);
    }
}

} // namespace

std::uint64_t loop_of(const sip::Message& request, const routing::Source& source,
                      const Services& services, const Snapshot& snapshot) {
    return routing::loop_hash(services.keys.front().loop, request, hash_of(source, snapshot));
}

routing::Source source_of(const sip::Message& request, const Flow& flow, const SubjectNames* proved,
                          Services& services, const Snapshot& snapshot) {
    return routing::identify(flow, *snapshot.config, snapshot.servers,
                             binding_over(request, flow, services, snapshot), proved);
}

routing::Decision decide(const sip::Message& request, const routing::Source& source,
                         const Flow& flow, Services& services, const Snapshot& snapshot) {
    return unless_looped(request, source,
                         decide(request, source, flow, services, snapshot, nullptr), services,
                         snapshot);
}

std::vector<store::Lookup> lookups_for(const transport::Inbound& inbound, Services& services,
                                       const Snapshot& snapshot) {
    const sip::Message& request = inbound.message;
    const Flow& flow = inbound.flow;
    std::vector<store::Lookup> asked;
    if (flow.transport == Transport::udp) // no connection outlives the process
        asked.emplace_back(store::ByRemote{flow.remote});
    const routing::Source source =
        source_of(request, flow, inbound.proved.get(), services, snapshot);
    const routing::Decision decision = decide(request, source, flow, services, snapshot, &asked);
    for (const routing::Target& target : decision.targets) {
        const auto* client = std::get_if<routing::ToClient>(&target.where);
        if (client != nullptr && client->place.binding)
            asked.emplace_back(store::ById{*client->place.binding});
        const auto* server = std::get_if<routing::ToServer>(&target.where);
        const Result<std::string> aor = registration::aor_of(request);
        if (server != nullptr && request.method() == sip::Method::registers && aor)
            asked.emplace_back(store::ByAor{snapshot.config->servers[server->server].name, *aor});
    }
    return asked;
}

} // namespace roundabout::proxy
