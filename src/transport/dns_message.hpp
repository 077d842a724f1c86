#pragma once

#include "base/dns_records.hpp"
#include "base/result.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>

namespace roundabout::transport {

/// What DNS said about one question, and for how long that counts. No records: there are none.
struct DnsAnswer {
    DnsRecords records;
    std::chrono::seconds ttl{0}; ///< the shortest of all records that led there
};

/// Reads the answer to an SRV or NAPTR question from a whole DNS message (RFC 1035 §4). Only
/// records of the question's name count, or of the name that its CNAMEs lead to: an answer has
/// nothing to say about anybody else. Without such a record the TTL is that of the SOA record
/// (RFC 2308 §5), or 0 where there is none. Pointer loops, lengths that lead outside and names that
/// are too long make the message bad; text that can't be part of a name of ours (a NUL, a dot
/// within a label) leaves that record out. Error: resolve_failed. O(size), at most `most_records`.
[[nodiscard]] Result<DnsAnswer> read_dns_answer(std::span<const std::uint8_t> message,
                                                const DnsQuestion& question);

/// Records of a message that are looked at; the rest is passed over.
inline constexpr std::size_t most_records = 256;

} // namespace roundabout::transport
