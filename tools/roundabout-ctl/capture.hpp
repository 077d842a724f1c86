#pragma once

#include "admin/record.hpp"
#include "base/endpoint.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace roundabout::ctl {

/// A traced message, as far as files and collectors want it.
struct Captured {
    std::int64_t micros = 0; ///< since the epoch
    Endpoint from;
    Endpoint to;
    bool reliable = false; ///< it came or went by a connection
    std::string call_id;
    std::string bytes;
};

/// Nothing for a record that is no message, or whose addresses can't be read.
[[nodiscard]] std::optional<Captured> captured(const admin::Record& record);

/// The file header of the classic capture format, of packets that begin with their IP header
/// (LINKTYPE_RAW), with times in microseconds.
[[nodiscard]] std::string pcap_header();

/// One packet record: the message as the one UDP datagram that it would have been, whatever it came
/// by. What no datagram can hold is cut, and the record says how long it was. Sums are right.
[[nodiscard]] std::string pcap_packet(const Captured& message);

/// The same in HEPv3, as HOMER's collectors take it: one datagram. `agent`: the number under which
/// the collector knows us.
[[nodiscard]] std::string hep_packet(const Captured& message, std::uint32_t agent);

} // namespace roundabout::ctl
