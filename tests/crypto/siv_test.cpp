#include "crypto/siv.hpp"

#include <doctest/doctest.h>
#include <openssl/evp.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

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

const unsigned char* bytes(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

/// By libcrypto's own AES-128-SIV.
std::string sealed_by_libcrypto(const SivKey& key, std::string_view associated,
                                std::string_view plain) {
    const std::unique_ptr<EVP_CIPHER, decltype(&::EVP_CIPHER_free)> cipher(
        ::EVP_CIPHER_fetch(nullptr, "AES-128-SIV", nullptr), &::EVP_CIPHER_free);
    const std::unique_ptr<EVP_CIPHER_CTX, decltype(&::EVP_CIPHER_CTX_free)> context(
        ::EVP_CIPHER_CTX_new(), &::EVP_CIPHER_CTX_free);
    std::string out(Siv::overhead + plain.size(), '\0');
    auto* const to = reinterpret_cast<unsigned char*>(out.data());
    int size = 0;
    REQUIRE(::EVP_EncryptInit_ex2(context.get(), cipher.get(), key.data(), nullptr, nullptr) == 1);
    REQUIRE(::EVP_EncryptUpdate(context.get(), nullptr, &size, bytes(associated),
                                static_cast<int>(associated.size())) == 1);
    REQUIRE(::EVP_EncryptUpdate(context.get(), to + Siv::overhead, &size, bytes(plain),
                                static_cast<int>(plain.size())) == 1);
    REQUIRE(::EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, Siv::overhead, to) == 1);
    return out;
}

Result<std::string> seal(Siv& siv, std::string_view associated, std::string_view plain) {
    std::string text(Siv::overhead, '\0');
    text.append(plain);
    const Result<void> done = siv.seal(*siv.about(associated), text);
    return done ? Result<std::string>(text) : done.error();
}

Result<std::string> open(Siv& siv, std::string_view associated, std::string sealed) {
    const Result<std::string_view> plain = siv.open(*siv.about(associated), sealed);
    return plain ? Result<std::string>(*plain) : plain.error();
}

} // namespace

TEST_CASE("SIV: what libcrypto's makes of texts of every size, this makes too, and opens") {
    Siv siv = *Siv::make(rfc_key);
    std::string text;
    for (int i = 0; i < 100; ++i)
        text.push_back(static_cast<char>(i * 37 + 11));
    for (std::size_t associated = 0; associated < 50; ++associated) {
        for (std::size_t plain = 1; plain < 50; ++plain) {
            const auto about = std::string_view(text).substr(0, associated);
            const auto said = std::string_view(text).substr(associated, plain);
            const std::string sealed = sealed_by_libcrypto(rfc_key, about, said);
            REQUIRE(*seal(siv, about, said) == sealed);
            REQUIRE(*open(siv, about, sealed) == said);
        }
    }
}

TEST_CASE("SIV: a counter that runs over from its lower half counts on as libcrypto's does") {
    const std::string plain(200'000, 'x'); // in 12,500 blocks
    Siv siv = *Siv::make(rfc_key);
    for (int i = 0; i < 8; ++i) {
        const std::string associated(static_cast<std::size_t>(i), 'a');
        REQUIRE(*seal(siv, associated, plain) == sealed_by_libcrypto(rfc_key, associated, plain));
    }
}

TEST_CASE("SIV: the deterministic example of RFC 5297 A.1") {
    Siv siv = *Siv::make(rfc_key);
    const std::string associated = unhex("101112131415161718191a1b1c1d1e1f2021222324252627");
    const std::string plain = unhex("112233445566778899aabbccddee");
    const std::string sealed =
        unhex("85632d07c6e8f37f950acd320a2ecc9340c02b9690c4dc04daef7f6afe5c");
    CHECK(*seal(siv, associated, plain) == sealed);
    CHECK(*open(siv, associated, sealed) == plain);
}

TEST_CASE("SIV: the same input gives the same output however often the context was used") {
    Siv siv = *Siv::make(rfc_key);
    const std::string first = *seal(siv, "call-id", "contents");
    CHECK(*seal(siv, "another", "something else") != first);
    CHECK(*open(siv, "call-id", first) == "contents");
    CHECK(*seal(siv, "call-id", "contents") == first);
}

TEST_CASE("SIV: any changed bit, other associated data or another key is a forgery") {
    Siv siv = *Siv::make(rfc_key);
    const std::string sealed = *seal(siv, "call-id", "contents");
    for (std::size_t i = 0; i < sealed.size() * 8; ++i) {
        std::string changed = sealed;
        changed[i / 8] = static_cast<char>(changed[i / 8] ^ (1 << (i % 8)));
        CHECK(to_error(open(siv, "call-id", changed).error()) == Error::token_forged);
    }
    CHECK_FALSE(open(siv, "call-ie", sealed).has_value());
    SivKey other = rfc_key;
    other[31] = 0;
    Siv others = *Siv::make(other);
    CHECK_FALSE(open(others, "call-id", sealed).has_value());
    CHECK(*open(siv, "call-id", sealed) == "contents");
    CHECK_FALSE(open(siv, "call-id", "").has_value());
    CHECK_FALSE(open(siv, "call-id", sealed.substr(0, 16)).has_value());
}

TEST_CASE("SIV: what it knows of associated data serves any number of texts, in any order") {
    Siv siv = *Siv::make(rfc_key);
    const Siv::About one = *siv.about("one");
    const Siv::About other = *siv.about("other");
    for (const std::string_view plain : {"short", "a text of more than one block", "short"}) {
        for (const auto& [about, associated] : {std::pair(one, "one"), std::pair(other, "other")}) {
            std::string text(Siv::overhead, '\0');
            text.append(plain);
            REQUIRE(siv.seal(about, text).has_value());
            CHECK(text == sealed_by_libcrypto(rfc_key, associated, plain));
            CHECK(*siv.open(about, text) == plain);
        }
    }
}
