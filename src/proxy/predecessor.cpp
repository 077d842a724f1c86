#include "proxy/predecessor.hpp"

#include "transport/descriptor_passing.hpp"

#include <cerrno>
#include <utility>

namespace roundabout::proxy {

using transaction::fsm::ServerKey;

Predecessor::Predecessor(transport::Descriptor link, const transport::KeysUnderWay& keys)
    : link_(std::move(link))
    , secret_(keys.secret)
    , keys_(keys.hashes.begin(), keys.hashes.end()) {}

bool Predecessor::has(const ServerKey& key) const {
    return keys_.contains(transaction::fsm::KeyHash(secret_)(key));
}

bool Predecessor::take_request(const transport::Inbound& inbound) {
    if (!is_there() || keys_.empty() || is_reliable(inbound.flow.transport))
        return false;
    const bool cancels = inbound.message.method() == sip::Method::cancel;
    const auto key = ServerKey::of(inbound.message);
    const auto cancelled = cancels ? ServerKey::of_cancelled(inbound.message) : key;
    if (!(key && has(*key)) && !(cancelled && has(*cancelled)))
        return false;
    return pass(inbound);
}

bool Predecessor::take_response(const transport::Inbound& inbound) {
    return is_there() && pass(inbound);
}

/// What it takes too slowly is dealt with here: as after a restart, where nobody knows of it.
bool Predecessor::pass(const transport::Inbound& inbound) {
    const transport::PassedMessage message{inbound.flow.transport, inbound.flow.local,
                                           inbound.flow.remote,
                                           std::string(inbound.message.bytes())};
    if (!transport::send_record(link_.get(), transport::to_frame(message))) {
        if (errno == EPIPE || errno == ECONNRESET)
            there_ = false;
        return false;
    }
    ++passed_;
    return true;
}

} // namespace roundabout::proxy
