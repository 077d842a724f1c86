#pragma once

#include "sip/header_id.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace roundabout::test {

/// Numbers that a seed fixes (SplitMix64), so that a failing case can be made again.
class Random {
  public:
    explicit Random(std::uint64_t seed) noexcept
        : state_(seed) {}

    std::uint64_t next() noexcept;
    /// From 0 to before `limit`, which is not 0.
    std::size_t below(std::size_t limit) noexcept { return next() % limit; }
    bool one_in(std::size_t count) noexcept { return below(count) == 0; }
    template <class Choices>
    const auto& pick(const Choices& choices) noexcept {
        return choices[below(choices.size())];
    }

  private:
    std::uint64_t state_;
};

/// One value of a header row in the pieces that edits can tell apart.
struct RandomValue {
    std::string before; ///< up to the URI, or all of a value that has none
    std::string uri;
    std::string after;
    bool bracketed = true;
    std::vector<std::string> parameters; ///< of a Via, each with its ';'

    [[nodiscard]] std::string text() const;
};

struct RandomRow {
    sip::HeaderId id = sip::HeaderId::other;
    std::string name;  ///< full, compact or in odd case
    std::string colon; ///< with the white space around it
    std::vector<RandomValue> values;
    std::vector<std::string> separators; ///< one fewer than values
    std::string tail;                    ///< white space before the CRLF

    [[nodiscard]] std::string text() const; ///< with the CRLF
};

/// A valid message in pieces, so that a test can say what edits must make of it without parsing.
struct RandomMessage {
    bool request = true;
    std::string method; ///< also of a response: in its CSeq
    std::string uri;
    unsigned status = 0;
    std::string reason;
    std::vector<RandomRow> rows; ///< in any order, but Vias, Routes and so on in theirs
    std::string body;
    std::string excess; ///< beyond Content-Length; only where there is one

    [[nodiscard]] std::string start_line() const; ///< with the CRLF
    [[nodiscard]] std::string text() const;
    [[nodiscard]] bool has(sip::HeaderId id) const;
};

/// A request or response with folded, compact, comma-joined, huge and unknown rows, quoted commas,
/// UTF-8 and a binary or multipart body. `with_length` false: a Content-Length may be missing and
/// there may be excess, as in a datagram; true: as on a stream.
[[nodiscard]] RandomMessage random_message(Random& random, bool with_length);

} // namespace roundabout::test
