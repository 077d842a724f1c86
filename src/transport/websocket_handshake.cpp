#include "transport/websocket_handshake.hpp"

#include "base/ascii.hpp"
#include "transport/forwarded_for.hpp"

#include <boost/beast/http/field.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/http/verb.hpp>

#include <algorithm>
#include <iterator>
#include <vector>

namespace roundabout::transport {
namespace {

namespace http = boost::beast::http;

std::string_view view(boost::beast::string_view text) noexcept {
    return {text.data(), text.size()};
}

/// True if some row of that name, read as a list of tokens, holds `token` in any case.
bool lists_token(const http::fields& header, http::field name, boost::beast::string_view token) {
    const auto [first, last] = header.equal_range(name);
    return std::any_of(first, last, [token](const http::fields::value_type& row) {
        return http::token_list(row.value()).exists(token);
    });
}

bool is_upgrade(const HttpRequest& request) {
    return request.method() == http::verb::get && request.version() >= 11 &&
           lists_token(request, http::field::connection, "upgrade") &&
           lists_token(request, http::field::upgrade, "websocket");
}

std::string_view path_of(std::string_view target) noexcept {
    return target.substr(0, target.find('?'));
}

bool is_origin_allowed(const HttpRequest& request, const std::vector<std::string>& allowed) {
    const auto [first, last] = request.equal_range(http::field::origin);
    if (allowed.empty() || first == last)
        return true;
    if (std::next(first) != last)
        return false;
    const std::string_view origin = view(first->value());
    return std::ranges::any_of(
        allowed, [origin](const std::string& one) { return ascii::iequals(one, origin); });
}

} // namespace

bool offers_sip(const http::fields& header) {
    return lists_token(header, http::field::sec_websocket_protocol, "sip");
}

std::optional<HandshakeRefusal> judge_handshake(const HttpRequest& request,
                                                const WebSocketRules& rules) {
    if (!is_upgrade(request))
        return HandshakeRefusal{426, "This is a SIP over WebSocket server; ask for an upgrade."};
    if (request[http::field::sec_websocket_version] != "13")
        return HandshakeRefusal{426, "Only version 13 of the WebSocket protocol is spoken here."};
    if (!rules.path.empty() && path_of(view(request.target())) != rules.path)
        return HandshakeRefusal{404, "There is no WebSocket server at this path."};
    if (!is_origin_allowed(request, rules.origins))
        return HandshakeRefusal{403, "Web pages of this origin are not served here."};
    if (request[http::field::sec_websocket_key].empty())
        return HandshakeRefusal{400, "The Sec-WebSocket-Key is missing."};
    if (!offers_sip(request))
        return HandshakeRefusal{400, "The WebSocket subprotocol sip is required (RFC 7118).",
                                Error::subprotocol_missing};
    if (!forwarded_for(request, rules))
        return HandshakeRefusal{400, "The X-Forwarded-For header has no address where one is due.",
                                Error::bad_forwarded_for};
    return std::nullopt;
}

Result<std::optional<IpAddress>> forwarded_for(const HttpRequest& request,
                                               const WebSocketRules& rules) {
    if (rules.trusted_proxies.empty())
        return std::optional<IpAddress>();
    std::vector<std::string_view> rows;
    const auto [first, last] = request.equal_range("X-Forwarded-For");
    for (auto row = first; row != last; ++row)
        rows.push_back(view(row->value()));
    return forwarded_source(rows, rules.trusted_proxies);
}

std::string refusal_text(const HandshakeRefusal& refusal) {
    const std::string status = std::to_string(refusal.status);
    const bool wants_upgrade = refusal.status == 426;
    std::string text = "HTTP/1.1 ";
    text.append(status).append(" ");
    text.append(view(http::obsolete_reason(static_cast<http::status>(refusal.status))));
    text.append(wants_upgrade ? "\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n"
                                "Sec-WebSocket-Version: 13\r\n"
                              : "\r\nConnection: close\r\n");
    text.append("Content-Type: text/plain\r\nContent-Length: ");
    text.append(std::to_string(refusal.text.size() + 2)).append("\r\n\r\n");
    text.append(refusal.text).append("\r\n");
    return text;
}

} // namespace roundabout::transport
