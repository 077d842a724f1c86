#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace roundabout::transport::testing {

/// A DNS message, written a piece at a time, right or wrong.
class DnsReply {
  public:
    static constexpr std::uint16_t cname = 5, soa = 6, srv_type = 33, naptr_type = 35;

    /// An answer to a question of that name and type.
    DnsReply(std::string_view question, std::uint16_t type) {
        word(0x1234).word(0x8180).word(1).word(0).word(0).word(0);
        name(question).word(type).word(1);
    }
    /// An answer to that query, with its question.
    explicit DnsReply(const std::vector<std::uint8_t>& query) {
        std::size_t end = 12;
        while (end < query.size() && query[end] != 0)
            end += query[end] + std::size_t{1};
        bytes.assign(query.begin(), query.begin() + static_cast<std::ptrdiff_t>(end + 5));
        flags(0x8180).count(3, 0).count(4, 0).count(5, 0);
    }

    DnsReply& flags(std::uint16_t bits) {
        bytes[2] = static_cast<std::uint8_t>(bits >> 8U);
        bytes[3] = static_cast<std::uint8_t>(bits);
        return *this;
    }
    /// The count in the header's word of that number: 3 answers, 4 authorities, 5 additional.
    DnsReply& count(std::size_t which, std::uint16_t number) {
        bytes[which * 2] = static_cast<std::uint8_t>(number >> 8U);
        bytes[which * 2 + 1] = static_cast<std::uint8_t>(number);
        return *this;
    }
    DnsReply& word(std::uint16_t number) {
        bytes.push_back(static_cast<std::uint8_t>(number >> 8U));
        bytes.push_back(static_cast<std::uint8_t>(number));
        return *this;
    }
    /// Labels between dots; empty: the root.
    DnsReply& name(std::string_view text) {
        while (!text.empty()) {
            const std::string_view label = text.substr(0, text.find('.'));
            string(label);
            text.remove_prefix(std::min(text.size(), label.size() + 1));
        }
        bytes.push_back(0);
        return *this;
    }
    DnsReply& string(std::string_view text) {
        bytes.push_back(static_cast<std::uint8_t>(text.size()));
        bytes.insert(bytes.end(), text.begin(), text.end());
        return *this;
    }
    /// A record of the answer section with these contents.
    DnsReply& record(std::string_view owner, std::uint16_t type, std::uint32_t ttl,
                     const std::vector<std::uint8_t>& contents, std::size_t section = 3) {
        count(section, static_cast<std::uint16_t>(bytes[section * 2 + 1] + 1));
        name(owner).word(type).word(1);
        word(static_cast<std::uint16_t>(ttl >> 16U)).word(static_cast<std::uint16_t>(ttl));
        word(static_cast<std::uint16_t>(contents.size()));
        bytes.insert(bytes.end(), contents.begin(), contents.end());
        return *this;
    }
    DnsReply& srv(std::string_view owner, std::uint32_t ttl, std::uint16_t priority,
                  std::uint16_t weight, std::uint16_t port, std::string_view target) {
        return record(owner, srv_type, ttl, piece([&](DnsReply& to) {
                          to.word(priority).word(weight).word(port).name(target);
                      }));
    }
    DnsReply& naptr(std::string_view owner, std::uint32_t ttl, std::uint16_t order,
                    std::uint16_t preference, std::string_view service,
                    std::string_view replacement) {
        return record(owner, naptr_type, ttl, piece([&](DnsReply& to) {
                          to.word(order).word(preference).string("s").string(service).string("");
                          to.name(replacement);
                      }));
    }
    DnsReply& alias(std::string_view owner, std::uint32_t ttl, std::string_view target) {
        return record(owner, cname, ttl, piece([&](DnsReply& to) { to.name(target); }));
    }

    template <class Write>
    static std::vector<std::uint8_t> piece(Write write) {
        DnsReply part{};
        write(part);
        return std::move(part.bytes);
    }

    std::vector<std::uint8_t> bytes;

  private:
    DnsReply() = default;
};

} // namespace roundabout::transport::testing
