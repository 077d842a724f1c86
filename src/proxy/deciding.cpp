#include "proxy/deciding.hpp"

#include "registration/aor.hpp"
#include "routing/decide.hpp"
#include "sip/values.hpp"

#include <algorithm>

namespace roundabout::proxy {
namespace {

std::optional<registration::Binding> binding_over(const sip::Message& request, const Flow& flow,
                                                  Services& services) {
    std::vector<registration::Binding> over = services.bindings.find_by_flow(flow);
    if (over.empty())
        return std::nullopt;
    if (over.size() > 1) {
        const auto from = sip::from(request);
        const auto aor = from ? registration::canonical_aor(from->uri) : from.error();
        const auto same = [&](const auto& binding) { return aor && binding.aor == *aor; };
        const auto own = std::ranges::find_if(over, same);
        if (own != over.end())
            return std::move(*own);
    }
    return std::move(over.front());
}

void look_up(const routing::Need& need, routing::Facts& facts, Services& services) {
    const WallTime now = services.wall_clock();
    if (const auto* by_token = std::get_if<routing::NeedBinding>(&need)) {
        facts.asked_binding = true;
        auto found = services.bindings.find(by_token->id);
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

} // namespace

routing::Source source_of(const sip::Message& request, const Flow& flow, Services& services,
                          const Snapshot& snapshot) {
    return routing::identify(flow, *snapshot.config, snapshot.servers,
                             binding_over(request, flow, services));
}

routing::Decision decide(const sip::Message& request, const routing::Source& source,
                         const Flow& flow, Services& services, const Snapshot& snapshot) {
    routing::Scene scene{*snapshot.config, snapshot.servers, snapshot.machine, services.tokens};
    routing::Facts facts;
    while (true) {
        auto outcome = routing::decide(request, source, flow.listener, scene, facts);
        if (auto* decision = std::get_if<routing::Decision>(&outcome))
            return std::move(*decision);
        look_up(std::get<routing::Need>(outcome), facts, services);
    }
}

} // namespace roundabout::proxy
