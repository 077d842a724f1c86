#include "base/ascii.hpp"
#include "sip/header_id.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <string_view>

using namespace roundabout;
using namespace roundabout::sip;

namespace {

constexpr int last_id = static_cast<int>(HeaderId::retry_after);

} // namespace

TEST_CASE("R37 header names: each full name is found in any case and written as the RFC does") {
    for (int i = 1; i <= last_id; ++i) {
        const auto id = static_cast<HeaderId>(i);
        const std::string full(name(id));
        CAPTURE(full);
        REQUIRE_FALSE(full.empty());
        CHECK(parse_header_id(full) == id);
        CHECK(parse_header_id(ascii::to_lower(full)) == id);
        std::string shouted = full;
        for (char& c : shouted)
            c = ascii::is_alpha(c) ? static_cast<char>(ascii::lower(c) - 'a' + 'A') : c;
        CHECK(parse_header_id(shouted) == id);
    }
    CHECK(name(HeaderId::www_authenticate) == "WWW-Authenticate");
    CHECK(name(HeaderId::cseq) == "CSeq");
    CHECK(name(HeaderId::other).empty());
}

TEST_CASE("header names: one letter less or more, or another, is another header") {
    for (int i = 1; i <= last_id; ++i) {
        const std::string full(name(static_cast<HeaderId>(i)));
        CAPTURE(full);
        CHECK(parse_header_id(full + "x") == HeaderId::other);
        CHECK(parse_header_id(full.substr(1)) == HeaderId::other);
        for (std::size_t at = 0; at < full.size(); ++at) {
            std::string other = full;
            other[at] = '_';
            CHECK(parse_header_id(other) == HeaderId::other);
        }
    }
    CHECK(parse_header_id("") == HeaderId::other);
    CHECK(parse_header_id("C%6Fntact") == HeaderId::other);
    CHECK(parse_header_id("A-Header-Name-Longer-Than-Any-Of-Ours") == HeaderId::other);
}

TEST_CASE("R37 header names: compact forms of our header fields, and of no others") {
    constexpr std::string_view letters = "vftimlkc";
    constexpr std::array ids = {
        HeaderId::via,     HeaderId::from,           HeaderId::to,        HeaderId::call_id,
        HeaderId::contact, HeaderId::content_length, HeaderId::supported, HeaderId::content_type};

    for (char letter = 'a'; letter <= 'z'; ++letter) {
        const std::size_t place = letters.find(letter);
        const HeaderId expected = place == std::string_view::npos ? HeaderId::other : ids.at(place);
        const char upper = static_cast<char>(letter - 'a' + 'A');
        CAPTURE(letter);
        CHECK(parse_header_id({&letter, 1}) == expected);
        CHECK(parse_header_id({&upper, 1}) == expected);
    }
}
