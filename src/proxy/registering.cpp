#include "proxy/registering.hpp"

#include <utility>

namespace roundabout::proxy {

Result<registration::RegisterPlan>
plan_register(const sip::Message& request, const config::TrustedServer& server, const Flow& flow,
              std::string_view listener, const routing::HopSide& out, const Services& services) {
    const Result<std::string> aor = registration::aor_of(request);
    if (!aor)
        return aor.error();
    registration::RegisterPath path;
    path.server = server.name;
    path.flow = flow;
    path.listener = listener;
    path.facing = {out.contact.host, out.contact.port, out.transport};
    path.udp_keepalive = services.snapshot->config->limits.udp_keepalive_seconds();
    path.path_wanted = server.register_as == config::RegisterAs::path;
    const auto existing = services.bindings.find_by_aor(server.name, *aor);
    return registration::plan(request, path, existing, services.binding_tokens);
}

Result<Registering> Registering::begin(const sip::Message& request,
                                       const config::TrustedServer& server, const Flow& flow,
                                       std::string_view listener, const routing::HopSide& out,
                                       Services& services) {
    Result<registration::RegisterPlan> plan =
        plan_register(request, server, flow, listener, out, services);
    if (!plan)
        return plan.error();
    return Registering(std::move(*plan), services);
}

Registering::Registering(registration::RegisterPlan plan, Services& services)
    : plan_(std::move(plan))
    , services_(&services)
    , key_((++services.next_pending << 16U) | services.worker) {
    services_->bindings.add_pending(registration::pending_bindings(plan_), key_);
}

Registering::Registering(Registering&& other) noexcept
    : plan_(std::move(other.plan_))
    , services_(std::exchange(other.services_, nullptr))
    , key_(other.key_) {}

void Registering::drop() noexcept {
    if (services_ == nullptr)
        return;
    std::vector<registration::BindingId> ids;
    ids.reserve(plan_.contacts.size());
    for (const registration::PlannedContact& contact : plan_.contacts)
        ids.push_back(contact.binding.id);
    services_->bindings.drop_pending(ids, key_);
    services_ = nullptr;
}

std::vector<registration::Binding> Registering::existing() const {
    return services_->bindings.find_by_aor(plan_.path.server, plan_.aor);
}

Registering::Confirmed Registering::confirm(const sip::Message& response) {
    Confirmed confirmed;
    if (services_ == nullptr)
        return confirmed;
    registration::RegisterCommit commit = registration::commit(
        plan_, response, services_->wall_clock(), existing(), services_->binding_tokens);
    confirmed.restored = std::move(commit.restored);
    confirmed.changes = services_->bindings.apply(std::move(commit.changes));
    services_->parked.changed(confirmed.changes);
    if (!confirmed.changes.upserts.empty() && plan_.path.flow.id)
        services_->flows.keep_alive(plan_.path.flow.id);
    services_->counters.bindings_confirmed.add(confirmed.changes.upserts.size());
    services_->counters.bindings_ended.add(confirmed.changes.removals.size());
    drop();
    return confirmed;
}

} // namespace roundabout::proxy
