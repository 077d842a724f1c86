#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace roundabout::proxy {

/// What is to be done because of one response of one branch (RFC 3261 §16.7).
struct Choice {
    bool forward = false;            ///< this response goes upstream at once
    bool cancel_others = false;      ///< the branches still pending are to be cancelled (step 10)
    std::optional<std::size_t> best; ///< every branch has ended: this one's final response goes up
};

/// Chooses among the responses of the branches of one request (RFC 3261 §16.7 steps 4 to 6 and 10).
/// Knows status codes only; the caller keeps the responses.
class ResponseChoice {
  public:
    ResponseChoice(bool invite, std::size_t branches)
        : final_(branches)
        , invite_(invite) {}

    /// A response of `branch`; for a branch that failed, the status that stands for it.
    Choice take(std::size_t branch, std::uint16_t status);

    /// One more target found while the others are under way.
    void add_branch() { final_.emplace_back(); }

    [[nodiscard]] bool answered() const noexcept { return answered_; }
    [[nodiscard]] bool is_final(std::size_t branch) const noexcept { return final_[branch] != 0; }

  private:
    [[nodiscard]] std::optional<std::size_t> best() const noexcept;

    std::vector<std::uint16_t> final_; ///< 0: pending
    bool invite_;
    bool answered_ = false; ///< a final response has gone upstream
};

} // namespace roundabout::proxy
