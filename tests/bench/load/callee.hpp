#pragma once

#include "bench/load/link.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace roundabout::load {

/// Answers every INVITE with 100, 180 and 200 at once, every BYE with 200, and as a registrar every
/// REGISTER with what it asks for. An INVITE for `ringing_user` rings for ever.
class Callee {
  public:
    static constexpr std::string_view ringing_user = "ringing";

    /// `contact`: the URI by which it is reached.
    Callee(std::string contact, std::string body)
        : contact_(std::move(contact))
        , body_(std::move(body)) {}

    void take(Link& link, std::string_view message);

    [[nodiscard]] std::uint64_t acked() const noexcept { return acked_; }

  private:
    std::string contact_;
    std::string body_;
    std::uint64_t acked_ = 0;
};

} // namespace roundabout::load
