#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace roundabout::registration {

/// Strings that very many bindings share (server, listener, User-Agent), each kept once for as long
/// as somebody uses it. Not locked by itself.
class StringPool {
  public:
    using Ref = std::uint32_t;

    /// The reference to that text, made if need be; each call is one use.
    Ref use(std::string_view text);
    /// Ends one use of a reference.
    void release(Ref ref);
    /// Valid until its last use ends.
    [[nodiscard]] std::string_view text(Ref ref) const noexcept { return entries_[ref].text; }

    /// How many different texts are in use.
    [[nodiscard]] std::size_t size() const noexcept { return refs_.size(); }

  private:
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const noexcept {
            return std::hash<std::string_view>{}(text);
        }
    };
    struct Entry {
        std::string_view text; ///< into the key in refs_
        std::uint32_t uses = 0;
    };

    std::unordered_map<std::string, Ref, Hash, std::equal_to<>> refs_;
    std::vector<Entry> entries_;
    std::vector<Ref> free_;
};

} // namespace roundabout::registration
