// One stream, pushed at once and in pieces: the framer must say the same of both, but for the Pong
// that a ping in pieces begins with, and the parser must agree on where each message ends.

#include "sip/framer.hpp"
#include "sip/parser.hpp"
#include "support/random_message.hpp"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

using namespace roundabout;
using namespace roundabout::sip;

namespace {

void require(bool condition) {
    if (!condition)
        std::abort();
}

/// The last bytes choose limits and pieces; they stay part of the stream, so that any message is a
/// useful input.
std::uint64_t seed_of(std::string_view bytes) {
    std::uint64_t seed = 0;
    for (const char c : bytes.substr(bytes.size() - std::min<std::size_t>(bytes.size(), 4)))
        seed = seed * 256 + static_cast<unsigned char>(c);
    return seed;
}

void check_cut(const std::string& bytes) {
    const auto message = index_message(bytes, Framing::stream);
    if (!message)
        return;
    for (const auto error :
         {Error::body_short, Error::content_length_mismatch, Error::bad_content_length,
          Error::header_unfinished, Error::bare_line_feed, Error::nul_in_header})
        require(message->defect() != error);
    require(message->excess() == 0 || message->defect() == Error::too_many_headers);
}

using Words = std::vector<std::string>;

/// Asks until the framer needs more; false once it is broken.
bool drain(Framer& framer, Words& words) {
    for (;;) {
        const auto event = framer.next();
        if (std::holds_alternative<Framer::NeedMore>(event))
            return true;
        if (std::holds_alternative<Framer::Ping>(event))
            words.emplace_back("ping");
        if (const auto* cut = std::get_if<Framer::Cut>(&event)) {
            check_cut(cut->bytes);
            words.push_back("cut " + cut->bytes);
        }
        if (const auto* broken = std::get_if<Framer::Broken>(&event)) {
            words.push_back(std::string(sentence(broken->error)) + broken->head);
            require(framer.buffered() == 0);
            return false;
        }
    }
}

} // namespace

// The name is libFuzzer's. NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    test::Random random(seed_of(bytes));
    const FramerLimits limits{.header = 1 + random.below(2000), .message = 1 + random.below(4000)};

    Framer whole(limits);
    Words expected;
    whole.push(bytes);
    const bool alive = drain(whole, expected);

    Framer split(limits);
    Words words;
    bool split_alive = true;
    const std::size_t longest = 1 + random.below(100);
    for (std::size_t at = 0; at < size && split_alive;) {
        const auto piece = bytes.substr(at, 1 + random.below(longest));
        split.push(piece);
        split_alive = drain(split, words);
        at += piece.size();
    }
    require(words == expected);
    require(alive == split_alive);
    require(whole.buffered() == split.buffered());
    return 0;
}
