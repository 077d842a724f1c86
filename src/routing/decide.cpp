#include "routing/decide.hpp"

#include "base/ascii.hpp"
#include "config/lookup.hpp"
#include "routing/request_uri.hpp"
#include "routing/route_set.hpp"
#include "routing/target_set.hpp"
#include "sip/uri.hpp"
#include "sip/values.hpp"

#include <algorithm>
#include <utility>

namespace roundabout::routing {
namespace {

using Outcome = std::variant<Decision, Need>;

Decision reply(Rule rule, std::uint16_t status, std::string headers = {}) {
    Decision decision;
    decision.verdict = Decision::Verdict::reply;
    decision.rule = rule;
    decision.status = status;
    decision.headers = std::move(headers);
    return decision;
}

bool is_loose(std::string_view route) {
    const auto uri = sip::parse_uri(route);
    return uri && uri->parameter("lr").has_value();
}

bool is_sips(std::string_view text) {
    if (!ascii::iequals(text.substr(0, 5), "sips:")) // most are not, and need no parsing for that
        return false;
    const auto uri = sip::parse_uri(text);
    return uri && uri->scheme == sip::Uri::Scheme::sips;
}

/// One request being decided: what is known of it, and the steps of §16 over that.
class Case {
  public:
    Case(const sip::Message& request, const Source& source, ListenerIndex listener, Scene& scene,
         const Facts& facts)
        : request_(request)
        , source_(source)
        , listener_(listener)
        , scene_(scene)
        , facts_(facts)
        , routes_(read_route_set(request, scene)) {
        if (const auto to = sip::to(request))
            has_to_tag_ = !to->tag().empty();
    }

    [[nodiscard]] Outcome decide() const;

  private:
    [[nodiscard]] std::optional<Decision> admit() const;
    [[nodiscard]] std::optional<Decision> refuse() const;
    [[nodiscard]] Outcome by_token(const Place& place, Rule rule) const;
    [[nodiscard]] Outcome by_foreign_contact(const Place& place) const;
    [[nodiscard]] Outcome by_path(const PathToken& path) const;
    [[nodiscard]] Outcome by_next_route() const;
    [[nodiscard]] Outcome by_request_uri(const sip::Uri& uri) const;
    [[nodiscard]] Outcome to_us(const sip::Uri& uri) const;
    [[nodiscard]] Outcome by_binding(const registration::BindingId& id) const;
    [[nodiscard]] Outcome by_user(const sip::Uri& uri) const;
    [[nodiscard]] Outcome register_request() const;
    [[nodiscard]] Decision to_server(config::ServerIndex server, Rule rule, std::string uri) const;
    [[nodiscard]] Decision to_default(const sip::Uri& uri, Rule rule, bool keep_uri) const;
    [[nodiscard]] Decision forward(Rule rule, Target target) const;
    [[nodiscard]] Target target_of(const registration::Binding& binding) const;
    [[nodiscard]] bool may_reach(const std::string& granted_by) const;
    [[nodiscard]] bool is_ours(const sip::Uri& uri) const {
        return config::is_ours(scene_.config, uri.host, uri.port, scene_.machine);
    }
    /// Within a dialog, by a token of its own Call-ID (design: not bearer tokens).
    [[nodiscard]] bool in_own_dialog() const { return has_to_tag_ && routes_.token.has_value(); }
    [[nodiscard]] config::ServerIndex server_of(std::uint32_t name_hash) const;

    const sip::Message& request_;
    const Source& source_;
    ListenerIndex listener_;
    Scene& scene_;
    const Facts& facts_;
    RouteSet routes_;
    bool has_to_tag_ = false;
};

Outcome Case::decide() const {
    if (auto refused = admit())
        return std::move(*refused);
    if (auto refused = refuse())
        return std::move(*refused);
    if (request_.method() == sip::Method::registers)
        return register_request();
    if (in_own_dialog())
        return by_token(routes_.token->place, Rule::dialog_route);
    if (routes_.path && source_.kind == Source::Kind::server)
        return by_path(*routes_.path);
    if (!routes_.next.empty())
        return by_next_route();
    if (routes_.contact)
        return has_to_tag_ && routes_.contact->same_call
                   ? by_token(routes_.contact->place, Rule::dialog_contact)
                   : by_foreign_contact(routes_.contact->place);
    if (request_.method() == sip::Method::ack &&
        scene_.config.ack_target == config::AckTarget::to && routes_.own == 0) {
        const auto to = sip::to(request_);
        const auto uri = to ? sip::parse_uri(to->uri) : to.error();
        if (uri && !is_ours(*uri)) {
            const auto server = config::server_by_domain(scene_.config, uri->host, uri->port);
            if (server != config::no_server)
                return to_server(server, Rule::ack_to, {});
        }
    }
    return routes_.uri ? by_request_uri(*routes_.uri) : Outcome(reply(Rule::scheme, 416));
}

/// Unknown sources get in by a token of their own dialog and in no other way.
std::optional<Decision> Case::admit() const {
    if (source_.kind != Source::Kind::unknown || in_own_dialog())
        return std::nullopt;
    if (scene_.config.unknown_source == config::UnknownSource::reject)
        return reply(Rule::unknown_source, 403);
    Decision drop;
    drop.rule = Rule::unknown_source;
    return drop;
}

/// RFC 3261 §16.3 steps 2, 3 and 5.
std::optional<Decision> Case::refuse() const {
    if (routes_.malformed)
        return reply(Rule::none, 400);
    const std::optional<sip::Uri>& uri = routes_.uri;
    if (!uri)
        return reply(Rule::none, 400);
    if (!uri->is_sip())
        return reply(Rule::scheme, 416);
    const bool options_to_us = request_.method() == sip::Method::options && !uri->has_user &&
                               is_ours(*uri) && routes_.next.empty();
    if (options_to_us)
        return reply(Rule::options_to_us, 200);
    if (const sip::HeaderField* hops = request_.find(sip::HeaderId::max_forwards)) {
        const auto left = sip::parse_max_forwards(request_.text(hops->value));
        if (left && *left == 0)
            return reply(Rule::hops_used_up, 483);
    }
    const auto required = sip::values(request_, sip::HeaderId::proxy_require);
    if (required.empty())
        return std::nullopt;
    std::string unsupported = "Unsupported: ";
    for (const sip::ValueAt& tag : required)
        unsupported.append(tag.text).append(&tag == &required.back() ? "\r\n" : ", ");
    return reply(Rule::extension, 420, std::move(unsupported));
}

Decision Case::forward(Rule rule, Target target) const {
    Decision decision;
    decision.verdict = Decision::Verdict::forward;
    decision.rule = rule;
    decision.pop_routes = routes_.own;
    decision.last_route_to_uri = routes_.from_strict_router;
    if (routes_.next_is_strict)
        decision.strict_router = routes_.next;
    decision.remove_identity = source_.kind != Source::Kind::server;
    decision.in_dialog = has_to_tag_;
    const auto towards = routes_.token     ? std::optional(routes_.token->side)
                         : routes_.contact ? std::optional(routes_.contact->side)
                                           : std::nullopt;
    decision.from_side = towards == Side::caller ? Side::callee : Side::caller;
    if (target.request_uri.empty() && routes_.contact)
        target.request_uri = without_headers(routes_.contact->uri);
    if (target.request_uri.empty() && routes_.from_strict_router)
        target.request_uri = routes_.request_uri;
    decision.targets.push_back(std::move(target));
    return decision;
}

config::ServerIndex Case::server_of(std::uint32_t name_hash) const {
    const auto found = std::ranges::find(scene_.server_hashes, name_hash);
    return found == scene_.server_hashes.end()
               ? config::no_server
               : static_cast<config::ServerIndex>(found - scene_.server_hashes.begin());
}

Outcome Case::by_token(const Place& place, Rule rule) const {
    if (const auto* server = std::get_if<ServerPlace>(&place)) {
        const config::ServerIndex index = server_of(server->name_hash);
        if (index == config::no_server) // it left the configuration while the dialog lasted
            return reply(Rule::strict_host, 403);
        Decision decision = to_server(index, rule, {});
        std::get<ToServer>(decision.targets.front().where).address = server->address;
        return decision;
    }
    if (const auto* host = std::get_if<HostPlace>(&place)) {
        Target target;
        target.where = to_host(*host);
        return forward(rule, std::move(target));
    }
    Target target;
    target.where = ToClient{std::get<ClientPlace>(place)};
    return forward(rule, std::move(target));
}

/// A token from another call, as a Refer-To carries it (R22): it tells the way, it admits nobody.
/// A client is still reached only from the server that granted its binding.
Outcome Case::by_foreign_contact(const Place& place) const {
    if (std::holds_alternative<ServerPlace>(place))
        return by_token(place, Rule::dialog_contact);
    if (source_.kind == Source::Kind::client)
        return routes_.uri ? to_default(*routes_.uri, Rule::default_server, true)
                           : reply(Rule::none, 400);
    const auto* client = std::get_if<ClientPlace>(&place);
    if (client == nullptr || !client->binding)
        return reply(Rule::not_here, 404);
    if (!facts_.asked_binding)
        return Need(NeedBinding{*client->binding});
    if (!facts_.binding)
        return reply(Rule::not_here, 404);
    if (!may_reach(facts_.binding->server))
        return reply(Rule::other_server, 404);
    return by_token(place, Rule::dialog_contact);
}

/// From the registrar that has our URI as the client's Path (RFC 3327 §5.5). From nobody else: it
/// is no way for whoever has read it in a message.
Outcome Case::by_path(const PathToken& path) const {
    const config::ServerIndex granting = server_of(path.server);
    if (granting == config::no_server || !may_reach(scene_.config.servers[granting].name))
        return reply(Rule::other_server, 403);
    Target target;
    target.where = ToClient{path.place, path.outbound};
    return forward(Rule::client_path, std::move(target));
}

/// §16.6 step 6 names the topmost Route as the next hop; strict_host judges it.
Outcome Case::by_next_route() const {
    const std::optional<sip::Uri>& uri = routes_.next_uri;
    if (!uri)
        return reply(Rule::none, 400);
    const auto server = config::server_by_domain(scene_.config, uri->host, uri->port);
    if (server != config::no_server)
        return to_server(server, Rule::foreign_route, {});
    if (scene_.config.strict_host)
        return reply(Rule::strict_host, 403);
    return by_request_uri(*uri);
}

Outcome Case::by_request_uri(const sip::Uri& uri) const {
    if (!uri.is_sip())
        return reply(Rule::scheme, 416);
    if (is_ours(uri))
        return to_us(uri);
    const auto server = config::server_by_domain(scene_.config, uri.host, uri.port);
    if (server != config::no_server)
        return to_server(server, Rule::server_domain, {});
    if (scene_.config.strict_host)
        return reply(Rule::strict_host, 403);
    Target target;
    target.where = to_host(uri, scene_.config);
    return forward(Rule::open_host, std::move(target));
}

Outcome Case::to_us(const sip::Uri& uri) const {
    if (source_.kind != Source::Kind::server)
        return to_default(uri, Rule::default_server, false);
    if (const auto value = uri.parameter("rb")) {
        const auto id = parse_binding_id(*value);
        return id ? by_binding(*id) : reply(Rule::not_here, 404); // R9: never a guess by user
    }
    return uri.has_user ? by_user(uri) : reply(Rule::not_here, 404);
}

bool Case::may_reach(const std::string& granted_by) const {
    const config::ServerIndex granting = config::server_by_name(scene_.config, granted_by);
    if (source_.kind != Source::Kind::server || granting == config::no_server)
        return false;
    if (granting == source_.server)
        return true;
    const auto& others = scene_.config.servers[granting].may_call_clients;
    return !facts_.pending && std::ranges::find(others, source_.server) != others.end();
}

Target Case::target_of(const registration::Binding& binding) const {
    ClientPlace place;
    place.transport = binding.flow.transport;
    place.listener_hash = scene_.tokens.name_hash(binding.listener);
    if (place.transport == Transport::udp)
        place.remote = binding.flow.remote;
    else
        place.flow = binding.flow.id;
    place.binding = binding.id;
    Target target;
    target.where = ToClient{place};
    target.request_uri = without_headers(binding.contact_uri);
    target.q = binding.q;
    return target;
}

Outcome Case::by_binding(const registration::BindingId& id) const {
    if (!facts_.asked_binding)
        return Need(NeedBinding{id});
    if (!facts_.binding)
        return reply(Rule::not_here, 404);
    if (!may_reach(facts_.binding->server))
        return reply(Rule::other_server, 404);
    return forward(Rule::binding_by_token, target_of(*facts_.binding));
}

/// R9: a unique match by user among what this server granted, the AOR's own user preferred.
Outcome Case::by_user(const sip::Uri& uri) const {
    const config::TrustedServer& server = scene_.config.servers[source_.server];
    if (server.token_only)
        return reply(Rule::not_here, 404);
    if (!facts_.asked_user)
        return Need(NeedUser{server.name, sip::unescape(uri.user)});
    std::vector<const registration::Binding*> found;
    found.reserve(facts_.by_user.size());
    for (const registration::Binding& binding : facts_.by_user)
        found.push_back(&binding);
    const auto own = [&](const registration::Binding* binding) {
        const auto aor = sip::parse_uri(binding->aor);
        return aor && sip::unescape(aor->user) == sip::unescape(uri.user);
    };
    if (std::ranges::any_of(found, own))
        std::erase_if(found, [&](const auto* binding) { return !own(binding); });
    if (found.empty())
        return reply(Rule::not_here, 404);
    const auto same_aor = [&](const auto* binding) { return binding->aor == found.front()->aor; };
    if (!std::ranges::all_of(found, same_aor))
        return reply(Rule::ambiguous, 485);
    if (std::ranges::any_of(found, &registration::Binding::reachable)) // R10: no ghosts in a fork
        std::erase_if(found, [](const auto* binding) { return !binding->reachable; });
    Decision decision = forward(Rule::binding_by_user, target_of(*found.front()));
    for (std::size_t i = 1; i < found.size(); ++i)
        decision.targets.push_back(target_of(*found[i]));
    return decision;
}

Outcome Case::register_request() const {
    if (!source_.may_register)
        return reply(Rule::strict_client, 403);
    const bool routed = !routes_.next.empty();
    const std::optional<sip::Uri>& uri = routed ? routes_.next_uri : routes_.uri;
    if (!uri)
        return reply(Rule::none, 400);
    if (!routed && is_ours(*uri))
        return to_default(*uri, Rule::register_default, false);
    const auto server = config::server_by_domain(scene_.config, uri->host, uri->port);
    if (server == config::no_server)
        return reply(Rule::strict_host, 403); // a registrar must be one that may reach the client
    return to_server(server, routed ? Rule::foreign_route : Rule::register_server, {});
}

Decision Case::to_server(config::ServerIndex server, Rule rule, std::string uri) const {
    const config::TrustedServer& entry = scene_.config.servers[server];
    Target target;
    target.where = ToServer{server, std::nullopt};
    target.request_uri = std::move(uri);
    if (routes_.next.empty()) {
        for (const std::string& route : entry.routes)
            target.add_routes.push_back("<" + route + ">");
    }
    Decision decision = forward(rule, std::move(target));
    Target& made = decision.targets.front();
    if (!made.add_routes.empty() && !is_loose(entry.routes.front())) { // §16.6 step 6
        const std::string_view last =
            made.request_uri.empty() ? request_.request_uri() : made.request_uri;
        made.add_routes.push_back("<" + std::string(last) + ">");
        made.add_routes.erase(made.add_routes.begin());
        made.request_uri = entry.routes.front();
    }
    return decision;
}

Decision Case::to_default(const sip::Uri& uri, Rule rule, bool keep_uri) const {
    config::ServerIndex server = scene_.config.default_server;
    if (listener_ < scene_.config.listeners.size())
        server = config::default_server(scene_.config, scene_.config.listeners[listener_]);
    if (server == config::no_server)
        return reply(Rule::no_default, 404);
    const config::TrustedServer& entry = scene_.config.servers[server];
    return to_server(server, rule, keep_uri ? std::string(uri.text) : uri_at_server(uri, entry));
}

/// What of a target set may be tried, in its order. A fork that is too broad is refused, not made
/// narrower (RFC 5393 §5.3.3); without any secure way a SIPS URI gets 480. Within a dialog a SIPS
/// URI is what the peer called itself, on whatever way it is reached: who began the dialog by an
/// insecure one has not asked for more.
Decision permitted(const sip::Message& request, Decision decision, const config::Config& config) {
    if (!decision.in_dialog && is_sips(request.request_uri()))
        drop_insecure(decision.targets, config);
    if (decision.targets.empty())
        return reply(Rule::sips, 480);
    put_in_order(decision.targets);
    if (exceeds_breadth(decision.targets, incoming_breadth(request)))
        return reply(Rule::breadth, 440);
    return decision;
}

} // namespace

std::variant<Decision, Need> decide(const sip::Message& request, const Source& source,
                                    ListenerIndex listener, Scene& scene, const Facts& facts) {
    Outcome outcome = Case(request, source, listener, scene, facts).decide();
    auto* decision = std::get_if<Decision>(&outcome);
    if (decision != nullptr && decision->verdict == Decision::Verdict::forward)
        return permitted(request, std::move(*decision), scene.config);
    return outcome;
}

} // namespace roundabout::routing
