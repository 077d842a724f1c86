#include "routing/route_set.hpp"

#include "base/ascii.hpp"
#include "config/lookup.hpp"
#include "sip/uri.hpp"
#include "sip/values.hpp"

#include <utility>
#include <vector>

namespace roundabout::routing {
namespace {

constexpr int deepest_unwrap = 4; // design: one layer a pass, and a bound on how often again

/// Tells which URIs name this proxy; the URIs of one request mostly name the same host. To be asked
/// of URIs that live as long.
class OwnHosts {
  public:
    explicit OwnHosts(const Scene& scene) noexcept
        : scene_(scene) {}

    [[nodiscard]] bool has(const sip::Uri& uri) noexcept {
        if (!uri.is_sip())
            return false;
        if (uri.host_port != last_) {
            last_ = uri.host_port;
            last_is_ours_ = config::is_ours(scene_.config, uri.host, uri.port, scene_.machine);
        }
        return last_is_ours_;
    }

  private:
    const Scene& scene_;
    std::string_view last_;
    bool last_is_ours_ = false;
};

std::optional<sip::Uri> parsed(std::string_view text) noexcept {
    const Result<sip::Uri> uri = sip::parse_uri(text);
    return uri ? std::optional(*uri) : std::nullopt;
}

/// False only where no `rb` can be found in the URI: most need not be parsed for that.
bool may_bear_token(std::string_view uri) noexcept {
    for (std::size_t at = uri.find(';'); at != std::string_view::npos; at = uri.find(';', at + 1)) {
        if (ascii::iequals(uri.substr(at + 1, 3), "rb="))
            return true;
    }
    return false;
}

/// Reads one request's Routes and R-URI.
class Reader {
  public:
    Reader(const sip::Message& request, Scene& scene) noexcept
        : request_(request)
        , scene_(scene)
        , call_id_(sip::call_id(request))
        , hosts_(scene) {}

    [[nodiscard]] RouteSet read();

  private:
    [[nodiscard]] bool is_own_record_route(const sip::Uri& uri);
    void restore_request_uri();
    void read_routes();
    [[nodiscard]] bool take_route(std::string_view value);
    void read_contact();
    [[nodiscard]] std::optional<ContactToken> unwrap(const sip::Uri& uri, OwnHosts& hosts);

    const sip::Message& request_;
    Scene& scene_;
    std::string_view call_id_;
    OwnHosts hosts_;
    std::string_view restored_from_; ///< the Route whose URI has become the R-URI
    RouteSet set_;
};

/// A proxy that knows no loose routing put our Record-Route into the R-URI (§16.4).
bool Reader::is_own_record_route(const sip::Uri& uri) {
    return uri.has_user && uri.parameter("lr") && hosts_.has(uri) &&
           scene_.tokens.open_route(uri.user, call_id_).has_value();
}

void Reader::restore_request_uri() {
    const std::vector<sip::ValueAt> routes = sip::values(request_, sip::HeaderId::route);
    if (routes.empty())
        return;
    restored_from_ = routes.back().text;
    const Result<sip::NameAddr> last = sip::parse_name_addr(restored_from_);
    if (!last) {
        set_.malformed = true;
        return;
    }
    set_.from_strict_router = true;
    set_.request_uri = last->uri;
    set_.uri = parsed(last->uri);
}

void Reader::read_routes() {
    for (const sip::HeaderField& row : request_.headers()) {
        if (row.id != sip::HeaderId::route)
            continue;
        sip::ValueCursor cursor(request_.text(row.value));
        while (const auto value = cursor.next()) {
            if (value->data() == restored_from_.data() || !take_route(*value))
                return;
        }
    }
}

/// Pops it if it is ours; false where it is the one that stays on top.
bool Reader::take_route(std::string_view value) {
    const Result<sip::NameAddr> address = sip::parse_name_addr(value);
    const Result<sip::Uri> uri = address ? sip::parse_uri(address->uri) : address.error();
    if (!uri) {
        set_.malformed = true;
        return false;
    }
    Result<RouteToken> token = Error::token_malformed;
    const bool ours = hosts_.has(*uri);
    if (ours && uri->has_user)
        token = scene_.tokens.open_route(uri->user, call_id_);
    Result<PathToken> path = Error::token_malformed;
    if (ours && uri->has_user && !token)
        path = scene_.tokens.open_path(uri->user);
    // Behind our token comes one that we did not make: another Roundabout of our name (R15).
    // Behind a Path URI of ours comes one of an earlier pass: each pass takes off its own.
    const bool others = uri->has_user && ((!token && set_.token) || set_.path);
    if (!ours || others) {
        set_.next = address->uri;
        set_.next_uri = *uri;
        set_.next_is_strict = !uri->parameter("lr");
        return false;
    }
    ++set_.own;
    if (token)
        set_.token = *token;
    else if (path)
        set_.path = *path;
    return true;
}

std::optional<ContactToken> Reader::unwrap(const sip::Uri& uri, OwnHosts& hosts) {
    const auto value = uri.parameter("rb");
    if (!value || !hosts.has(uri))
        return std::nullopt;
    Result<ContactToken> token = scene_.tokens.open_contact(*value, call_id_);
    if (!token)
        return std::nullopt;
    return std::move(*token);
}

void Reader::read_contact() {
    if (set_.uri)
        set_.contact = unwrap(*set_.uri, hosts_);
    for (int depth = 1; set_.contact && set_.next.empty() && depth < deepest_unwrap; ++depth) {
        if (!may_bear_token(set_.contact->uri))
            break;
        const std::optional<sip::Uri> uri = parsed(set_.contact->uri);
        OwnHosts hosts(scene_); // this URI does not live as long as the request's
        std::optional<ContactToken> inner = uri ? unwrap(*uri, hosts) : std::nullopt;
        if (!inner)
            break;
        set_.contact = std::move(inner);
    }
}

RouteSet Reader::read() {
    set_.request_uri = request_.request_uri();
    set_.uri = parsed(set_.request_uri);
    if (set_.uri && is_own_record_route(*set_.uri))
        restore_request_uri();
    if (!set_.malformed)
        read_routes();
    if (!set_.malformed)
        read_contact();
    return std::move(set_);
}

} // namespace

RouteSet read_route_set(const sip::Message& request, Scene& scene) {
    return Reader(request, scene).read();
}

} // namespace roundabout::routing
