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
    bool next_group = false;         ///< all that were tried have failed: the next are to be begun
    std::optional<std::size_t> best; ///< every branch has ended: this one's final response goes up
};

/// Chooses among the responses of the branches of one request (RFC 3261 §16.7 steps 4 to 6 and 10).
/// The branches are those of the target set in its order, of which one group after another is
/// begun. Knows status codes only; the caller keeps the responses.
class ResponseChoice {
  public:
    ResponseChoice(bool invite, std::size_t branches)
        : final_(branches)
        , invite_(invite) {}

    /// The next `count` branches are waited for from now on.
    void begin(std::size_t count) noexcept { begun_ += count; }
    /// No further group is begun, whatever comes: the request is cancelled.
    void close() noexcept { closed_ = true; }

    /// A response of `branch`, which has been begun; for one that failed, the status that stands
    /// for it.
    Choice take(std::size_t branch, std::uint16_t status);

    [[nodiscard]] bool answered() const noexcept { return answered_; }
    [[nodiscard]] bool is_final(std::size_t branch) const noexcept { return final_[branch] != 0; }
    [[nodiscard]] std::size_t begun() const noexcept { return begun_; }

  private:
    void take_final(std::uint16_t status, Choice& choice);
    [[nodiscard]] std::size_t best() const noexcept;

    std::vector<std::uint16_t> final_; ///< 0: pending
    std::size_t begun_ = 0;            ///< how many of them, from the first
    bool invite_;
    bool closed_ = false;
    bool answered_ = false; ///< a final response has gone upstream
};

} // namespace roundabout::proxy
