#include "bench/load/options.hpp"

#include <boost/program_options.hpp>

#include <iostream>
#include <stdexcept>
#include <utility>

namespace roundabout::load {
namespace {

namespace po = boost::program_options;

po::options_description known_options(Options& to) {
    po::options_description known("roundabout-load: calls through a SIP proxy, both ends of them");
    auto add = known.add_options();
    const auto text = [] { return po::value<std::string>(); };
    add("proxy", text()->required(), "address:port where the proxy takes the calls");
    add("caller", text()->default_value("udp"), "transport of the calling side");
    add("source", text()->required(), "address of the calling side");
    add("links", po::value(&to.links)->default_value(1), "sockets or connections that call");
    add("domain", po::value(&to.domain)->default_value("callee.test"),
        "host of the Request-URI, which the proxy knows as the callee's");
    add("server-name", po::value(&to.server_name)->default_value("localhost"),
        "name for TLS and WebSocket handshakes");
    add("callee", text(), "address:port where the called side listens");
    add("callee-transport", text()->default_value("udp"), "transport of the called side");
    add("certificate", po::value(&to.certificate), "certificate chain of a callee by TLS or WSS");
    add("key", po::value(&to.key), "its private key");
    add("sources", po::value(&to.sources)->default_value(1),
        "addresses, from that one on, that the links have by turns");
    add("register", po::bool_switch(&to.registers),
        "instead of calls: REGISTERs, each of another address-of-record of that domain");
    add("pending", po::value(&to.pending)->default_value(0),
        "before: that many INVITEs that ring and are never answered; tells what one costs");
    add("calls", po::value(&to.calls)->default_value(1000), "calls to measure");
    add("warmup", po::value(&to.warmup)->default_value(0), "calls before those");
    add("outstanding", po::value(&to.outstanding)->default_value(10),
        "calls at a time, a new one for each that ends");
    add("rate", po::value(&to.rate)->default_value(0),
        "calls a second instead, however many are under way");
    add("body", po::value(&to.body)->default_value(200), "bytes of SDP, about");
    add("idle", po::value(&to.idle)->default_value(0),
        "instead: open that many connections, then tell what one costs");
    add("pid", po::value(&to.process)->default_value(0), "the proxy's process, to be watched");
    add("help", "print this and end");
    return known;
}

} // namespace

std::optional<Options> read_options(int argc, const char* const* argv) {
    Options options;
    const po::options_description known = known_options(options);
    po::variables_map given;
    po::store(po::parse_command_line(argc, argv, known), given);
    if (given.contains("help")) {
        std::cout << known;
        return std::nullopt;
    }
    po::notify(given);
    options.proxy = Place::parse(given["proxy"].as<std::string>());
    options.source = asio::ip::make_address(given["source"].as<std::string>());
    options.caller = parse_transport(given["caller"].as<std::string>());
    options.callee_transport = parse_transport(given["callee-transport"].as<std::string>());
    if (given.contains("callee"))
        options.callee = Place::parse(given["callee"].as<std::string>());
    if (options.links == 0 || options.sources == 0 || options.calls == 0 ||
        options.outstanding == 0)
        throw std::invalid_argument("links, sources, calls and outstanding are at least 1");
    return options;
}

} // namespace roundabout::load
