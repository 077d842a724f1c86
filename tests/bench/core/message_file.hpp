#pragma once

#include <string>
#include <string_view>

namespace roundabout::bench {

/// A message of tests/bench/messages as it goes over the wire: the `number`th of its kind, made
/// with regard to `about`, the message that it answers or whose dialog it belongs to. Between two
/// `@` stands what is put in: `n` the number; `length` the body's; `contact`, `via`: what is given
/// here; `target` the URI in the Contact of `about`; `to` its To value; `Route` the route set that
/// its Record-Routes make for who called; any other name, all its rows of that name.
/// O(size) for each.
struct MessageFile {
    explicit MessageFile(std::string_view name);

    [[nodiscard]] std::string fill(int number, std::string_view about = {}) const;

    std::string text;
    std::string contact;
    std::string via;
};

} // namespace roundabout::bench
