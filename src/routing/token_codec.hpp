#pragma once

#include "base/result.hpp"
#include "routing/tokens.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace roundabout::routing {

// The bytes inside a sealed token. Small numbers as base-128 varints: a rewritten Contact has to
// stay within 255 characters.

void write_number(std::string& out, std::uint64_t number);
void write_place(std::string& out, const Place& place);

/// Reads what the writers wrote; after a failure every further read fails.
class TokenReader {
  public:
    explicit TokenReader(std::string_view bytes) noexcept
        : rest_(bytes) {}

    [[nodiscard]] std::uint64_t number() noexcept;
    [[nodiscard]] std::string_view take(std::size_t size) noexcept;
    [[nodiscard]] Place place();
    [[nodiscard]] std::string_view rest() const noexcept { return rest_; }
    [[nodiscard]] bool failed() const noexcept { return failed_; }

  private:
    [[nodiscard]] IpAddress address() noexcept;
    [[nodiscard]] Transport transport() noexcept;
    [[nodiscard]] ClientPlace client(std::uint8_t shape);

    std::string_view rest_;
    bool failed_ = false;
};

} // namespace roundabout::routing
