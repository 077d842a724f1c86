#include "sip/invariants.hpp"
#include "sip/parser.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

using namespace roundabout;
using namespace roundabout::sip;

/// Any bytes, in all framings: what indexing gives keeps the invariants, and the framing decides on
/// the body alone.
// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer gives the name.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string bytes(reinterpret_cast<const char*>(data), size);
    std::size_t headers_end = 0;
    bool indexed = false;
    for (const Framing framing : {Framing::datagram, Framing::stream, Framing::websocket}) {
        const Result<Message> message = index_message(bytes, framing);
        if (framing != Framing::datagram && (message.has_value() != indexed ||
                                             (indexed && message->headers_end() != headers_end))) {
            std::fputs("the framing changed more than the body\n", stderr);
            std::abort();
        }
        if (!message)
            continue;
        indexed = true;
        headers_end = message->headers_end();
        const std::string_view violated = test::violated_invariant(*message);
        if (!violated.empty()) {
            std::fprintf(stderr, "%.*s\n", static_cast<int>(violated.size()), violated.data());
            std::abort();
        }
    }
    return 0;
}
