#pragma once

#include "base/endpoint.hpp"
#include "base/siphash.hpp"
#include "base/transport.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What a process and the one that takes its place say to each other: records over a pair of Unix
/// sockets (SOCK_SEQPACKET), the first character of each says what it is.
///
/// The older one offers: `sockets` (listening and UDP sockets beside it), `lock` (that of the
/// database beside it), `offered`. The newer one says `go` when all that it can check is checked.
/// The older one stops reading, finishes what is to be written, and says `keys` (what it still has
/// under way), then `yours`; or `refused` and goes on as before. The newer one reads from then on
/// and says `serving`; the older one leaves its other sockets and says `left`. Then each `message`
/// is one that the newer one read and that belongs to a transaction of the older one. Whoever has
/// nothing more to say closes; if the newer one does before `serving`, the older one goes on.
namespace roundabout::transport {

enum class HandOverFrame : char {
    sockets = 'S',
    lock = 'L',
    offered = 'O', ///< then the version of all this, a space, the version of the program
    go = 'G',
    keys = 'K',
    yours = 'Y',
    refused = 'R', ///< then a sentence
    serving = 'V',
    left = 'X',
    message = 'M',
};

/// What stands behind `offered`; another one is not understood.
inline constexpr std::string_view hand_over_version = "1";

/// The longest record: a datagram with what is said about it.
inline constexpr std::size_t most_hand_over_frame = 66 * 1024;

[[nodiscard]] std::string to_frame(HandOverFrame kind, std::string_view rest = {});

/// Some of the transactions that are under way: the hashes of their keys under `secret`.
struct KeysUnderWay {
    HashKey secret{};
    std::vector<std::uint64_t> hashes;

    friend bool operator==(const KeysUnderWay&, const KeysUnderWay&) = default;
};

/// As many records as it takes; one if there are no keys. O(keys).
[[nodiscard]] std::vector<std::string> to_frames(const KeysUnderWay& keys);
/// Nothing if it is no such record.
[[nodiscard]] std::optional<KeysUnderWay> parse_keys(std::string_view frame);

/// A message as it was received.
struct PassedMessage {
    Transport transport = Transport::udp;
    Endpoint local; ///< the address that it reached
    Endpoint remote;
    std::string bytes;

    friend bool operator==(const PassedMessage&, const PassedMessage&) = default;
};

[[nodiscard]] std::string to_frame(const PassedMessage& message);
/// Nothing if it is no such record.
[[nodiscard]] std::optional<PassedMessage> parse_message(std::string_view frame);

} // namespace roundabout::transport
