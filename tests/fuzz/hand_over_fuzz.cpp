#include "transport/hand_over_frame.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

using namespace roundabout;

// Whatever comes: no fault, and what is understood reads the same when it is written again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view frame(reinterpret_cast<const char*>(data), size);
    if (const auto message = transport::parse_message(frame)) {
        if (transport::parse_message(transport::to_frame(*message)) != message)
            std::abort();
    }
    if (const auto keys = transport::parse_keys(frame)) {
        const auto frames = transport::to_frames(*keys);
        const auto first = transport::parse_keys(frames.front());
        if (!first || first->secret != keys->secret ||
            (frames.size() == 1 && first->hashes != keys->hashes))
            std::abort();
    }
    return 0;
}
