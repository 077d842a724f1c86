#include "config/trusted_server_flag.hpp"

#include "base/ascii.hpp"
#include "base/endpoint.hpp"
#include "config/host_syntax.hpp"
#include "config/report.hpp"
#include "sip/uri.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <variant>

namespace roundabout::config {
namespace {

constexpr std::array<std::string_view, 5> field_names{"IP", "FQDNS", "PORT", "NETWORK", "ROUTES"};
constexpr std::string_view form = "IP:FQDNS:PORT:NETWORK:ROUTES, as 203.0.113.20::5060:tcp:";

using Fault = std::optional<DatasetFault>;

DatasetFault fault(std::size_t field, std::string message, std::string remedy) {
    return {{}, field_names.at(field), std::move(message), std::move(remedy)};
}

// The next part of `text` up to `separator`, which is dropped with it; nothing at the end.
std::optional<std::string_view> take_part(std::optional<std::string_view>& text, char separator) {
    if (!text)
        return std::nullopt;
    const std::string_view part = text->substr(0, text->find(separator));
    if (part.size() == text->size())
        text.reset();
    else
        text->remove_prefix(part.size() + 1);
    return part;
}

// The five fields; the name of the first one that is missing.
std::variant<std::array<std::string_view, 5>, std::size_t> split(std::string_view dataset) {
    std::array<std::string_view, 5> fields;
    for (std::size_t i = 0; i + 1 < fields.size(); ++i) {
        std::size_t end = 0;
        bool inside = false;
        for (; end < dataset.size() && (inside || dataset[end] != ':'); ++end) {
            if (dataset[end] == '[' || dataset[end] == ']')
                inside = dataset[end] == '[';
        }
        if (end == dataset.size())
            return i + 1;
        fields[i] = dataset.substr(0, end);
        dataset.remove_prefix(end + 1);
    }
    fields.back() = dataset;
    return fields;
}

Fault read_ip(std::string_view field, Dataset& dataset) {
    if (field.empty())
        return std::nullopt;
    const auto address = IpAddress::parse(field);
    if (!address)
        return fault(0, quoted(field) + " is no address",
                     is_host_name(field) ? "write a name into the second field, FQDNS"
                                         : "write 192.0.2.10, or IPv6 as [2001:db8::10]");
    if (address->is_unspecified())
        return fault(0, "nobody is at " + quoted(field), "write the server's own address");
    dataset.ip = address->to_string();
    return std::nullopt;
}

Fault read_fqdns(std::string_view field, Dataset& dataset) {
    std::optional<std::string_view> rest = field;
    if (field.empty())
        rest.reset();
    while (const auto part = take_part(rest, '/')) {
        auto name = normal_host(*part, true);
        if (!name)
            return fault(1, quoted(*part) + " is no domain name",
                         "write names between slashes, as pbx.example.com/voice.example.com");
        dataset.fqdns.push_back(std::move(*name));
    }
    if (dataset.ip.empty() && dataset.fqdns.empty())
        return fault(0, "is empty, and FQDNS as well",
                     "write the server's address, or a name that has one");
    return std::nullopt;
}

Fault read_port(std::string_view field, Dataset& dataset) {
    if (field.empty())
        return std::nullopt;
    const auto port = ascii::to_number<std::uint16_t>(field);
    if (!port || *port == 0)
        return fault(2, quoted(field) + " is no port",
                     "write a number from 1 to 65535, or nothing for the default of NETWORK");
    dataset.port = *port;
    return std::nullopt;
}

Fault read_network(std::string_view field, Dataset& dataset) {
    if (field.empty())
        return std::nullopt;
    const auto network = parse_transport(field);
    if (!network)
        return fault(3, quoted(field) + " is no network",
                     "write udp, tcp, tls, ws or wss, or nothing for -default-network");
    dataset.network = *network;
    return std::nullopt;
}

Fault read_routes(std::string_view field, Dataset& dataset) {
    std::optional<std::string_view> rest = field;
    if (field.empty())
        rest.reset();
    while (const auto part = take_part(rest, '/')) {
        const auto uri = sip::parse_uri(*part);
        const bool plain = std::ranges::all_of(*part, [](char c) { return c > ' ' && c < 0x7F; });
        if (!plain || (!parse_host_port(*part) && !(uri && uri->is_sip())))
            return fault(4, quoted(*part) + " is neither a host nor a SIP URI",
                         "write routes between slashes, as edge.example.com:5070 or "
                         "sip:edge.example.com:5070;transport=tcp;lr");
        dataset.routes.emplace_back(*part);
    }
    return std::nullopt;
}

Fault read(std::string_view text, Dataset& dataset) {
    const auto parts = split(text);
    if (const auto* missing = std::get_if<std::size_t>(&parts))
        return fault(*missing, "is missing: five fields stand between four colons",
                     "write " + std::string(form));
    constexpr std::array readers{read_ip, read_fqdns, read_port, read_network, read_routes};
    const auto& fields = std::get<0>(parts);
    for (std::size_t i = 0; i < fields.size(); ++i) {
        if (Fault found = readers[i](fields[i], dataset))
            return found;
    }
    return std::nullopt;
}

} // namespace

Datasets parse_trusted_servers(std::string_view word) {
    Datasets all;
    std::optional<std::string_view> rest = word;
    while (const auto text = take_part(rest, ',')) {
        Dataset dataset;
        if (Fault found = read(*text, dataset)) {
            found->dataset = *text;
            all.faults.push_back(std::move(*found));
        } else {
            all.taken.push_back(std::move(dataset));
        }
    }
    return all;
}

} // namespace roundabout::config
