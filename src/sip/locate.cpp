#include "sip/locate.hpp"

#include "base/ascii.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <tuple>
#include <utility>

namespace roundabout::sip {
namespace {

using Type = DnsQuestion::Type;

/// The transport of a SIPS URI's place where `transport` was meant (RFC 3261 §26.2.2; R21).
Transport secured(Transport transport) noexcept {
    return is_websocket(transport) ? Transport::wss : Transport::tls;
}

std::string srv_name(Transport transport, const std::string& host) {
    const std::string_view prefix = transport == Transport::udp   ? "_sip._udp."
                                    : transport == Transport::tcp ? "_sip._tcp."
                                                                  : "_sips._tcp.";
    return std::string(prefix) + host;
}

/// RFC 3263 §4.1; SCTP and what we never heard of lead nowhere.
std::optional<Transport> transport_of_service(std::string_view service) noexcept {
    constexpr std::array<std::pair<std::string_view, Transport>, 3> services{
        {{"sips+d2t", Transport::tls}, {"sip+d2t", Transport::tcp}, {"sip+d2u", Transport::udp}}};
    for (const auto& [name, transport] : services) {
        if (ascii::iequals(service, name))
            return transport;
    }
    return std::nullopt;
}

/// A NAPTR record that leads to SRV records for a transport that we speak.
struct Pointer {
    Transport transport = Transport::udp;
    const NaptrRecord* record = nullptr;
};

class Search {
  public:
    Search(const Sought& sought, const DnsAnswers& known)
        : sought_(sought)
        , known_(known) {}

    [[nodiscard]] Located run() && {
        if (const auto address = IpAddress::parse(sought_.host))
            add_host(plain_transport(), 0, plain_port(), {*address});
        else if (sought_.port)
            by_addresses(plain_transport());
        else if (sought_.transport)
            by_transport(plain_transport());
        else
            by_pointers();
        return std::move(found_);
    }

  private:
    [[nodiscard]] Transport plain_transport() const noexcept {
        const Transport transport = sought_.transport.value_or(sought_.fallback);
        return sought_.secure ? secured(transport) : transport;
    }
    [[nodiscard]] std::uint16_t plain_port() const noexcept {
        return sought_.port.value_or(default_port(plain_transport()));
    }
    [[nodiscard]] bool is_usable(Transport transport) const noexcept {
        return sought_.spoken.has(transport) && (!sought_.secure || is_secure(transport));
    }

    const DnsRecords* ask(Type type, std::string name) {
        DnsQuestion question{type, std::move(name)};
        const DnsRecords* records = known_(question);
        if (records == nullptr && std::ranges::find(found_.needs, question) == found_.needs.end())
            found_.needs.push_back(std::move(question));
        return records;
    }

    void add_host(Transport transport, std::uint16_t weight, std::uint16_t port,
                  std::vector<IpAddress> addresses) {
        std::ranges::sort(addresses, {},
                          [](const IpAddress& a) { return std::tuple(a.is_v6(), a); });
        found_.location.push_back({transport, rank_, weight, port, std::move(addresses)});
    }

    void by_addresses(Transport transport) {
        const DnsRecords* records = ask(Type::address, sought_.host);
        if (records == nullptr || records->addresses.empty())
            return;
        add_host(transport, 0, sought_.port.value_or(default_port(transport)), records->addresses);
    }

    /// §4.2, a transport and no port.
    void by_transport(Transport transport) {
        if (is_websocket(transport))
            return by_addresses(transport);
        const DnsRecords* records = ask(Type::srv, srv_name(transport, sought_.host));
        if (records == nullptr)
            return;
        if (records->services.empty())
            return by_addresses(transport);
        add_services(transport, *records);
    }

    /// §4.1, neither transport nor port.
    void by_pointers() {
        const DnsRecords* records = ask(Type::naptr, sought_.host);
        if (records == nullptr)
            return;
        const std::vector<Pointer> pointers = usable(records->pointers);
        if (pointers.empty())
            return by_any_service();
        for (const Pointer& pointer : pointers) {
            const DnsRecords* services = ask(Type::srv, pointer.record->replacement);
            if (services != nullptr)
                add_services(pointer.transport, *services);
        }
    }

    [[nodiscard]] std::vector<Pointer> usable(const std::vector<NaptrRecord>& records) const {
        std::vector<Pointer> pointers;
        for (const NaptrRecord& record : records) {
            const auto transport = transport_of_service(record.service);
            if (transport && is_usable(*transport) && ascii::iequals(record.flags, "s") &&
                record.regexp.empty() && !record.replacement.empty())
                pointers.push_back({*transport, &record});
        }
        std::ranges::sort(pointers, {}, [](const Pointer& pointer) {
            const NaptrRecord& record = *pointer.record;
            return std::tuple(record.order, record.preference, pointer.transport,
                              std::string_view(record.replacement));
        });
        std::size_t count = 0;
        while (count < std::min(pointers.size(), most_pointers) &&
               pointers[count].record->order == pointers.front().record->order)
            ++count;
        pointers.resize(count);
        return pointers;
    }

    /// §4.1 without NAPTR: one transport after the other, until one has records.
    void by_any_service() {
        std::vector<Transport> transports{sought_.fallback};
        for (const Transport transport : {Transport::udp, Transport::tcp, Transport::tls}) {
            if (transport != sought_.fallback)
                transports.push_back(transport);
        }
        bool fallback_denied = false;
        for (const Transport transport : transports) {
            if (!is_usable(transport) || is_websocket(transport))
                continue;
            const DnsRecords* records = ask(Type::srv, srv_name(transport, sought_.host));
            if (records == nullptr)
                return;
            if (records->services.empty())
                continue;
            fallback_denied = fallback_denied || transport == plain_transport();
            add_services(transport, *records);
            if (!found_.location.empty() || !found_.needs.empty())
                return;
        }
        if (!fallback_denied)
            by_addresses(plain_transport());
    }

    /// RFC 2782. Ranks go on from those that stand there.
    void add_services(Transport transport, const DnsRecords& records) {
        std::vector<SrvRecord> services = records.services;
        std::ranges::sort(services, [](const SrvRecord& a, const SrvRecord& b) {
            return std::tie(a.priority, a.target, a.port, a.weight) <
                   std::tie(b.priority, b.target, b.port, b.weight);
        });
        std::optional<std::uint16_t> priority;
        for (const SrvRecord& service : services) {
            if (++considered_ > most_hosts)
                return;
            if (service.target.empty() || service.port == 0 ||
                IpAddress::parse(service.target).has_value())
                continue;
            const DnsRecords* host = ask(Type::address, service.target);
            if (host == nullptr || host->addresses.empty())
                continue;
            if (priority != service.priority && !found_.location.empty())
                ++rank_;
            priority = service.priority;
            add_host(transport, service.weight, service.port, host->addresses);
        }
    }

    const Sought& sought_;
    const DnsAnswers& known_;
    Located found_;
    std::uint16_t rank_ = 0;
    std::size_t considered_ = 0; ///< SRV records
};

/// Numbers that all follow from the first one (splitmix64).
class Draw {
  public:
    explicit Draw(std::uint64_t seed) noexcept
        : state_(seed) {}

    /// From 0 to `most`, both included.
    std::uint64_t up_to(std::uint64_t most) noexcept {
        state_ += 0x9E3779B97F4A7C15ULL;
        std::uint64_t mixed = state_;
        mixed = (mixed ^ (mixed >> 30U)) * 0xBF58476D1CE4E5B9ULL;
        mixed = (mixed ^ (mixed >> 27U)) * 0x94D049BB133111EBULL;
        return (mixed ^ (mixed >> 31U)) % (most + 1);
    }

  private:
    std::uint64_t state_;
};

void add_family(const ServiceHost& host, bool v6, Draw& draw, std::vector<Candidate>& out) {
    const std::vector<IpAddress>& sorted = host.addresses;
    const auto first = std::ranges::find(sorted, v6, &IpAddress::is_v6);
    const auto count = static_cast<std::size_t>(std::ranges::count(sorted, v6, &IpAddress::is_v6));
    if (count == 0)
        return;
    const std::size_t entry = count == 1 ? 0 : draw.up_to(count - 1);
    for (std::size_t i = 0; i < std::min(count, most_addresses); ++i) {
        const auto at = static_cast<std::ptrdiff_t>((entry + i) % count);
        out.push_back({host.transport, {*(first + at), host.port}});
    }
}

void add_addresses(const ServiceHost& host, Draw& draw, std::vector<Candidate>& out) {
    add_family(host, false, draw, out);
    add_family(host, true, draw, out);
}

/// RFC 2782, "Weight": which of `left` is next, those with weight 0 having but a small chance.
/// With nothing but weight 0 there is nothing to go by, and each has its turn.
std::size_t draw_position(const std::vector<const ServiceHost*>& left, Draw& draw) {
    std::uint64_t sum = 0;
    for (const ServiceHost* host : left)
        sum += host->weight;
    if (left.size() == 1)
        return 0;
    if (sum == 0)
        return draw.up_to(left.size() - 1);
    const std::uint64_t drawn = draw.up_to(sum);
    std::uint64_t running = 0;
    std::size_t position = 0;
    while ((running += left[position]->weight) < drawn)
        ++position;
    return position;
}

} // namespace

Located locate(const Sought& sought, const DnsAnswers& known) {
    return Search(sought, known).run();
}

std::vector<Candidate> in_order(const Location& location, std::uint64_t random) {
    Draw draw(random);
    std::vector<Candidate> out;
    for (auto first = location.begin(); first != location.end();) {
        std::vector<const ServiceHost*> rank;
        auto next = first;
        for (; next != location.end() && next->rank == first->rank; ++next)
            rank.push_back(&*next);
        // Weight 0 first, as RFC 2782 has it; then by content, so that DNS's order says nothing.
        std::ranges::sort(rank, [](const ServiceHost* a, const ServiceHost* b) {
            return std::tie(a->weight, a->port, a->addresses) <
                   std::tie(b->weight, b->port, b->addresses);
        });
        while (!rank.empty()) {
            const auto drawn = static_cast<std::ptrdiff_t>(draw_position(rank, draw));
            add_addresses(*rank[static_cast<std::size_t>(drawn)], draw, out);
            rank.erase(rank.begin() + drawn);
        }
        first = next;
    }
    return out;
}

} // namespace roundabout::sip
