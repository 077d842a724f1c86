#include "bench/load/link.hpp"

#include <array>
#include <charconv>
#include <stdexcept>
#include <utility>

namespace roundabout::load {
namespace {

struct Words {
    std::string_view name, via, uri;
};
constexpr std::array<Words, 5> all_words{{{"udp", "UDP", "udp"},
                                          {"tcp", "TCP", "tcp"},
                                          {"tls", "TLS", "tls"},
                                          {"ws", "WS", "ws"},
                                          {"wss", "WSS", "ws"}}};

} // namespace

Transport parse_transport(std::string_view word) {
    for (std::size_t i = 0; i < all_words.size(); ++i) {
        if (all_words[i].name == word)
            return static_cast<Transport>(i);
    }
    throw std::invalid_argument("no transport: " + std::string(word));
}

std::string_view via_word(Transport transport) noexcept {
    return all_words[static_cast<std::size_t>(transport)].via;
}

std::string_view uri_word(Transport transport) noexcept {
    return all_words[static_cast<std::size_t>(transport)].uri;
}

bool is_tls(Transport transport) noexcept {
    return transport == Transport::tls || transport == Transport::wss;
}

Place Place::parse(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    std::string_view host = text.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']'))
        host = host.substr(1, host.size() - 2);
    Place place;
    boost::system::error_code error;
    place.host = asio::ip::make_address(host, error);
    const std::string_view port = colon == std::string_view::npos ? "" : text.substr(colon + 1);
    const auto end = std::from_chars(port.data(), port.data() + port.size(), place.port);
    if (error || port.empty() || end.ec != std::errc() || end.ptr != port.data() + port.size())
        throw std::invalid_argument("no address:port: " + std::string(text));
    return place;
}

std::string Place::to_string() const {
    const std::string address = host.to_string();
    return (host.is_v6() ? "[" + address + "]" : address) + ":" + std::to_string(port);
}

} // namespace roundabout::load
