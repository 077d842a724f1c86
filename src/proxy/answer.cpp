#include "proxy/answer.hpp"

#include "base/siphash.hpp"
#include "crypto/encoding.hpp"
#include "sip/response.hpp"
#include "sip/values.hpp"

namespace roundabout::proxy {
namespace {

std::string tag_for(const sip::Message& request, const HashKey& key) {
    SipHash hash(key);
    hash.field(sip::call_id(request));
    if (const auto via = sip::top_via(request))
        hash.field(via->branch());
    if (const auto from = sip::from(request))
        hash.field(from->tag());
    const std::uint64_t word = hash.finish();
    return crypto::to_base32({reinterpret_cast<const char*>(&word), sizeof word});
}

} // namespace

std::string own_response(const sip::Message& request, const Flow& flow, std::uint16_t status,
                         std::string_view headers, const routing::KeyRing& keys) {
    const std::string tag = tag_for(request, keys.front().tag);
    const std::string received = flow.remote.address.to_string();
    sip::ResponseParts parts;
    parts.status = status;
    parts.to_tag = tag;
    parts.headers = headers;
    parts.received = received;
    parts.rport = flow.remote.port;
    return sip::make_response(request, parts);
}

std::uint16_t listener_tag(const Flow& flow, const Snapshot& snapshot) noexcept {
    return flow.listener < snapshot.listener_hashes.size()
               ? static_cast<std::uint16_t>(snapshot.listener_hashes[flow.listener])
               : std::uint16_t{0};
}

} // namespace roundabout::proxy
