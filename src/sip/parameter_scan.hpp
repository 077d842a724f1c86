#pragma once

#include <string_view>

namespace roundabout::sip {

/// What one walk over the parameters of a header value finds. Inside this room only.
struct ParameterScan {
    bool well_formed = false;     ///< as Parameters::well_formed()
    std::string_view wanted = ""; ///< as Parameters::find(); empty if absent
};
/// `text` as Parameters has it. O(text).
[[nodiscard]] ParameterScan scan_parameters(std::string_view text,
                                            std::string_view wanted) noexcept;

} // namespace roundabout::sip
