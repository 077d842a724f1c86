#include "crypto/siv.hpp"

#include <openssl/crypto.h>

#include <cstring>

namespace roundabout::crypto {
namespace {

std::string_view view(const Block& block) noexcept {
    return {reinterpret_cast<const char*>(block.data()), block.size()};
}

/// §2.4: a text shorter than a block is filled up to one.
Block padded(std::string_view text) noexcept {
    Block block{};
    if (!text.empty())
        std::memcpy(block.data(), text.data(), text.size());
    block[text.size()] = 0x80;
    return block;
}

} // namespace

Result<Siv> Siv::make(const SivKey& key) {
    const std::span<const std::uint8_t, 32> halves(key);
    Result<Cmac> mac = Cmac::make(halves.first<16>());
    Result<Aes128> cipher = Aes128::make(Aes128::Mode::ecb, halves.last<16>());
    if (!mac || !cipher)
        return Error::key_unusable;
    const Result<Block> of_zeros = mac->of(view(Block{}));
    if (!of_zeros)
        return Error::key_unusable;
    return Siv(std::move(*mac), std::move(*cipher), doubled(*of_zeros));
}

Result<Siv::About> Siv::about(std::string_view associated) {
    const Result<Block> mac = mac_.of(associated);
    if (!mac)
        return mac.error();
    About about{begun_};
    add(about.sum, *mac);
    return about;
}

Result<Block> Siv::synthetic_iv(const About& about, std::string_view plain) {
    if (plain.size() >= block_size)
        return mac_.of_ending(plain, about.sum);
    Block last = doubled(about.sum);
    add(last, padded(plain));
    return mac_.of(view(last));
}

bool Siv::add_key_stream(const Block& iv, std::span<char> text) {
    // §2.5 clears two bits, so that no 32-bit counter would run over; nor does a 64-bit one.
    const std::uint64_t first = load_big(iv.data() + 8) & 0x7FFF'FFFF'7FFF'FFFFU;
    const std::size_t count = (text.size() + block_size - 1) / block_size;
    if (scratch_.size() < count)
        scratch_.resize(count);
    for (std::size_t i = 0; i < count; ++i) {
        scratch_[i] = iv;
        store_big(first + i, scratch_[i].data() + 8);
    }
    if (!cipher_.encrypt({scratch_.data(), count}))
        return false;
    add(text, scratch_.data());
    return true;
}

Result<void> Siv::seal(const About& about, std::span<char> text) {
    const std::span<char> plain = text.subspan(overhead);
    const Result<Block> iv = synthetic_iv(about, {plain.data(), plain.size()});
    if (!iv)
        return iv.error();
    std::memcpy(text.data(), iv->data(), overhead);
    if (!add_key_stream(*iv, plain))
        return Error::key_unusable;
    return {};
}

Result<std::string_view> Siv::open(const About& about, std::span<char> sealed) {
    if (sealed.size() <= overhead)
        return Error::token_malformed;
    Block claimed;
    std::memcpy(claimed.data(), sealed.data(), claimed.size());
    const std::span<char> text = sealed.subspan(overhead);
    const std::string_view plain(text.data(), text.size());
    if (!add_key_stream(claimed, text))
        return Error::token_forged;
    const Result<Block> iv = synthetic_iv(about, plain);
    if (!iv || ::CRYPTO_memcmp(iv->data(), claimed.data(), claimed.size()) != 0)
        return Error::token_forged;
    return plain;
}

} // namespace roundabout::crypto
