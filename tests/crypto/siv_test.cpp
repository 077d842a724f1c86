#include "crypto/siv.hpp"

#include <doctest/doctest.h>

using namespace roundabout;
using namespace roundabout::crypto;

namespace {

// RFC 5297 Appendix A.1.
constexpr SivKey rfc_key{0xff, 0xfe, 0xfd, 0xfc, 0xfb, 0xfa, 0xf9, 0xf8, 0xf7, 0xf6, 0xf5,
                         0xf4, 0xf3, 0xf2, 0xf1, 0xf0, 0xf0, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5,
                         0xf6, 0xf7, 0xf8, 0xf9, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe, 0xff};

std::string unhex(std::string_view hex) {
    std::string out;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
        out.push_back(static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
    return out;
}

} // namespace

TEST_CASE("SIV: the deterministic example of RFC 5297 A.1") {
    Siv siv = *Siv::make(rfc_key);
    const std::string associated = unhex("101112131415161718191a1b1c1d1e1f2021222324252627");
    const std::string plain = unhex("112233445566778899aabbccddee");
    const std::string sealed =
        unhex("85632d07c6e8f37f950acd320a2ecc9340c02b9690c4dc04daef7f6afe5c");
    CHECK(*siv.seal(associated, plain) == sealed);
    CHECK(*siv.open(associated, sealed) == plain);
}

TEST_CASE("SIV: the same input gives the same output however often the context was used") {
    Siv siv = *Siv::make(rfc_key);
    const std::string first = *siv.seal("call-id", "contents");
    CHECK(*siv.seal("another", "something else") != first);
    CHECK(*siv.open("call-id", first) == "contents");
    CHECK(*siv.seal("call-id", "contents") == first);
}

TEST_CASE("SIV: any changed bit, other associated data or another key is a forgery") {
    Siv siv = *Siv::make(rfc_key);
    const std::string sealed = *siv.seal("call-id", "contents");
    for (std::size_t i = 0; i < sealed.size() * 8; ++i) {
        std::string changed = sealed;
        changed[i / 8] = static_cast<char>(changed[i / 8] ^ (1 << (i % 8)));
        CHECK(to_error(siv.open("call-id", changed).error()) == Error::token_forged);
    }
    CHECK_FALSE(siv.open("call-ie", sealed).has_value());
    SivKey other = rfc_key;
    other[31] = 0;
    CHECK_FALSE(Siv::make(other)->open("call-id", sealed).has_value());
    CHECK(*siv.open("call-id", sealed) == "contents");
    CHECK_FALSE(siv.open("call-id", "").has_value());
    CHECK_FALSE(siv.open("call-id", sealed.substr(0, 16)).has_value());
}
