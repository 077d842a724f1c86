#include "bench/load/parties.hpp"

namespace roundabout::load {

namespace {

/// IPv4 alone has neighbours here.
asio::ip::address source_of(const Options& options, std::size_t number) {
    const auto turn = static_cast<std::uint32_t>(number % options.sources);
    if (turn == 0)
        return options.source;
    return asio::ip::make_address_v4(options.source.to_v4().to_uint() + turn);
}

} // namespace

asio::awaitable<LinkPtr> open_link(asio::io_context& io, const Options& options, std::size_t number,
                                   Link::Taker taker) {
    const asio::ip::address source = source_of(options, number);
    if (options.caller == Transport::udp)
        co_return open_udp(io, {source, 0}, options.proxy, taker);
    LinkSettings settings;
    settings.transport = options.caller;
    settings.remote = options.proxy;
    settings.source = source;
    settings.server_name = options.server_name;
    settings.tls = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_client);
    LinkPtr link = co_await connect_stream(settings, taker);
    co_return link;
}

LinkPtr listen_callee(asio::io_context& io, const Place& place, const Options& options,
                      const Link::Taker& taker) {
    if (options.callee_transport == Transport::udp)
        return open_udp(io, place, options.proxy, taker);
    const auto tls = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
    if (is_tls(options.callee_transport)) {
        tls->use_certificate_chain_file(options.certificate);
        tls->use_private_key_file(options.key, asio::ssl::context::pem);
    }
    listen_stream(io, options.callee_transport, place, tls, taker);
    return nullptr;
}

std::string session_description(std::size_t size) {
    std::string text = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
                       "m=audio 6000 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\n";
    for (int i = 0; text.size() + 60 <= size; ++i)
        text +=
            "a=candidate:" + std::to_string(i) + " 1 udp 2122260223 192.0.2.1 6000 typ host\r\n";
    return text;
}

} // namespace roundabout::load
