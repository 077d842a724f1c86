// Any line is a request or not; one that is survives being written and read again, and so does any
// line of an answer.

#include "admin/protocol.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

using namespace roundabout::admin;

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer gives the name.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view line(reinterpret_cast<const char*>(data), size);
    if (const auto request = parse_request(line)) {
        const bool widened =
            request->command == Command::purge && !request->all && request->filter.empty();
        const auto again = parse_request(to_line(*request));
        if (widened || !again || *again != *request)
            std::abort();
    } else if (request.error().empty()) {
        std::abort();
    }
    if (const auto response = parse_response(line)) {
        const auto again = parse_response(to_line(*response));
        if (!again || *again != *response)
            std::abort();
    }
    return 0;
}
