#include "crypto/siv.hpp"

#include <openssl/crypto.h>

#include <cstring>

namespace roundabout::crypto {
namespace {

constexpr std::size_t block_size = std::tuple_size_v<Block>;

std::string_view view(const Block& block) noexcept {
    return {reinterpret_cast<const char*>(block.data()), block.size()};
}

/// The last 16 bytes of `text`, which has as many, take `block` in (§2.4: xorend).
void add_at_end(std::string& text, const Block& block) noexcept {
    const std::size_t at = text.size() - block.size();
    for (std::size_t i = 0; i < block.size(); ++i)
        text[at + i] = static_cast<char>(text[at + i] ^ block[i]);
}

/// §2.4: a text shorter than a block is filled up to one.
Block padded(std::string_view text) noexcept {
    Block block{};
    if (!text.empty())
        std::memcpy(block.data(), text.data(), text.size());
    block[text.size()] = 0x80;
    return block;
}

void count_up(Block& counter) noexcept {
    for (std::size_t i = counter.size(); i-- > 0 && ++counter[i] == 0;) {
    }
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
    return Siv(std::move(*mac), std::move(*cipher), *of_zeros);
}

Result<Block> Siv::synthetic_iv(std::string_view associated, std::string_view plain) {
    const Result<Block> mac = mac_.of(associated);
    if (!mac)
        return mac.error();
    Block sum = doubled(of_zeros_);
    add(sum, *mac);
    if (plain.size() >= block_size) {
        std::string text(plain);
        add_at_end(text, sum);
        return mac_.of(text);
    }
    sum = doubled(sum);
    add(sum, padded(plain));
    return mac_.of(view(sum));
}

bool Siv::add_key_stream(const Block& iv, std::span<char> text) {
    Block counter = iv;
    counter[8] &= 0x7F; // so that no 32-bit counter would run over (§2.5)
    counter[12] &= 0x7F;
    scratch_.resize((text.size() + block_size - 1) / block_size);
    for (Block& block : scratch_) {
        block = counter;
        count_up(counter);
    }
    if (!cipher_.encrypt(scratch_))
        return false;
    for (std::size_t i = 0; i < text.size(); ++i)
        text[i] = static_cast<char>(text[i] ^ scratch_[i / block_size][i % block_size]);
    return true;
}

Result<std::string> Siv::seal(std::string_view associated, std::string_view plain) {
    const Result<Block> iv = synthetic_iv(associated, plain);
    if (!iv)
        return iv.error();
    std::string out;
    out.reserve(overhead + plain.size());
    out.append(view(*iv)).append(plain);
    if (!add_key_stream(*iv, std::span(out).subspan(overhead)))
        return Error::key_unusable;
    return out;
}

Result<std::string> Siv::open(std::string_view associated, std::string_view sealed) {
    if (sealed.size() <= overhead)
        return Error::token_malformed;
    Block claimed;
    std::memcpy(claimed.data(), sealed.data(), claimed.size());
    std::string out(sealed.substr(overhead));
    if (!add_key_stream(claimed, out))
        return Error::token_forged;
    const Result<Block> iv = synthetic_iv(associated, out);
    if (!iv || ::CRYPTO_memcmp(iv->data(), claimed.data(), claimed.size()) != 0)
        return Error::token_forged;
    return out;
}

} // namespace roundabout::crypto
