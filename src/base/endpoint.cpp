#include "base/endpoint.hpp"

#include "base/ascii.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <cstring>
#include <optional>
#include <span>

namespace roundabout {
namespace {

constexpr std::array<std::uint8_t, 12> mapped_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

std::string_view without_brackets(std::string_view text) noexcept {
    if (text.size() >= 2 && text.front() == '[' && text.back() == ']')
        return text.substr(1, text.size() - 2);
    return text;
}

/// "192.0.2.1" into `text`, which must have room; gives its end.
char* write_dotted(std::span<const std::uint8_t, 4> bytes, std::span<char> text) noexcept {
    char* at = text.data();
    for (const std::uint8_t byte : bytes) {
        if (at != text.data())
            *at++ = '.';
        at = std::to_chars(at, text.data() + text.size(), byte).ptr;
    }
    return at;
}

/// An IPv4 address as it is nearly always written, no more laxly than inet_pton takes it, which
/// needs three times as long. Where this gives nothing, inet_pton has the last word.
std::optional<std::array<std::uint8_t, 4>> read_dotted(std::string_view text) noexcept {
    std::array<std::uint8_t, 4> bytes{};
    std::size_t at = 0;
    unsigned number = 0;
    bool begun = false;
    for (const char c : text) {
        if (ascii::is_digit(c)) {
            const bool leading_zero = begun && number == 0;
            number = number * 10 + static_cast<unsigned>(c - '0');
            if (leading_zero || number > 255)
                return std::nullopt;
            begun = true;
            bytes[at] = static_cast<std::uint8_t>(number);
        } else if (c == '.' && begun && at < 3) {
            ++at;
            number = 0;
            begun = false;
        } else {
            return std::nullopt;
        }
    }
    return begun && at == 3 ? std::optional(bytes) : std::nullopt;
}

/// Neither kind of address begins with anything else.
bool may_begin_address(char c) noexcept {
    return ascii::is_digit(c) || c == ':' || (ascii::lower(c) >= 'a' && ascii::lower(c) <= 'f');
}

} // namespace

IpAddress IpAddress::v4(std::array<std::uint8_t, 4> bytes) noexcept {
    IpAddress address;
    std::ranges::copy(bytes, address.bytes_.begin());
    return address;
}

IpAddress IpAddress::v6(std::array<std::uint8_t, 16> bytes) noexcept {
    if (std::equal(mapped_prefix.begin(), mapped_prefix.end(), bytes.begin()))
        return v4({bytes[12], bytes[13], bytes[14], bytes[15]});
    IpAddress address;
    address.bytes_ = bytes;
    address.v6_ = true;
    return address;
}

Result<IpAddress> IpAddress::parse(std::string_view text) noexcept {
    const bool bracketed = !text.empty() && text.front() == '[';
    const std::string_view bare = without_brackets(text);
    if (bare.empty() || bare.size() >= INET6_ADDRSTRLEN || !may_begin_address(bare.front()))
        return Error::bad_address;
    if (!bracketed) {
        if (const auto four = read_dotted(bare))
            return v4(*four);
    }
    std::array<char, INET6_ADDRSTRLEN> terminated{};
    std::ranges::copy(bare, terminated.begin());
    std::array<std::uint8_t, 4> four{};
    if (!bracketed && ::inet_pton(AF_INET, terminated.data(), four.data()) == 1)
        return v4(four);
    std::array<std::uint8_t, 16> sixteen{};
    if (::inet_pton(AF_INET6, terminated.data(), sixteen.data()) == 1)
        return v6(sixteen);
    return Error::bad_address;
}

bool IpAddress::is_unspecified() const noexcept {
    return std::ranges::all_of(bytes_, [](std::uint8_t byte) { return byte == 0; });
}

bool IpAddress::is_loopback() const noexcept {
    if (!v6_)
        return bytes_[0] == 127;
    return bytes_[15] == 1 && std::all_of(bytes_.begin(), bytes_.begin() + 15,
                                          [](std::uint8_t byte) { return byte == 0; });
}

std::string IpAddress::to_string() const {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (!v6_) // every Via and token has one: the C library prints it by way of sprintf
        return {text.data(), write_dotted(std::span(bytes_).first<4>(), text)};
    ::inet_ntop(AF_INET6, bytes_.data(), text.data(), text.size());
    return text.data();
}

std::string IpAddress::to_host() const { return v6_ ? "[" + to_string() + "]" : to_string(); }

std::string Endpoint::to_string() const { return address.to_host() + ":" + std::to_string(port); }

Result<Endpoint> Endpoint::parse(std::string_view text) noexcept {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos)
        return Error::bad_port;
    const auto port = ascii::to_number<std::uint16_t>(text.substr(colon + 1));
    if (!port)
        return Error::bad_port;
    const std::string_view host = text.substr(0, colon);
    const bool bare_v6 = host.find(':') != std::string_view::npos && host.front() != '[';
    if (bare_v6)
        return Error::bad_address;
    const Result<IpAddress> address = IpAddress::parse(host);
    if (!address)
        return address.error();
    return Endpoint{*address, *port};
}

Result<Network> Network::parse(std::string_view text) noexcept {
    const std::size_t slash = text.find('/');
    const Result<IpAddress> address = IpAddress::parse(text.substr(0, slash));
    if (!address)
        return Error::bad_network;
    const auto widest = static_cast<std::uint8_t>(address->size() * 8);
    Network network;
    network.base_ = *address;
    network.prefix_ = widest;
    if (slash != std::string_view::npos) {
        const auto prefix = ascii::to_number<std::uint8_t>(text.substr(slash + 1));
        if (!prefix || *prefix > widest)
            return Error::bad_network;
        network.prefix_ = *prefix;
    }
    return network;
}

bool Network::contains(const IpAddress& address) const noexcept {
    if (address.is_v6() != base_.is_v6())
        return false;
    const std::size_t whole = prefix_ / 8;
    const unsigned rest = prefix_ % 8U;
    const auto& ours = base_.bytes();
    const auto& theirs = address.bytes();
    if (!std::equal(ours.begin(), ours.begin() + static_cast<std::ptrdiff_t>(whole),
                    theirs.begin()))
        return false;
    if (rest == 0)
        return true;
    const auto mask = static_cast<std::uint8_t>(0xFFU << (8U - rest));
    return (ours[whole] & mask) == (theirs[whole] & mask);
}

std::string Network::to_string() const { return base_.to_string() + "/" + std::to_string(prefix_); }

} // namespace roundabout

std::size_t
std::hash<roundabout::IpAddress>::operator()(const roundabout::IpAddress& address) const noexcept {
    std::array<std::uint64_t, 2> words{};
    std::memcpy(words.data(), address.bytes().data(), 16);
    const std::uint64_t mixed = (words[0] ^ (words[1] * 0x9E3779B97F4A7C15ULL)) + address.is_v6();
    return static_cast<std::size_t>(mixed ^ (mixed >> 29U));
}

std::size_t
std::hash<roundabout::Endpoint>::operator()(const roundabout::Endpoint& endpoint) const noexcept {
    const std::size_t address = std::hash<roundabout::IpAddress>{}(endpoint.address);
    return (address ^ endpoint.port) * 0x9E3779B97F4A7C15ULL;
}
