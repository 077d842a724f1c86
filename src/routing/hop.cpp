#include "routing/hop.hpp"

#include "base/ascii.hpp"
#include "sip/edits.hpp"
#include "sip/response.hpp"
#include "sip/row_copy.hpp"
#include "sip/uri.hpp"
#include "sip/values.hpp"
#include "sip/via_stamp.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace roundabout::routing {
namespace {

constexpr std::size_t value_room = 256; ///< a Via, a Record-Route and a Contact mostly fit

void append_number(std::string& out, unsigned number) {
    std::array<char, 10> digits{};
    out.append(digits.data(),
               std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr);
}

void append_host_port(std::string& out, const config::Advertised& reach) {
    append_number(out.append(reach.host).append(":"), reach.port);
}

/// §16.6 step 4: the URI by which that side reaches us, with the way to the peer there as its user.
Result<void> append_record_route(std::string& out, const HopSide& side, Side which,
                                 std::string_view scheme, std::string_view call_id,
                                 Tokens& tokens) {
    out.append("<").append(scheme).append(":");
    if (const auto sealed = tokens.append_route(out, which, side.place, call_id); !sealed)
        return sealed;
    append_host_port(out.append("@"), side.reach);
    out.append(";transport=").append(uri_parameter(side.transport)).append(";lr>");
    return {};
}

Side other(Side side) noexcept { return side == Side::caller ? Side::callee : Side::caller; }

/// The Contact URI that `towards` sees in place of `uri`; empty if it stays as it is.
Result<std::string> wrapped_contact(std::string_view uri, const Place& from, const HopSide& towards,
                                    Side side, std::string_view call_id, Tokens& tokens) {
    const Result<sip::Uri> parsed = sip::parse_uri(uri);
    if (!parsed || !parsed->is_sip() || parsed->parameter("gr")) // R13
        return std::string();
    std::string wrapped;
    wrapped.reserve(value_room);
    wrapped.append(parsed->scheme == sip::Uri::Scheme::sips ? "sips:" : "sip:");
    if (parsed->has_user)
        wrapped.append(parsed->user).append("@");
    append_host_port(wrapped, towards.contact);
    wrapped.append(";transport=").append(uri_parameter(towards.transport)).append(";rb=");
    if (const auto sealed = tokens.append_contact(wrapped, side, from, uri, call_id); !sealed)
        return sealed.error();
    return wrapped;
}

enum class Wrapped : std::uint8_t { all, not_the_long_ones };

/// One message's Contacts as the other side is to see them.
struct Wrapping {
    const sip::Message& message;
    const Place& from;
    const HopSide& towards;
    Side side;
};

Result<Wrapped> wrap_contact(std::string_view value, const Wrapping& wrapping, sip::Edits& edits,
                             Tokens& tokens) {
    const Result<sip::NameAddr> contact = sip::parse_name_addr(value);
    if (!contact)
        return Wrapped::all;
    const auto& [message, from, towards, side] = wrapping;
    const Result<std::string> uri =
        wrapped_contact(contact->uri, from, towards, side, sip::call_id(message), tokens);
    if (!uri)
        return uri.error();
    if (uri->size() > contact_limit)
        return Wrapped::not_the_long_ones;
    if (uri->empty())
        return Wrapped::all;
    if (contact->bracketed) // else brackets have to come around it
        edits.replace(sip::span_of(message, contact->uri), *uri);
    else
        edits.replace_uri(value, *uri);
    return Wrapped::all;
}

/// Rewrites every Contact but those that would become too long. After an error nothing more is.
Result<Wrapped> wrap_contacts(const Wrapping& wrapping, sip::Edits& edits, Tokens& tokens) {
    auto all = Wrapped::all;
    if (!wrapping.towards.rewrite_contact)
        return all;
    for (const sip::HeaderField& row : wrapping.message.headers()) {
        if (row.id != sip::HeaderId::contact)
            continue;
        sip::ValueCursor cursor(wrapping.message.text(row.value));
        while (const auto value = cursor.next()) {
            const Result<Wrapped> one = wrap_contact(*value, wrapping, edits, tokens);
            if (!one)
                return one;
            all = std::max(all, *one);
        }
    }
    return all;
}

std::string_view leaving_uri(const sip::Message& request, const Target& target) {
    return target.request_uri.empty() ? request.request_uri() : target.request_uri;
}

/// §16.6 step 6: a next hop without `lr` gets its own URI as R-URI, and ours as the last Route.
void swap_for_strict_router(const sip::Message& request, const RequestHop& hop, sip::Edits& edits) {
    edits.remove_first_values(sip::HeaderId::route, 1);
    edits.set_request_uri(hop.decision.strict_router);
    std::string last("<");
    edits.append(sip::HeaderId::route, last.append(leaving_uri(request, hop.target)).append(">"));
}

void edit_routes(const sip::Message& request, const RequestHop& hop, sip::Edits& edits) {
    if (hop.decision.last_route_to_uri)
        edits.remove_last_value(sip::HeaderId::route);
    if (hop.decision.pop_routes > 0)
        edits.remove_first_values(sip::HeaderId::route, hop.decision.pop_routes);
    if (!hop.decision.strict_router.empty())
        swap_for_strict_router(request, hop, edits);
    const auto& routes = hop.target.add_routes;
    if (routes.empty())
        return;
    std::string joined;
    for (const std::string& route : routes)
        joined.append(joined.empty() ? "" : ", ").append(route);
    edits.prepend(sip::HeaderId::route, joined);
}

std::string_view scheme_of(std::string_view uri) {
    return uri.size() > 5 && ascii::iequals(uri.substr(0, 5), "sips:") ? std::string_view("sips")
                                                                       : std::string_view("sip");
}

Result<void> edit_record_routes(const sip::Message& request, const RequestHop& hop,
                                sip::Edits& edits, Tokens& tokens) {
    // §16.6 step 4: a SIPS Request-URI asks for SIPS Record-Routes.
    const std::string_view scheme = scheme_of(leaving_uri(request, hop.target));
    const std::string_view call_id = sip::call_id(request);
    const Side from = hop.decision.from_side;
    std::string both; // the upper one and the lower one
    both.reserve(value_room);
    if (const auto done = append_record_route(both, hop.out, other(from), scheme, call_id, tokens);
        !done)
        return done;
    both.append(", ");
    if (const auto done = append_record_route(both, hop.in, from, scheme, call_id, tokens); !done)
        return done;
    edits.prepend(sip::HeaderId::record_route, both);
    return {};
}

/// On top of Path, as every proxy on the way has it (RFC 3327 §5.2). Who relies on it has to ask
/// the registrar for it (the same): without Path it would call a Contact that it cannot reach.
Result<void> edit_path(const sip::Message& request, const RequestHop& hop, sip::Edits& edits,
                       Tokens& tokens) {
    const Result<std::string> token = tokens.seal_path(*hop.path);
    if (!token)
        return token.error();
    std::string value("<");
    value.append(scheme_of(leaving_uri(request, hop.target))).append(":").append(*token);
    append_host_port(value.append("@"), hop.out.reach);
    value.append(";transport=").append(uri_parameter(hop.out.transport)).append(";lr");
    value.append(hop.path->outbound ? ";ob>" : ">");
    edits.prepend(sip::HeaderId::path, value);
    if (!sip::has_option(request, sip::HeaderId::require, "path"))
        edits.append(sip::HeaderId::require, "path");
    return {};
}

/// RFC 5393 §5.3.3: a single one, and no more than came in.
void edit_breadth(const sip::Message& request, std::uint32_t breadth, sip::Edits& edits) {
    const std::string text = std::to_string(breadth);
    const sip::HeaderField* first = nullptr;
    for (const sip::HeaderField& row : request.headers()) {
        if (row.id != sip::HeaderId::max_breadth)
            continue;
        if (first == nullptr)
            edits.replace(row.value, text);
        else
            edits.replace(row.line, {});
        first = &row;
    }
    if (first == nullptr)
        edits.append(sip::HeaderId::max_breadth, text);
}

/// Rows of other branches' challenges, value by value as they came, below this response's own.
void add_challenges(const sip::Message& other, sip::Edits& edits) {
    for (const sip::HeaderField& row : other.headers()) {
        const bool challenge = row.id == sip::HeaderId::www_authenticate ||
                               row.id == sip::HeaderId::proxy_authenticate;
        if (challenge && !sip::copyable_row(other, row).empty())
            edits.append(row.id, other.text(row.value));
    }
}

std::string via_value(const RequestHop& hop, std::string_view branch) {
    std::string via;
    via.reserve(value_room);
    via.append("SIP/2.0/").append(via_name(hop.out.transport)).append(" ");
    append_host_port(via, hop.out.reach);
    via.append(";branch=").append(branch);
    if (hop.branch.stream)
        append_number(via.append(";w="), hop.branch.worker);
    return via;
}

/// Stamps the Via below ours and gives it as it leaves: the MAC of our branch covers it.
std::string stamp_top_via(const sip::Message& request, const RequestHop& hop, sip::Edits& edits) {
    std::string stamped;
    const auto via = sip::first_value(request, sip::HeaderId::via);
    if (!via)
        return stamped;
    const Endpoint& from = hop.in_flow.remote;
    sip::append_stamped_via(stamped, *via, from.address.to_string(), from.port, hop.keep);
    edits.replace(sip::span_of(request, *via), stamped);
    return stamped;
}

} // namespace

bool records_route(sip::Method method) noexcept {
    return method == sip::Method::invite || method == sip::Method::subscribe ||
           method == sip::Method::refer || method == sip::Method::notify;
}

bool refreshes_target(sip::Method method) noexcept {
    return records_route(method) || method == sip::Method::update;
}

Result<ForwardedRequest> forward_request(const sip::Message& request, const RequestHop& hop,
                                         Tokens& tokens, const KeyRing& keys) {
    ForwardedRequest forwarded;
    sip::Edits edits(request);
    if (!hop.target.request_uri.empty())
        edits.set_request_uri(hop.target.request_uri);
    edits.decrement_max_forwards();
    if (hop.breadth)
        edit_breadth(request, *hop.breadth, edits);
    edit_routes(request, hop, edits);
    if (records_route(request.method())) {
        if (const Result<void> done = edit_record_routes(request, hop, edits, tokens); !done)
            return done.error();
    }
    if (refreshes_target(request.method())) {
        const Result<Wrapped> wrapped =
            wrap_contacts({request, hop.in.place, hop.out, hop.decision.from_side}, edits, tokens);
        if (!wrapped)
            return wrapped.error();
        forwarded.contact_too_long = *wrapped == Wrapped::not_the_long_ones;
    }
    if (hop.registering != nullptr) {
        for (const registration::PlannedContact& contact : hop.registering->contacts) {
            if (!contact.rewritten.empty())
                edits.replace_uri(request.text(contact.value), contact.rewritten);
        }
    }
    if (hop.path) {
        if (const Result<void> done = edit_path(request, hop, edits, tokens); !done)
            return done.error();
    }
    if (hop.decision.remove_identity)
        edits.remove_all(sip::HeaderId::p_asserted_identity);
    forwarded.branch =
        seal_branch(keys.front().branch_mac, hop.branch, stamp_top_via(request, hop, edits));
    edits.prepend(sip::HeaderId::via, via_value(hop, forwarded.branch));
    forwarded.bytes = edits.apply(is_reliable(hop.out.transport));
    return forwarded;
}

ForwardedResponse forward_response(const sip::Message& response, const ResponseHop& hop,
                                   Tokens& tokens) {
    ForwardedResponse forwarded;
    sip::Edits edits(response);
    edits.remove_first_values(sip::HeaderId::via, 1);
    const bool sets_target = refreshes_target(hop.method) && response.status() > 100 &&
                             response.status() < 300; // not in 3xx or 485: those name others (R16)
    if (sets_target)
        forwarded.unsealed = !wrap_contacts(
            {response, hop.from, hop.in, other(hop.decision.from_side)}, edits, tokens);
    for (const registration::RestoredContact& restored : hop.restored)
        edits.replace_uri(restored.value, restored.uri);
    for (const sip::Message* other : hop.challenges)
        add_challenges(*other, edits);
    if (!hop.from_trusted)
        edits.remove_all(sip::HeaderId::p_asserted_identity);
    if (hop.status != 0)
        edits.set_status(hop.status, sip::reason_phrase(hop.status));
    forwarded.bytes = edits.apply(is_reliable(hop.in.transport));
    return forwarded;
}

} // namespace roundabout::routing
