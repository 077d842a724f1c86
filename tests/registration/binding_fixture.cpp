#include "registration/binding_fixture.hpp"

#include "base/siphash.hpp"

#include <tuple>

namespace roundabout::test {
namespace {

auto fields(const registration::Binding& b) {
    return std::tie(b.id, b.aor, b.contact_uri, b.user, b.server, b.flow, b.listener, b.behind_nat,
                    b.keepalive, b.instance, b.reg_id, b.q, b.call_id, b.cseq, b.user_agent,
                    b.registered, b.expires, b.version, b.reachable);
}

} // namespace

registration::Binding sample_binding(std::uint32_t number) {
    registration::Binding binding;
    const std::string digits = std::to_string(number);
    for (std::size_t i = 0; i < binding.id.bytes.size(); ++i)
        binding.id.bytes[i] = static_cast<std::uint8_t>(SipHash({number, i}).field("id").finish());
    binding.aor = "sip:user" + digits + "@example.com";
    binding.contact_uri = "sip:c" + digits + "@df7jal23ls0d.invalid;transport=ws;ob";
    binding.user = "c" + digits;
    binding.server = "pbx";
    binding.flow.transport = Transport::wss;
    binding.flow.listener = 3;
    binding.flow.local = *Endpoint::parse("192.0.2.1:443");
    binding.flow.remote = Endpoint{IpAddress::v4({10, 0, static_cast<std::uint8_t>(number >> 8U),
                                                  static_cast<std::uint8_t>(number)}),
                                   static_cast<std::uint16_t>(1024 + (number % 60000))};
    binding.flow.id = {1, 2, 3, 1000 + std::uint64_t{number}};
    binding.flow.outgoing = number % 2 == 0;
    binding.listener = "wss 192.0.2.1:443";
    binding.behind_nat = number % 2 == 1;
    binding.instance = "urn:uuid:0000-" + digits;
    binding.reg_id = number + 1;
    binding.keepalive = static_cast<std::uint16_t>(number % 25);
    binding.q = static_cast<std::uint16_t>(number % 1001);
    binding.call_id = "call-" + digits;
    binding.cseq = number + 5;
    binding.user_agent = "Browser/" + std::to_string(number % 7);
    binding.registered = WallTime(std::chrono::seconds(1'600'000'000 + number));
    binding.expires = WallTime(std::chrono::seconds(1'800'000'000 + number));
    binding.version = number + 1;
    return binding;
}

registration::Binding storable_binding(std::uint32_t number) {
    registration::Binding binding = sample_binding(number);
    binding.flow.id = {};
    binding.flow.listener = no_listener;
    binding.expires = binding.registered + std::chrono::seconds(600);
    return binding;
}

bool same(const registration::Binding& a, const registration::Binding& b) {
    return fields(a) == fields(b);
}

} // namespace roundabout::test
