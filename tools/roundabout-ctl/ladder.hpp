#pragma once

#include "admin/record.hpp"

#include <cstddef>
#include <deque>
#include <string>
#include <unordered_map>

namespace roundabout::ctl {

/// Traced messages as people read them: a call's first party on the left, the proxy as a line in
/// the middle, everybody else on the right, and under what the proxy sends on the lines that it
/// changed.
class Ladder {
  public:
    /// `full`: whole messages instead of the changes.
    explicit Ladder(bool full)
        : full_(full) {}

    /// The lines for one record of a trace: a message, or how many were lost.
    [[nodiscard]] std::string show(const admin::Record& record);

  private:
    /// Of calls and of received messages that are remembered; the oldest ones are forgotten.
    static constexpr std::size_t most = 4096;

    /// A map that forgets what came first.
    class Memory {
      public:
        [[nodiscard]] const std::string* find(const std::string& key) const;
        void put(const std::string& key, std::string value);

      private:
        std::unordered_map<std::string, std::string> values_;
        std::deque<std::string> order_;
    };

    [[nodiscard]] std::string rung(const admin::Record& message);
    [[nodiscard]] std::string changes(const admin::Record& message);

    bool full_;
    Memory left_;     ///< who stands on the left, by Call-ID
    Memory received_; ///< messages, by what stays the same when they are sent on
};

} // namespace roundabout::ctl
