#include "transport/hand_over_frame.hpp"

#include <algorithm>
#include <cstring>
#include <span>

namespace roundabout::transport {
namespace {

constexpr std::size_t keys_a_frame = 4000;

bool is_of(HandOverFrame kind, std::string_view frame) noexcept {
    return !frame.empty() && frame.front() == static_cast<char>(kind);
}

/// Up to the next `end`, which is taken off as well; nothing if there is none.
std::optional<std::string_view> word(std::string_view& rest, char end) {
    const auto at = rest.find(end);
    if (at == std::string_view::npos)
        return std::nullopt;
    const std::string_view word = rest.substr(0, at);
    rest.remove_prefix(at + 1);
    return word;
}

// Both ends are the same machine: numbers are in its own byte order.
std::string to_bytes(std::span<const std::uint64_t> numbers) {
    std::string bytes(numbers.size_bytes(), '\0');
    if (!numbers.empty())
        std::memcpy(bytes.data(), numbers.data(), bytes.size());
    return bytes;
}

} // namespace

std::string to_frame(HandOverFrame kind, std::string_view rest) {
    std::string frame(1, static_cast<char>(kind));
    return frame.append(rest);
}

std::vector<std::string> to_frames(const KeysUnderWay& keys) {
    std::vector<std::string> frames;
    const std::string secret = to_bytes(keys.secret);
    std::span<const std::uint64_t> left(keys.hashes);
    do {
        const auto some = left.first(std::min(left.size(), keys_a_frame));
        frames.push_back(to_frame(HandOverFrame::keys, secret + to_bytes(some)));
        left = left.subspan(some.size());
    } while (!left.empty());
    return frames;
}

std::optional<KeysUnderWay> parse_keys(std::string_view frame) {
    KeysUnderWay keys;
    if (!is_of(HandOverFrame::keys, frame))
        return std::nullopt;
    frame.remove_prefix(1);
    if (frame.size() < sizeof keys.secret || frame.size() % sizeof(std::uint64_t) != 0)
        return std::nullopt;
    std::memcpy(keys.secret.data(), frame.data(), sizeof keys.secret);
    frame.remove_prefix(sizeof keys.secret);
    keys.hashes.resize(frame.size() / sizeof(std::uint64_t));
    if (!keys.hashes.empty())
        std::memcpy(keys.hashes.data(), frame.data(), frame.size());
    return keys;
}

std::string to_frame(const PassedMessage& message) {
    std::string head(name(message.transport));
    head += ' ' + message.local.to_string() + ' ' + message.remote.to_string() + '\n';
    return to_frame(HandOverFrame::message, head + message.bytes);
}

std::optional<PassedMessage> parse_message(std::string_view frame) {
    if (!is_of(HandOverFrame::message, frame))
        return std::nullopt;
    frame.remove_prefix(1);
    const auto transport = word(frame, ' ');
    const auto local = word(frame, ' ');
    const auto remote = word(frame, '\n');
    if (!transport || !local || !remote)
        return std::nullopt;
    const auto kind = parse_transport(*transport);
    const auto here = Endpoint::parse(*local);
    const auto there = Endpoint::parse(*remote);
    if (!kind || !here || !there)
        return std::nullopt;
    return PassedMessage{*kind, *here, *there, std::string(frame)};
}

} // namespace roundabout::transport
