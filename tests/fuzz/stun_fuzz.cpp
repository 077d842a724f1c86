#include "transport/stun.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

using namespace roundabout;

// Whatever comes: no fault, and an answer is a STUN message of its own that nobody answers, with
// the length it says, so that two of us can't keep each other busy.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view datagram(reinterpret_cast<const char*>(data), size);
    const Endpoint v4{IpAddress::v4({192, 0, 2, 1}), 5060};
    const Endpoint v6{IpAddress::v6({0x20, 1, 0x0d, 0xb8}), 5060};
    for (const Endpoint& source : {v4, v6}) {
        const std::string answer = transport::answer_stun(datagram, source);
        if (answer.empty())
            continue;
        const auto high = static_cast<std::uint8_t>(answer[2]);
        const auto low = static_cast<std::uint8_t>(answer[3]);
        const bool sound = transport::is_stun(answer) && answer.size() < 160 &&
                           (std::size_t{high} << 8U | low) == answer.size() - 20 &&
                           answer.substr(4, 16) == datagram.substr(4, 16) &&
                           transport::answer_stun(answer, source).empty();
        if (!sound)
            std::abort();
    }
    return 0;
}
