#include "roundabout-ctl/tracing.hpp"

#include "roundabout-ctl/capture.hpp"

#include <boost/asio/buffer.hpp>

#include <cerrno>
#include <fcntl.h>
#include <iostream>
#include <ostream>
#include <system_error>
#include <unistd.h>

namespace roundabout::ctl {
namespace {

namespace asio = boost::asio;

/// By which a collector tells its sources apart ("Roundabout" has no registered number).
constexpr std::uint32_t hep_agent = 5060;

asio::ip::udp::endpoint to_asio(const Endpoint& endpoint) {
    return {asio::ip::make_address(endpoint.address.to_string()), endpoint.port};
}

} // namespace

Tracing::Tracing(const Options& options, std::ostream& out)
    : options_(options)
    , out_(out)
    , ladder_(options.full) {}

std::optional<std::string> Tracing::open() {
    if (options_.hep) {
        boost::system::error_code error;
        const auto collector = to_asio(*options_.hep);
        socket_.open(collector.protocol(), error);
        if (!error)
            socket_.connect(collector, error);
        if (error)
            return "cannot send to " + options_.hep->to_string() + ": " + error.message();
    }
    if (options_.pcap.empty())
        return std::nullopt;
    const int file =
        ::open(options_.pcap.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (file < 0)
        return "cannot write " + options_.pcap + ": " + std::generic_category().message(errno);
    ::close(file);
    file_.open(options_.pcap, std::ios::binary);
    file_ << pcap_header() << std::flush;
    if (!file_)
        return "cannot write " + options_.pcap;
    return std::nullopt;
}

void Tracing::show(const admin::Response& response) {
    const auto* record = std::get_if<admin::Record>(&response);
    if (record == nullptr)
        return;
    out_ << (options_.json ? admin::to_json(*record) + "\n" : ladder_.show(*record)) << std::flush;
    const auto message = captured(*record);
    if (!message)
        return;
    if (file_.is_open() && !(file_ << pcap_packet(*message) << std::flush)) {
        std::cerr << "roundabout-ctl: cannot write " << options_.pcap
                  << " any more; the trace goes on without it\n";
        file_.close();
    }
    if (socket_.is_open()) {
        boost::system::error_code ignored; // a collector that is down now may come back
        socket_.send(asio::buffer(hep_packet(*message, hep_agent)), 0, ignored);
    }
}

} // namespace roundabout::ctl
