#include "proxy/explain.hpp"

#include "config/lookup.hpp"
#include "proxy/answer.hpp"
#include "proxy/deciding.hpp"
#include "proxy/reach.hpp"
#include "proxy/registering.hpp"
#include "proxy/sides.hpp"
#include "routing/branch.hpp"
#include "routing/hop.hpp"
#include "routing/target_set.hpp"
#include "sip/parser.hpp"

#include <utility>

namespace roundabout::proxy {
namespace {

using transaction::Loop;
using transaction::Task;

std::string in_words(const Flow& flow) {
    std::string text = std::string(name(flow.transport)) + " " + flow.remote.to_string();
    if (flow.id)
        text += ", connection " + std::to_string(flow.id.serial) + " of worker " +
                std::to_string(flow.id.worker);
    return text;
}

std::string in_words(const routing::Source& source, const Services& services,
                     const Snapshot& snapshot) {
    if (source.kind == routing::Source::Kind::server)
        return "trusted server " + snapshot.config->servers[source.server].name;
    if (source.binding) {
        const auto found = services.bindings.find(*source.binding);
        return "registered client " +
               (found ? found->binding.aor : routing::to_text(*source.binding));
    }
    return source.may_register ? "client that may register" : "unknown";
}

std::string in_words(const routing::Target& target, const Services& services,
                     const Snapshot& snapshot) {
    if (const auto* to = std::get_if<routing::ToServer>(&target.where)) {
        const std::string text = "trusted server " + snapshot.config->servers[to->server].name;
        return to->address ? text + ", at " + to->address->to_string() + " as its dialog" : text;
    }
    if (const auto* client = std::get_if<routing::ToClient>(&target.where)) {
        if (!client->place.binding)
            return "client, by its flow";
        const auto found = services.bindings.find(*client->place.binding);
        return found ? "client " + found->binding.aor + ", binding " +
                           routing::to_text(*client->place.binding)
                     : "client, binding " + routing::to_text(*client->place.binding);
    }
    const Sought& sought = std::get<routing::ToHost>(target.where).sought;
    std::string text = "host " + sought.host;
    if (sought.port)
        text += ", port " + std::to_string(*sought.port);
    if (sought.transport)
        text += ", by " + std::string(name(*sought.transport));
    return text;
}

/// What RFC 3263 §4 asks DNS for, for a host of which that is known.
std::string dns_steps(const std::string& host, bool port, bool transport) {
    if (IpAddress::parse(host))
        return host + ": an address";
    return host + ": by DNS, " +
           (port        ? "A and AAAA"
            : transport ? "SRV, then A and AAAA"
                        : "NAPTR, SRV, then A and AAAA");
}

std::vector<std::string> hosts_of(const routing::Target& target, const Snapshot& snapshot) {
    std::vector<std::string> lines;
    if (const auto* host = std::get_if<routing::ToHost>(&target.where))
        lines.push_back(dns_steps(host->sought.host, host->sought.port.has_value(),
                                  host->sought.transport.has_value()));
    const auto* to = std::get_if<routing::ToServer>(&target.where);
    if (to == nullptr)
        return lines;
    const config::TrustedServer& server = snapshot.config->servers[to->server];
    const config::NextHop route = config::next_hop(server);
    if (!route.host.empty())
        lines.push_back("by its route, " + dns_steps(std::string(route.host), true, true));
    else
        for (const std::string& host : server.hosts)
            lines.push_back(dns_steps(host, server.fixed_port, server.fixed_transport));
    return lines;
}

void add_places(std::vector<std::string>& lines, Candidates candidates, Services& services) {
    for (; !candidates.used_up(); candidates.next()) {
        const Candidate& place = candidates.place();
        std::string line = std::string(name(place.transport)) + " " + place.remote.to_string();
        if (!services.health.may_use(place, services.loop.now(), false))
            line += ", failed a short time ago";
        lines.push_back(std::move(line));
    }
}

/// The flow that a connection which is yet to be opened would be, as far as that is known.
std::optional<Flow> flow_to_come(const Candidates& candidates, Services& services) {
    if (candidates.used_up())
        return std::nullopt;
    const Candidate& place = candidates.place();
    Flow flow;
    flow.transport = place.transport;
    flow.remote = place.remote;
    flow.outgoing = true;
    flow.listener = services.flows.listener_for(place.transport, place.remote.address);
    if (flow.listener == no_listener)
        return std::nullopt;
    flow.local = services.flows.local_for(flow.listener, place.remote.address);
    return flow;
}

struct Scenery {
    const sip::Message& request;
    const Flow& flow;
    const routing::Source& source;
    const routing::Decision& decision;
};

Result<std::string> made(const Scenery& scenery, std::size_t index, const Flow& to,
                         Services& services, const Snapshot& snapshot) {
    const auto& [request, from, source, decision] = scenery;
    const routing::Target& target = decision.targets[index];
    const config::ServerIndex server = server_of(target);
    const routing::HopSide in =
        side_of(from, place_of(source, from, snapshot), source.server, snapshot);
    const routing::HopSide out = side_of(to, place_of(target, to, snapshot), server, snapshot);
    std::optional<registration::RegisterPlan> plan;
    if (request.method() == sip::Method::registers && server != config::no_server) {
        Result<registration::RegisterPlan> planned =
            plan_register(request, snapshot.config->servers[server], from,
                          snapshot.listener_name(from.listener), out, services);
        if (!planned)
            return planned.error();
        plan = std::move(*planned);
    }
    routing::Branch tag;
    tag.stream = is_reliable(from.transport);
    tag.worker = static_cast<std::uint8_t>(services.worker);
    tag.target = static_cast<std::uint8_t>(index);
    tag.listener = listener_tag(from, snapshot);
    tag.owner = routing::owner_hash(services.keys.front().owner, request);
    tag.loop = loop_of(request, source, services, snapshot);
    routing::RequestHop hop{decision, target, in, out, from, tag};
    hop.registering = plan ? &*plan : nullptr;
    if (plan)
        hop.path = path_of(*plan, from, snapshot, services.tokens);
    hop.keep = keep_of(from, *snapshot.config);
    const std::size_t size = routing::group_size(decision.targets, 0);
    if (decision.targets.size() > 1 || request.has(sip::HeaderId::max_breadth))
        hop.breadth = routing::share_of_breadth(routing::incoming_breadth(request), size,
                                                std::min(index, size - 1));
    Result<routing::ForwardedRequest> forwarded =
        routing::forward_request(request, hop, services.tokens, services.keys);
    if (!forwarded)
        return forwarded.error();
    return std::move(forwarded->bytes);
}

/// The way that is there now, or the connection that would be opened.
void explain_way(const Scenery& scenery, std::size_t index, ExplainedTarget& told,
                 Candidates candidates, Services& services, const Snapshot& snapshot) {
    const routing::Target& target = scenery.decision.targets[index];
    const auto way = reach_now(target, candidates, services, snapshot);
    std::optional<Flow> flow;
    if (way && *way) {
        flow = (*way)->flow;
        told.way = in_words(*flow);
    } else if (way && std::holds_alternative<routing::ToClient>(target.where)) {
        told.problem = "its connection is gone: the request waits for it to come back, or is "
                       "answered 480";
    } else if (way) {
        told.problem = sentence(to_error(way->error()));
    } else {
        flow = flow_to_come(candidates, services);
        told.way = flow ? "by a connection to " + in_words(*flow) : "";
        if (!flow)
            told.problem =
                sentence(candidates.empty() ? Error::resolve_failed : Error::not_listening);
    }
    if (!flow)
        return;
    Result<std::string> bytes = made(scenery, index, *flow, services, snapshot);
    if (bytes)
        told.message = std::move(*bytes);
    else
        told.problem = sentence(to_error(bytes.error()));
}

Explained refused(const sip::Rejection& rejection) {
    Explained told;
    told.verdict = Explained::Verdict::malformed;
    told.status = rejection.status;
    told.rule = std::string(sentence(rejection.error)) +
                (rejection.field.empty() ? "" : ": " + std::string(rejection.field));
    return told;
}

Explained::Verdict verdict_of(const routing::Decision& decision) {
    using Verdict = routing::Decision::Verdict;
    return decision.verdict == Verdict::forward ? Explained::Verdict::forward
           : decision.verdict == Verdict::reply ? Explained::Verdict::answer
                                                : Explained::Verdict::drop;
}

} // namespace

Task explain(Loop& loop, Services& services, std::shared_ptr<const sip::Message> request, Flow flow,
             std::function<void(Explained)> done) {
    if (const auto rejection = sip::check_message(*request)) {
        done(refused(*rejection));
        co_return;
    }
    const SnapshotPtr snapshot = services.snapshot;
    const routing::Source source = source_of(*request, flow, nullptr, services, *snapshot);
    const routing::Decision decision = decide(*request, source, flow, services, *snapshot);
    const Scenery scenery{*request, flow, source, decision};
    Explained told;
    told.verdict = verdict_of(decision);
    told.source = in_words(source, services, *snapshot);
    told.rule = routing::words(decision.rule);
    told.status = decision.status;
    for (std::size_t i = 0; i < decision.targets.size(); ++i) {
        const routing::Target& target = decision.targets[i];
        const CandidatesPtr candidates = candidates_for(*request, services, false);
        if (!std::holds_alternative<routing::ToClient>(target.where))
            static_cast<void>(co_await find_places(loop, services, snapshot, target, candidates));
        ExplainedTarget& each = told.targets.emplace_back();
        each.target = in_words(target, services, *snapshot);
        each.q = target.q;
        each.places = hosts_of(target, *snapshot);
        add_places(each.places, *candidates, services);
        explain_way(scenery, i, each, *candidates, services, *snapshot);
    }
    done(std::move(told));
}

} // namespace roundabout::proxy
