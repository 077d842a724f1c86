#include "transport/utf8.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <string_view>

using roundabout::transport::is_utf8;

TEST_CASE("ASCII and well-formed characters of two to four bytes are UTF-8") {
    CHECK(is_utf8(""));
    CHECK(is_utf8("INVITE sip:bob@example.com SIP/2.0\r\n"));
    CHECK(is_utf8("J\xC3\xBCrgen \xE2\x82\xAC \xF0\x9F\x93\x9E 12345678"));
    CHECK(is_utf8("\xED\x9F\xBF\xEE\x80\x80\xF4\x8F\xBF\xBF"));
    CHECK(is_utf8(std::string_view("\0", 1)));
}

TEST_CASE("What RFC 3629 excludes is not UTF-8, wherever it stands") {
    const auto wrong = std::to_array<std::string_view>({
        "\x80",             // a tail without a head
        "\xC3",             // a head without its tail
        "\xC3(",            //
        "\xC0\xAF",         // overlong
        "\xE0\x80\xAF",     //
        "\xF0\x80\x80\xAF", //
        "\xED\xA0\x80",     // surrogate
        "\xF4\x90\x80\x80", // beyond U+10FFFF
        "\xF5\x80\x80\x80", //
        "\xFF",             //
        "\xE2\x82",         // cut off
        "\xF0\x9F\x93",     //
    });
    for (const std::string_view bytes : wrong) {
        for (std::size_t before = 0; before < 10; ++before) {
            const std::string text = std::string(before, 'a') + std::string(bytes);
            CAPTURE(text);
            CHECK_FALSE(is_utf8(text));
            if (bytes != "\xC3" && bytes != "\xE2\x82" && bytes != "\xF0\x9F\x93")
                CHECK_FALSE(is_utf8(text + "aaaaaaaaa"));
        }
    }
    CHECK_FALSE(is_utf8("\xE2\x82"
                        "a"));
}
