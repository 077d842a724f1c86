#pragma once

#include "support/random_message.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace roundabout::test {

/// What edits must make of a message, worked out on its pieces. Plain and slow: the measure for
/// the splices of sip/edits.hpp.
class EditModel {
  public:
    explicit EditModel(const RandomMessage& message);

    void set_request_uri(std::string_view uri) { message_.uri = uri; }
    void set_status(unsigned status, std::string_view reason);
    void decrement_max_forwards();
    void prepend(sip::HeaderId id, std::string_view value);
    void append(sip::HeaderId id, std::string_view value);
    void remove_first_value(sip::HeaderId id);
    void remove_last_value(sip::HeaderId id);
    void remove_all(sip::HeaderId id);
    void stamp_top_via(std::string_view received, std::uint16_t port);
    /// Of the header's values over all rows, by position as received.
    void replace_uri(sip::HeaderId id, std::size_t position, std::string_view uri);

    [[nodiscard]] std::string apply(bool add_content_length) const;

  private:
    struct Slot {
        std::string above; ///< rows inserted here
        bool removed = false;
        std::size_t taken_first = 0;
        std::size_t taken_last = 0;
    };

    [[nodiscard]] std::string left_of(std::size_t row) const;

    RandomMessage message_;
    bool had_length_;
    std::vector<Slot> slots_; ///< one a row
    std::string appended_;
};

} // namespace roundabout::test
