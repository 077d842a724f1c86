#include "sip/locate.hpp"
#include "transport/dns_message.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

using namespace roundabout;

namespace {

void require(bool holds) {
    if (!holds)
        std::abort();
}

bool is_name(std::string_view name) {
    return name.size() < 256 &&
           name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_.") == name.npos;
}

/// What a location makes of whatever came: bounded, and only of places that can be sent to.
void locate(const DnsRecords& services, const DnsRecords& pointers) {
    Sought sought;
    sought.host = "example.test";
    sought.spoken = {Transport::udp, Transport::tcp, Transport::tls};
    const DnsRecords addresses{{IpAddress::v4({192, 0, 2, 1}), IpAddress::v6({0x20, 1})}, {}, {}};
    const auto located = sip::locate(sought, [&](const DnsQuestion& question) {
        require(is_name(question.name) && !question.name.empty());
        switch (question.type) {
        case DnsQuestion::Type::srv:
            return &services;
        case DnsQuestion::Type::naptr:
            return &pointers;
        case DnsQuestion::Type::address:
            break;
        }
        return &addresses;
    });
    require(located.needs.empty() && located.location.size() <= sip::most_hosts);
    const auto order = sip::in_order(located.location, services.services.size());
    require(order.size() == located.location.size() * 2);
    for (const Candidate& candidate : order)
        require(candidate.remote.port != 0);
}

} // namespace

// A DNS server says whatever it likes: no fault, only records of the name asked for, only names
// that may be asked for in turn.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const DnsQuestion srv{DnsQuestion::Type::srv, "_sip._udp.example.test"};
    const DnsQuestion naptr{DnsQuestion::Type::naptr, "example.test"};
    const auto services = transport::read_dns_answer({data, size}, srv);
    const auto pointers = transport::read_dns_answer({data, size}, naptr);
    require(services.has_value() == pointers.has_value());
    if (!services)
        return 0;
    require(services->records.addresses.empty() && services->records.pointers.empty());
    require(pointers->records.addresses.empty() && pointers->records.services.empty());
    require(services->records.services.size() <= transport::most_records);
    for (const SrvRecord& record : services->records.services)
        require(is_name(record.target));
    for (const NaptrRecord& record : pointers->records.pointers)
        require(is_name(record.replacement));
    locate(services->records, pointers->records);
    return 0;
}
